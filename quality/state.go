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

	"penstock/quality/calibrate"
	"penstock/quality/drift"
)

// State is what a store knows at one moment, but for its remembered predictions: they
// are read when it is written.
type State struct {
	store  *Store
	series []*Series
	Epoch  int64 // Unix nanoseconds
	Taken  int64 // likewise
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
	Left     bool // Options.Frozen: that confidences are frozen was not said of this model
	Window   []byte
	Alpha    float64 // of Sets
	Sets     setCounts
	Voices   voicesState
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
	state := &State{store: s, Epoch: s.epochUnix, Taken: s.unix(int64(time.Since(s.epoch)))}
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
		Detector: one.detector.State(), Scale: one.scale.State(),
		Alpha: one.store.alpha, Sets: one.sets, Voices: one.voices.state(),
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
		state.Left = one.store.frozen
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
// came since are among them. It holds the store's mutex for the time that 1,024
// requests take: 60 µs, of a row of ten classes each.
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
	s.loaded = state.Taken
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
	if state.Alpha == s.alpha { // else they were judged by another promise
		one.sets = state.Sets
	}
	one.voices.restore(state.Voices, s.voice)
	one.adopted, one.ranked = state.Adopted, state.Ranked
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
	// What another version has learned is learned again from the next labels.
	if one.fitter != nil && len(state.Fitter) > 0 {
		one.anew(one.fitter.UnmarshalBinary(state.Fitter))
		one.obey(state.Left)
		one.publish()
	}
	if one.window != nil && len(state.Window) > 0 {
		one.anew(one.window.UnmarshalBinary(state.Window))
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

// anew tells that something starts without its state, which it could not read.
func (one *Series) anew(err error) {
	if err != nil {
		one.store.event(one, "calibration", err.Error())
	}
}

// obey has Options.Frozen in force, whatever was in force before: a process that is
// told to leave confidences as they are leaves them, and one that is not follows the
// labels again where the one before was told.
func (one *Series) obey(left bool) {
	switch {
	case one.store.frozen:
		if was := one.fitter.Leave(); was.Kind != calibrate.Identity {
			one.adopted = 0
			one.store.event(one, "calibration", fmt.Sprintf("as the model gives it in place of %s: confidences are not to be calibrated", &was))
		}
	case left:
		one.fitter.Freeze(false)
	}
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
