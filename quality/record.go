package quality

import (
	"slices"
	"time"
)

// mostRecorded is how many outcomes wait to be taken, in rows: as many as 400,000
// labels a second leave in two and a half seconds. What comes while as many wait is
// counted by the series, and as dropped.
const mostRecorded = 1 << 20

// mostRecordedBytes bounds them where a row has many numbers, about as many bytes as
// mostRecorded rows of one class take.
const mostRecordedBytes = 256 << 20

// recordedBytes is about what a row takes beside its numbers and its id.
const recordedBytes = 192

// record is what waits to be taken by whoever keeps it for longer.
type record struct {
	series  []*Series // that have something
	events  []Event
	rows    int
	bytes   int
	dropped uint64
}

// mostEvents bounds the events that wait; of more, the newest are left out.
const mostEvents = 1024

// Take moves what has happened since the last call into batch, whose memory it
// uses. Nothing is recorded unless Options.Record is set.
func (s *Store) Take(batch *Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(batch)
}

func (s *Store) take(batch *Batch) {
	batch.Outcomes, batch.Activity = batch.Outcomes[:0], batch.Activity[:0]
	r := &s.record
	batch.Events = append(batch.Events[:0], r.events...)
	batch.Dropped = r.dropped
	r.events, r.rows, r.bytes, r.dropped = r.events[:0], 0, 0, 0
	for _, one := range r.series {
		one.recorded = false
		if one.outcomes.Len() > 0 {
			batch.Outcomes = append(batch.Outcomes, one.outcomes)
			one.expected = one.outcomes.Len()
			one.outcomes = one.columns() // what was taken is the taker's
		}
		batch.Activity = one.activity.take(batch.Activity)
	}
	r.series = r.series[:0]
}

// has notes that a series has something to be taken.
func (r *record) has(one *Series) {
	if !one.recorded {
		one.recorded = true
		r.series = append(r.series, one)
	}
}

// event notes what explains a change. The caller holds the store's mutex.
func (s *Store) event(one *Series, kind, text string) {
	e := Event{At: time.Now().UnixNano(), Kind: kind, Text: text}
	if one != nil {
		e.Model, e.Version = one.counts.Model, one.counts.Version
	}
	if s.recording && len(s.record.events) < mostEvents {
		s.record.events = append(s.record.events, e)
	}
}

// Note records an event of a model, or with nil of the program.
func (s *Store) Note(one *Series, kind, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.event(one, kind, text)
}

// columns are those of a series, without rows.
func (one *Series) columns() Outcomes {
	return Outcomes{
		Model: one.counts.Model, Version: one.counts.Version, Kind: one.kind, Classes: one.names,
		Width: one.judge.Width(), LabelWidth: one.judge.LabelWidth(),
	}
}

// activities adds up what happens to predictions, by the minute in which they were
// made. Nearly all are of few minutes: those of now, and those of the oldest that
// are remembered.
type activities struct {
	slots [16]Activity
	more  []Activity // of minutes whose slot another one has
}

// at is that of a minute; nil where too many wait.
func (a *activities) at(one *Series, minute int64) *Activity {
	fresh := Activity{Model: one.counts.Model, Version: one.counts.Version, Minute: minute}
	slot := &a.slots[uint64(minute)%uint64(len(a.slots))]
	if slot.Minute == minute {
		return slot
	}
	if !slot.any() {
		*slot = fresh
		return slot
	}
	for i := len(a.more) - 1; i >= 0; i-- {
		if a.more[i].Minute == minute {
			return &a.more[i]
		}
	}
	if len(a.more) >= mostMinutes {
		return nil
	}
	a.more = append(a.more, fresh)
	return &a.more[len(a.more)-1]
}

func (a *Activity) any() bool { return a.Predicted > 0 || a.Forgotten > 0 }

func (a *activities) take(into []Activity) []Activity {
	into = append(into, a.more...)
	a.more = a.more[:0]
	for i := range a.slots {
		if slot := &a.slots[i]; slot.any() {
			into = append(into, *slot)
			*slot = Activity{Model: slot.Model, Version: slot.Version, Minute: slot.Minute}
		}
	}
	return into
}

// mostMinutes bounds the minutes that wait to be taken: nearly three days of nobody
// doing so. What is of further ones is in no history.
const mostMinutes = 4096

// active counts predictions of a moment for whoever keeps them.
func (one *Series) active(at int64, do func(*Activity)) {
	s := one.store
	if !s.recording {
		return
	}
	if a := one.activity.at(one, floorDiv(s.unix(at), int64(time.Minute))); a != nil {
		s.record.has(one)
		do(a)
	}
}

// unix is the wall time of a moment since the epoch, in nanoseconds.
func (s *Store) unix(at int64) int64 { return s.epochUnix + at }

func floorDiv(a, b int64) int64 {
	if q := a / b; a%b >= 0 {
		return q
	}
	return a/b - 1
}

// outcome is one labelled row, on its way into the columns.
type outcome struct {
	at                  int64 // when the label came, in Unix nanoseconds
	row                 int
	values, confidences []float32
	truth               []float64
	verdict             Verdict
	detail              *detail
	slice               uint8
	distributed         bool // the two that follow are known
	probability         float32
	squares             float32
	size                int
	covered             bool
}

// keep adds a row to the columns.
func (r *record) keep(one *Series, head *kept, of *labelling, o *outcome) {
	bytes := recordedBytes + len(of.id) + 4*(len(o.values)+len(o.confidences)) + 8*len(o.truth)
	if r.rows >= mostRecorded || r.bytes+bytes > mostRecordedBytes {
		r.dropped++
		return
	}
	r.rows++
	r.bytes += bytes
	r.has(one)
	c := &one.outcomes
	if c.Len() == 0 {
		one.reserve()
	}
	c.Predicted = append(c.Predicted, one.store.unix(head.at))
	c.Labelled = append(c.Labelled, one.store.unix(int64(of.now)))
	c.Scopes = append(c.Scopes, of.scope)
	c.IDs = append(c.IDs, of.id)
	c.Rows = append(c.Rows, uint32(o.row))
	c.Callers = append(c.Callers, of.caller)
	c.Names = append(c.Names, of.name)
	c.Values = append(c.Values, o.values...)
	c.Confidences = append(c.Confidences, o.confidences...)
	c.Truths = append(c.Truths, o.truth...)
	c.Verdicts = append(c.Verdicts, o.verdict)
	if one.classes > 0 {
		shown := float32(noConfidence)
		if o.detail != nil {
			shown = o.detail.shown
		}
		c.Shown = append(c.Shown, shown)
		c.Probability = append(c.Probability, o.probability)
		c.Squares = append(c.Squares, o.squares)
	}
	if one.window != nil {
		c.SetSize = append(c.SetSize, uint16(min(o.size, 1<<16-1)))
		c.Covered = append(c.Covered, o.covered)
	}
	if one.slicer != nil {
		c.Slices = append(c.Slices, o.slice)
	}
}

// reserve makes room for as many rows as the last batch had, of whose memory
// nothing can be used again: it is the taker's.
func (one *Series) reserve() {
	c, n := &one.outcomes, one.expected
	c.Predicted = slices.Grow(c.Predicted, n)
	c.Labelled = slices.Grow(c.Labelled, n)
	c.Scopes = slices.Grow(c.Scopes, n)
	c.IDs = slices.Grow(c.IDs, n)
	c.Verdicts = slices.Grow(c.Verdicts, n)
}
