package quality

import (
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"penstock/quality/calibrate"
	"penstock/quality/conformal"
	"penstock/quality/drift"
	"penstock/quality/shift"
)

// Model is what the store must know of a model to judge its predictions.
type Model struct {
	Name    string
	Version string
	// Judge knows the labels. It becomes the store's: one for each model.
	Judge Judge
	// Kind is that of the output, as in Outcomes. Of "class" the confidences are
	// calibrated and sets are given, and of "values" intervals.
	Kind string
	// Classes are those of class and labels, and Scores how many scores a row has for
	// them: one for each, or of two classes that of the second alone. Zero means that
	// predictions come without.
	Classes []string
	Scores  int
	// Shift compares rows with those that the model was made for; nil does not. It
	// becomes the store's.
	Shift *shift.Detector
	// Accuracy is what was measured of a model before it was served, 0 to 1: its
	// detector expects as much. Nil means that it learns from the first labels what
	// is normal, and is all there can be unless the measure is RightOrWrong.
	Accuracy *float64
}

func (m *Model) validate() error {
	switch a := m.Accuracy; {
	case m.Name == "":
		return fmt.Errorf("quality: the Name of a model is empty")
	case m.Judge == nil:
		return fmt.Errorf("quality: model %q has no Judge; NewNoJudge is for outputs without labels", m.Name)
	case a != nil && (m.Judge.Measure() != RightOrWrong || !(*a >= 0 && *a <= 1)):
		return fmt.Errorf("quality: Accuracy of model %q is %v; expected 0 to 1, and only where labels are right or wrong", m.Name, *a)
	}
	return nil
}

// Series is what the predictions and labels of one version of one model add up
// to. Store.Add makes them; what is in one is guarded by the store's mutex.
type Series struct {
	store *Store
	judge Judge
	total *total

	slot    uint16 // in memory, while it is listed or has requests there
	kept    int    // requests in memory
	removed bool

	counts Counts
	delays *hdrhistogram.Histogram // microseconds, one value per row; made at the first label

	last5m, last1h span
	detector       drift.Detector
	scale          drift.Scale // of distances
	voices         voices

	kind    string
	names   []string // of classes and labels
	classes int      // of class alone
	scores  int      // of a row's, for the classes
	slicer  *slicer
	shift   *shift.Detector
	shifted atomic.Bool // what shift said last
	senders senders     // of the rows that shift was shown

	fitter     *calibrate.Fitter // of class alone
	calibrator atomic.Pointer[calibrate.Calibrator]
	window     *conformal.Window // of class and values
	sets       setCounts
	adopted    int64           // when the calibrator was, in Unix nanoseconds
	ranks      [mostTop]uint64 // of classes alone: rows whose truth is the k+1st likeliest
	ranked     uint64
	worst      []Wrong          // the worst first
	report     calibrate.Report // as of so many labels
	reported   uint64

	// What waits to be taken.
	recorded bool
	outcomes Outcomes
	activity activities
	expected int // how many rows the last batch had
}

func (s *Store) newSeries(m *Model) *Series {
	one := &Series{
		store: s, judge: m.Judge,
		counts: Counts{Model: m.Name, Version: m.Version, Measure: m.Judge.Measure()},
		kind:   m.Kind, names: m.Classes, shift: m.Shift,
	}
	one.learns(m)
	one.outcomes = one.columns()
	if m.Accuracy != nil {
		one.detector = drift.Expecting(1 - *m.Accuracy)
	}
	return one
}

// learns makes what learns from labels, as the kind of the output allows.
func (one *Series) learns(m *Model) {
	switch m.Kind {
	case ClassKind:
		one.classes, one.scores = len(m.Classes), m.Scores
		one.fitter = calibrate.NewFitter()
		one.fitter.Freeze(one.store.frozen)
		one.window = one.store.newWindow()
	case ValuesKind:
		one.window = one.store.newWindow()
	}
	if one.judge.LabelWidth() > 0 { // else there are no outcomes
		one.slicer = one.store.slicerOf(m)
	}
}

// The kinds of output from which more is learned than whether they were right.
const (
	ClassKind  = "class"
	ValuesKind = "values"
)

// maxDelay is the longest label delay told apart; longer ones count as it.
const maxDelay = 30 * 24 * time.Hour

// Add makes the series of a model, at any time. Names may repeat with other
// versions, but not with the same one while that is in the store; at most 65,535
// series can be in it, those included that were removed and have predictions
// that are remembered.
func (s *Store) Add(m Model) (*Series, error) {
	if err := m.validate(); err != nil {
		return nil, err
	}
	one := s.newSeries(&m)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.listed {
		if c := &other.counts; c.Model == m.Name && c.Version == m.Version {
			return nil, fmt.Errorf("quality: model %q of version %q is in the store; remove it first", m.Name, m.Version)
		}
	}
	if !s.memory.series.enter(one) {
		return nil, fmt.Errorf("quality: the store is full of models (%d); remove some first", maxSeries)
	}
	s.listed = append(s.listed, one)
	s.addTotal(one)
	return one, nil
}

// Remove takes a series off the lists, at any time. Its remembered predictions,
// and those that still come, are judged for as long as they are remembered, and
// what is known of it can be asked of the Series itself. Removing a series again
// does nothing.
func (s *Store) Remove(one *Series) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.removed {
		return
	}
	one.removed = true
	s.listed = slices.DeleteFunc(s.listed, func(other *Series) bool { return other == one })
	s.dropTotal(one)
	s.memory.series.leaveIfUnused(one)
}

// Listed returns the series in the order in which they were added.
func (s *Store) Listed() []*Series {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.listed)
}

// Name returns the name of the model.
func (one *Series) Name() string { return one.counts.Model }

// Version returns the version of the model.
func (one *Series) Version() string { return one.counts.Version }

// Measure returns what a label of the model can tell.
func (one *Series) Measure() Measure { return one.counts.Measure }

// Width is how many values a prediction of the model has for each row.
func (one *Series) Width() int { return one.judge.Width() }

// LabelWidth is how many numbers the label of a row has in a binary frame.
func (one *Series) LabelWidth() int { return one.judge.LabelWidth() }

// rows is how many rows a remembered request has.
func (one *Series) rows(head *kept) int {
	if width := one.judge.Width(); width > 1 {
		return int(head.size) / width
	}
	return int(head.size)
}

func newDelays() *hdrhistogram.Histogram { return hdrhistogram.New(1, maxDelay.Microseconds(), 2) }

func (one *Series) delay(d time.Duration, rows int) {
	if one.delays == nil {
		one.delays = newDelays()
	}
	// RecordValues fails outside the range only, which the bound rules out.
	_ = one.delays.RecordValues(max(min(d, maxDelay).Microseconds(), 1), int64(rows))
}

// seriesTable gives series the numbers by which requests point to them. A number
// is given again only when no request points to its last series.
type seriesTable struct {
	slots []*Series
	spare []uint16
}

const maxSeries = math.MaxUint16

func (t *seriesTable) at(slot uint16) *Series { return t.slots[slot] }

// enter gives a series a number; false if all are taken.
func (t *seriesTable) enter(one *Series) bool {
	if last := len(t.spare) - 1; last >= 0 {
		one.slot = t.spare[last]
		t.spare = t.spare[:last]
		t.slots[one.slot] = one
		return true
	}
	if len(t.slots) == maxSeries {
		return false
	}
	one.slot = uint16(len(t.slots))
	t.slots = append(t.slots, one)
	return true
}

// has reports whether a series has its number.
func (t *seriesTable) has(one *Series) bool { return t.slots[one.slot] == one }

// leaveIfUnused takes the number of a series that is not listed and has no request.
func (t *seriesTable) leaveIfUnused(one *Series) {
	if !one.removed || one.kept > 0 || !t.has(one) {
		return
	}
	t.slots[one.slot] = nil
	t.spare = append(t.spare, one.slot)
}
