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

// Ranges appends the ranges of all models to into, in the order of
// Options.Models, and returns it. It is cheap enough for every second.
func (s *Store) Ranges(into []Ranges) []Ranges {
	now := time.Since(s.epoch)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.tallies {
		t := &s.tallies[i]
		r := Ranges{Last5m: t.counts.named(), Last1h: t.counts.named(), SinceStart: t.counts}
		t.last5m.sum(int64(now/width5m), &r.Last5m)
		t.last1h.sum(int64(now/width1h), &r.Last1h)
		into = append(into, r)
	}
	return into
}

// named is a Counts of the same model in which nothing is counted.
func (c Counts) named() Counts {
	return Counts{Model: c.Model, Version: c.Version, Regression: c.Regression}
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
	absolute                                float64
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
	}
}

// each calls do with the buckets of a moment.
func (t *tally) each(at int64, do func(*bucket)) {
	if b := t.last5m.at(at / int64(width5m)); b != nil {
		do(b)
	}
	if b := t.last1h.at(at / int64(width1h)); b != nil {
		do(b)
	}
}

// predicted counts rows that were predicted.
func (t *tally) predicted(at int64, rows uint64) {
	t.counts.Predicted += rows
	t.each(at, func(b *bucket) { b.predicted += rows })
}

// forgotten counts rows that can have no label any more.
func (t *tally) forgotten(at int64, rows uint64) {
	t.counts.Forgotten += rows
	t.each(at, func(b *bucket) { b.forgotten += rows })
}

// told is what the labels of one request say.
type told struct {
	rows, correct uint64
	absolute      float64 // summed error of a regression
	bounded       float64 // likewise, each error between 0 and 1
}

// labelled counts the labels of a request that was predicted at that moment.
func (t *tally) labelled(at int64, l told) {
	t.each(at, func(b *bucket) {
		b.labelled += l.rows
		b.correct += l.correct
		b.absolute += l.absolute
	})
}
