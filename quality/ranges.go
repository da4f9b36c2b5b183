package quality

import "time"

// Ranges are one model's counts of the predictions made in three ranges of time.
// A label counts where its prediction was made: neither the order of labels nor
// their delay changes anything.
type Ranges struct {
	Last5m     Counts // to within 5 s
	Last1h     Counts // to within a minute
	SinceStart Counts
}

// Ranges appends the ranges of all models to into, in the order in which they
// were added, and returns it. It is cheap enough for every second.
func (s *Store) Ranges(into []Ranges) []Ranges {
	now := time.Since(s.epoch)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.listed {
		into = append(into, one.ranges(now))
	}
	return into
}

// Ranges returns those of one model, also after its removal.
func (one *Series) Ranges() Ranges {
	now := time.Since(one.store.epoch)
	one.store.mu.Lock()
	defer one.store.mu.Unlock()
	return one.ranges(now)
}

func (one *Series) ranges(now time.Duration) Ranges {
	r := Ranges{Last5m: one.counts.named(), Last1h: one.counts.named(), SinceStart: one.counts}
	one.last5m.sum(int64(now/width5m), &r.Last5m)
	one.last1h.sum(int64(now/width1h), &r.Last1h)
	return r
}

// Add adds what another store counted of the same model.
func (r *Ranges) Add(other Ranges) {
	r.Last5m.Add(other.Last5m)
	r.Last1h.Add(other.Last1h)
	r.SinceStart.Add(other.SinceStart)
}

// named is a Counts of the same model in which nothing is counted.
func (c Counts) named() Counts {
	return Counts{Model: c.Model, Version: c.Version, Measure: c.Measure}
}

const (
	width5m = 5 * time.Second
	width1h = time.Minute
	buckets = 60
)

// span counts by when predictions were made, in the newest buckets.
type span [buckets]bucket

type bucket struct {
	tick                                    int64 // since the store's epoch
	predicted, labelled, correct, forgotten uint64
	absolute, squared                       float64
}

// at returns the bucket of a tick; nil where the span no longer goes back so far.
func (s *span) at(tick int64) *bucket {
	if tick < 0 {
		return nil
	}
	b := &s[tick%buckets]
	if b.tick > tick {
		return nil
	}
	if b.tick < tick {
		*b = bucket{tick: tick}
	}
	return b
}

func (s *span) sum(now int64, into *Counts) {
	for i := range s {
		b := &s[i]
		if now-b.tick >= buckets {
			continue
		}
		into.Predicted += b.predicted
		into.Labelled += b.labelled
		into.Correct += b.correct
		into.Forgotten += b.forgotten
		into.AbsoluteError += b.absolute
		into.SquaredError += b.squared
	}
}

// each calls do with the buckets of a moment.
func (one *Series) each(at int64, do func(*bucket)) {
	if b := one.last5m.at(at / int64(width5m)); b != nil {
		do(b)
	}
	if b := one.last1h.at(at / int64(width1h)); b != nil {
		do(b)
	}
}

// predicted counts rows that were predicted.
func (one *Series) predicted(at int64, rows uint64) {
	one.counts.Predicted += rows
	one.total.predicted += rows
	one.each(at, func(b *bucket) { b.predicted += rows })
	one.active(at, func(a *Activity) { a.Predicted += rows })
}

// forgotten counts rows that can have no label any more.
func (one *Series) forgotten(at int64, rows uint64) {
	one.counts.Forgotten += rows
	one.each(at, func(b *bucket) { b.forgotten += rows })
	one.active(at, func(a *Activity) { a.Forgotten += rows })
}

// told is what the labels of one request say.
type told struct {
	rows, correct uint64
	absolute      float64 // summed distances
	squared       float64
	bounded       float64 // likewise, each error between 0 and 1
	weight        float64 // how much the detector of falls hears of it, 0 to 1
}

// add adds what the judge said of a row.
func (t *told) add(one *Series, v Verdict) {
	t.absolute += v.Distance
	t.squared += v.Squared
	t.bounded += one.scale.Bounded(v.Distance)
	if v.Correct {
		t.correct++
	}
}

// labelled counts the labels of a request that was predicted at that moment.
func (one *Series) labelled(at int64, l told) {
	c := &one.counts
	c.Labelled += l.rows
	c.Correct += l.correct
	c.AbsoluteError += l.absolute
	c.SquaredError += l.squared
	one.total.labelled += l.rows
	one.total.correct += l.correct
	one.detect(l)
	one.each(at, func(b *bucket) {
		b.labelled += l.rows
		b.correct += l.correct
		b.absolute += l.absolute
		b.squared += l.squared
	})
}

// promised adds up the confidences of replies.
func (one *Series) promised(at int64, shown []float32) {
	if len(shown) == 0 || one.classes == 0 {
		return
	}
	one.active(at, func(a *Activity) {
		for _, p := range shown {
			a.Confidence += float64(p)
		}
		a.Sure += uint64(len(shown))
	})
}
