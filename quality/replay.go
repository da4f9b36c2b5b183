package quality

import (
	"slices"
	"time"
)

// Replay counts the outcomes and the activity of a batch that was kept after the
// state that was loaded was taken, as if it happened now: of the predictions that are
// remembered, those become labelled that the batch has. What is older than the state is
// from elsewhere (penstock quality import), and of it nothing is counted or learned,
// which the newest labels are for.
func (s *Store) Replay(batch *Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	recording := s.recording
	s.recording = false // it is kept
	defer func() { s.recording = recording }()
	for i := range batch.Outcomes {
		s.replayOutcomes(&batch.Outcomes[i])
	}
	for i := range batch.Activity {
		a := &batch.Activity[i]
		one := s.anyAs(a.Model, a.Version)
		if one == nil {
			continue
		}
		predicted := a.Predicted
		if s.fromElsewhere((a.Minute + 1) * int64(time.Minute)) {
			predicted = 0
		}
		at := max(a.Minute*int64(time.Minute)-s.epochUnix, 0)
		one.counts.Predicted += predicted
		one.counts.Forgotten += a.Forgotten
		one.each(at, func(b *bucket) {
			b.predicted += predicted
			b.forgotten += a.Forgotten
		})
	}
}

// underWay is longer than a prediction or a label takes from its time to being counted.
const underWay = time.Minute

// fromElsewhere reports whether what happened at that time, in Unix nanoseconds, and is
// not in the state that was loaded, happened elsewhere.
func (s *Store) fromElsewhere(unix int64) bool { return unix < s.loaded-int64(underWay) }

// anyAs finds a series that is listed, or has predictions that are remembered.
func (s *Store) anyAs(model, version string) *Series {
	if one := s.listedAs(model, version); one != nil {
		return one
	}
	for _, one := range s.memory.series.slots {
		if one != nil && one.counts.Model == model && one.counts.Version == version {
			return one
		}
	}
	return nil
}

func (s *Store) replayOutcomes(o *Outcomes) {
	one := s.anyAs(o.Model, o.Version)
	if one == nil || !one.judges(o) {
		return
	}
	for first := 0; first < o.Len(); {
		last := first + 1 // of the same request
		for last < o.Len() && o.Rows[last] > o.Rows[last-1] && o.IDs[last] == o.IDs[first] && o.Scopes[last] == o.Scopes[first] {
			last++
		}
		s.replayRequest(one, o, first, last)
		first = last
	}
}

// judges reports whether the rows are such as this series judges: not those of another
// model by the same name and version, whose classes mean something else here, or nothing.
func (one *Series) judges(o *Outcomes) bool {
	return one.kind == o.Kind && one.judge.Width() == o.Width && one.judge.LabelWidth() == o.LabelWidth && slices.Equal(one.names, o.Classes)
}

func (s *Store) replayRequest(one *Series, o *Outcomes, first, last int) {
	k := o.Scopes[first].key([]byte(o.IDs[first]))
	details := none
	if position := s.memory.find(k); position != none {
		head := s.memory.requests.at(position)
		head.labelled, details = true, head.details
	}
	if o.Scopes[first] == (Scope{}) || s.fromElsewhere(o.Labelled[first]) { // nobody here has asked for what has no scope
		return
	}
	rows := uint64(last - first)
	at := o.Predicted[first] - s.epochUnix
	caller := s.voice(o.Callers[first])
	told := told{rows: rows, weight: one.voices.weigh(caller, o.Callers[first])}
	for i := first; i < last; i++ {
		row := o.row(i)
		row.verdict = one.judge.Judge(row.values, row.confidences, row.truth)
		if details != none { // those of a prediction that came after the state are gone
			d := s.memory.details.at(details)
			details = d.next
			one.rankAgain(d, &row)
		}
		one.learn(&row, caller)
		told.add(one, row.verdict)
	}
	one.delay(max(0, time.Duration(o.Labelled[first]-o.Predicted[first])), int(rows))
	totals := *one.total
	one.labelled(at, told)
	*one.total = totals // which are those of this process
}

// row is one row of the columns.
func (o *Outcomes) row(i int) outcome {
	row := outcome{
		at: o.Labelled[i], row: int(o.Rows[i]), values: o.Values[i*o.Width : (i+1)*o.Width], truth: o.Truths[i*o.LabelWidth : (i+1)*o.LabelWidth],
	}
	if len(o.Confidences) > 0 {
		row.confidences = o.Confidences[i*o.Width : (i+1)*o.Width]
	}
	if len(o.Probability) > 0 {
		row.probability, row.squares = o.Probability[i], o.Squares[i]
		row.distributed = row.probability >= 0
	}
	if len(o.SetSize) > 0 {
		row.size, row.covered = int(o.SetSize[i]), o.Covered[i]
	}
	return row
}
