package quality

import "time"

// LabelSpan is how far back Labellers looks, to within labelTick.
const LabelSpan = 5 * time.Minute

const (
	labelTick  = 15 * time.Second
	labelTicks = int(LabelSpan / labelTick)
	// countedLabellers is how many a tick tells apart. A labeller's rows may be
	// underrated by the labels of that tick divided by this: 1.6 %.
	countedLabellers = 64
)

// Labellers tell who labels, over the last five minutes. Several callers count
// one by one; the scopes of a single caller count one by one as well. Labels
// count for who made the prediction.
type Labellers struct {
	Labels uint64 // labelled rows
	// Largest is the Caller or Name, as in Prediction, of who gave most of them.
	Largest string
	// Rows is how many of Labels the largest gave, at least: among more than 64
	// labellers at a time it may be 1.6 % of the labels too low, never too high.
	Rows uint64
	// Several says that somebody else labels or predicts as well.
	Several bool
}

// Share of the largest labeller, 0 to 1; 0 without labels.
func (l Labellers) Share() float64 {
	if l.Labels == 0 {
		return 0
	}
	return float64(l.Rows) / float64(l.Labels)
}

// Labellers returns who labelled during the last five minutes. It is cheap
// enough for every second.
func (s *Store) Labellers() Labellers {
	now := time.Since(s.epoch)
	s.mu.Lock()
	defer s.mu.Unlock()
	if callers := s.callers.labellers(now); callers.Several || callers.Labels == 0 {
		return callers
	}
	return s.scopes.labellers(now)
}

// labellers are the counts of one kind of labeller: callers, or scopes. Memory
// is made at the first labels: 50 KiB.
type labellers struct {
	ticks  [labelTicks]labelCounts
	recent [2]predictor // the latest to predict, and the latest other than it
}

type predictor struct {
	key uint64
	at  time.Duration // 0: never
}

// labelCounts are those of one tick: the labellers with the most rows, by the
// algorithm Space-Saving (Metwally, Agrawal and El Abbadi, Efficient Computation
// of Frequent and Top-k Elements in Data Streams, ICDT 2005). A newcomer takes
// the place of the smallest and inherits its count as a possible error, at
// most the tick's rows divided by the number of places.
type labelCounts struct {
	tick    int64
	rows    uint64
	largest []labelCount
}

type labelCount struct {
	key        uint64
	name       string
	rows, over uint64 // over: how many of rows may be others'
}

// predicted notes who takes part.
func (l *labellers) predicted(key uint64, now time.Duration) {
	if l.recent[0].key != key {
		l.recent[1] = l.recent[0]
		l.recent[0].key = key
	}
	l.recent[0].at = now
}

// labelled counts the labels that came for a prediction.
func (l *labellers) labelled(key uint64, name string, rows uint64, now time.Duration) {
	tick := int64(now / labelTick)
	c := &l.ticks[tick%int64(labelTicks)]
	if c.tick != tick {
		clear(c.largest) // its names go too
		*c = labelCounts{tick: tick, largest: c.largest[:0]}
	}
	c.rows += rows
	smallest := 0
	for i := range c.largest {
		if c.largest[i].key == key {
			c.largest[i].rows += rows
			return
		}
		if c.largest[i].rows < c.largest[smallest].rows {
			smallest = i
		}
	}
	if len(c.largest) < countedLabellers {
		c.largest = append(c.largest, labelCount{key: key, name: name, rows: rows})
		return
	}
	over := c.largest[smallest].rows
	c.largest[smallest] = labelCount{key: key, name: name, rows: over + rows, over: over}
}

func (l *labellers) labellers(now time.Duration) (found Labellers) {
	rows := make(map[uint64]uint64, countedLabellers)
	for i := range l.ticks {
		c := &l.ticks[i]
		if c.rows == 0 || int64(now/labelTick)-c.tick >= int64(labelTicks) {
			continue
		}
		found.Labels += c.rows
		for _, one := range c.largest {
			rows[one.key] += one.rows - one.over
			if sum := rows[one.key]; sum > found.Rows {
				found.Rows, found.Largest = sum, one.name
			}
		}
	}
	other := l.recent[1]
	found.Several = len(rows) > 1 || other.at > 0 && now-other.at < LabelSpan
	return found
}
