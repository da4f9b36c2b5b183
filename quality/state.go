package quality

import (
	"bufio"
	"encoding"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"penstock/quality/drift"
)

// State is what a store knows at one moment, but for its remembered predictions: they
// are read when it is written.
type State struct {
	store  *Store
	series []*Series
	Epoch  int64 // Unix nanoseconds
	Series []seriesState
}

// Lasting is a Judge whose sums outlive the process. Those of this package are.
type Lasting interface {
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

type seriesState struct {
	Counts   Counts
	Kind     string
	Classes  []string
	Scores   int
	Width    int
	Removed  bool
	Judge    []byte
	Delays   []int64 // counts of the histogram
	Last5m   []bucketState
	Last1h   []bucketState
	Detector drift.State
	Scale    drift.ScaleState
	Fitter   []byte
	Window   []byte
	Sets     setCounts
	Shift    []byte
	Adopted  int64
	Ranks    []uint64
	Ranked   uint64
}

type bucketState struct {
	Tick                                    int64
	Predicted, Labelled, Correct, Forgotten uint64
	Absolute, Squared                       float64
}

// TakeState is Take, and returns what the store knows at the same moment: the state
// of a process that has kept this batch and all before it.
func (s *Store) TakeState(batch *Batch) *State {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(batch)
	return s.state()
}

func (s *Store) state() *State {
	state := &State{store: s, Epoch: s.epochUnix}
	for _, one := range s.memory.series.slots {
		if one != nil {
			state.series = append(state.series, one)
			state.Series = append(state.Series, one.state())
		}
	}
	return state
}

func (one *Series) state() seriesState {
	state := seriesState{
		Counts: one.counts, Kind: one.kind, Classes: one.names, Scores: one.scores, Width: one.judge.Width(), Removed: one.removed,
		Last5m: one.last5m.state(), Last1h: one.last1h.state(),
		Detector: one.detector.State(), Scale: one.scale.State(), Sets: one.sets,
		Adopted: one.adopted, Ranks: slices.Clone(one.ranks[:]), Ranked: one.ranked,
	}
	if lasting, ok := one.judge.(Lasting); ok {
		state.Judge, _ = lasting.AppendBinary(nil) // those that are here never fail
	}
	if one.delays != nil {
		state.Delays = one.delays.Export().Counts
	}
	if one.fitter != nil {
		state.Fitter, _ = one.fitter.AppendBinary(nil)
	}
	if one.window != nil {
		state.Window, _ = one.window.AppendBinary(nil)
	}
	if one.shift != nil {
		state.Shift, _ = one.shift.AppendBinary(nil)
	}
	return state
}

func (s *span) state() (kept []bucketState) {
	for _, b := range s {
		if b.predicted+b.labelled+b.forgotten > 0 {
			kept = append(kept, bucketState{b.tick, b.predicted, b.labelled, b.correct, b.forgotten, b.absolute, b.squared})
		}
	}
	return kept
}

func (s *span) restore(kept []bucketState) {
	for _, b := range kept {
		if at := s.at(b.Tick); at != nil {
			*at = bucket{b.Tick, b.Predicted, b.Labelled, b.Correct, b.Forgotten, b.Absolute, b.Squared}
		}
	}
}

// Write writes the state, and then the predictions that are remembered: those that
// came since are among them. It holds the store's mutex for some ten microseconds at a
// time.
func (state *State) Write(w io.Writer) error {
	if err := gob.NewEncoder(w).Encode(state); err != nil {
		return fmt.Errorf("quality: the state of the models: %w", err)
	}
	return state.writePending(w)
}

// Load reads what Write has written, into a store in which nothing has happened yet
// but Add of the models that are served. Judge makes what judges the predictions that
// are left of a model that is not; where it returns nil, they are left out.
//
// Times are counted on from the first start, as long as the clock agrees.
func (s *Store) Load(r io.Reader, judge func(kind string, classes []string, width int) Judge) error {
	reader := bufio.NewReader(r) // of which gob takes no more than its own
	var state State
	if err := gob.NewDecoder(reader).Decode(&state); err != nil {
		return fmt.Errorf("quality: the state of the models: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.continueFrom(state.Epoch)
	known := make([]*Series, len(state.Series))
	var err error
	for i := range state.Series {
		known[i], err = s.restore(&state.Series[i], judge)
		if err != nil {
			return err
		}
	}
	if err := s.readPending(reader, known); err != nil {
		return err
	}
	for _, one := range known {
		if one != nil {
			s.memory.series.leaveIfUnused(one) // none of its predictions is left
		}
	}
	return nil
}

// continueFrom makes the epoch that of an earlier process, unless the clock says that
// this began later than now, or a century ago.
func (s *Store) continueFrom(unix int64) {
	now := time.Now()
	since := time.Duration(now.UnixNano() - unix)
	if since < 0 || since > 100*365*24*time.Hour {
		return
	}
	s.epoch, s.epochUnix = now.Add(-since), unix
}

// restore puts what is known of a series into that of the same model, which it makes
// where there is none. It is nil where that cannot be.
func (s *Store) restore(state *seriesState, judge func(string, []string, int) Judge) (*Series, error) {
	one := s.listedAs(state.Counts.Model, state.Counts.Version)
	if one == nil {
		if one = s.revive(state, judge); one == nil {
			return nil, nil //nolint:nilnil // its predictions are left out
		}
	}
	if !one.fits(state) {
		return nil, nil //nolint:nilnil // another model by the same name and version
	}
	one.counts = state.Counts
	one.last5m.restore(state.Last5m)
	one.last1h.restore(state.Last1h)
	one.detector.Restore(state.Detector)
	one.scale.Restore(state.Scale)
	one.sets, one.adopted, one.ranked = state.Sets, state.Adopted, state.Ranked
	copy(one.ranks[:], state.Ranks)
	one.restoreDelays(state.Delays)
	return one, one.restoreLearned(state)
}

func (one *Series) restoreDelays(counts []int64) {
	empty := newDelays()
	snapshot := empty.Export()
	if len(counts) != len(snapshot.Counts) || slices.Min(counts) < 0 {
		return // there were none
	}
	snapshot.Counts = counts
	one.delays = hdrhistogram.Import(snapshot)
}

// fits reports whether the predictions of a state are such as this series judges.
func (one *Series) fits(state *seriesState) bool {
	return one.kind == state.Kind && one.judge.Width() == state.Width && one.scores == state.Scores &&
		one.counts.Measure == state.Counts.Measure && slices.Equal(one.names, state.Classes)
}

func (one *Series) restoreLearned(state *seriesState) error {
	var errs []error
	if lasting, ok := one.judge.(Lasting); ok && len(state.Judge) > 0 {
		errs = append(errs, lasting.UnmarshalBinary(state.Judge))
	}
	if one.fitter != nil && len(state.Fitter) > 0 {
		errs = append(errs, one.fitter.UnmarshalBinary(state.Fitter))
		one.publish()
	}
	if one.window != nil && len(state.Window) > 0 {
		errs = append(errs, one.window.UnmarshalBinary(state.Window))
	}
	if one.shift != nil && len(state.Shift) > 0 && one.shift.UnmarshalBinary(state.Shift) == nil { // else it is of another reference
		firing, _ := one.shift.Firing()
		one.shifted.Store(firing)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("quality: the state of model %q: %w", one.counts.Model, err)
	}
	return nil
}

func (s *Store) listedAs(model, version string) *Series {
	for _, one := range s.listed {
		if one.counts.Model == model && one.counts.Version == version {
			return one
		}
	}
	return nil
}

// revive makes the series of a model that is served no more, whose predictions may
// still get labels.
func (s *Store) revive(state *seriesState, judge func(string, []string, int) Judge) *Series {
	by := judge(state.Kind, state.Classes, state.Width)
	if by == nil || by.Width() != state.Width {
		return nil
	}
	m := Model{
		Name: state.Counts.Model, Version: state.Counts.Version, Judge: by,
		Kind: state.Kind, Classes: state.Classes, Scores: state.Scores,
	}
	one := s.newSeries(&m)
	if !s.memory.series.enter(one) {
		return nil
	}
	one.removed = true
	one.total = new(total)
	return one
}

// Replay counts the outcomes and the activity of a batch that was kept after the
// state that was loaded was taken, as if it happened now: of the predictions that are
// remembered, those become labelled that the batch has.
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
		at := max(a.Minute*int64(time.Minute)-s.epochUnix, 0)
		one.counts.Predicted += a.Predicted
		one.counts.Forgotten += a.Forgotten
		one.each(at, func(b *bucket) {
			b.predicted += a.Predicted
			b.forgotten += a.Forgotten
		})
	}
}

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
	if one == nil || one.judge.Width() != o.Width || one.judge.LabelWidth() != o.LabelWidth {
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

func (s *Store) replayRequest(one *Series, o *Outcomes, first, last int) {
	k := o.Scopes[first].key([]byte(o.IDs[first]))
	details := none
	if position := s.memory.find(k); position != none {
		head := s.memory.requests.at(position)
		head.labelled, details = true, head.details
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
