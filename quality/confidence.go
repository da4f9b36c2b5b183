package quality

import (
	"fmt"
	"time"

	"penstock/quality/calibrate"
	"penstock/quality/conformal"
)

// Confidence writes the confidences that replies give into shown: those of the
// model, calibrated by what labels have told. It is for classes alone; for others,
// and while nothing is known, shown are the model's own. It may be called by many
// at a time and takes no lock.
func (one *Series) Confidence(shown []float32) {
	c := one.calibrator.Load()
	if c == nil {
		return
	}
	for i, p := range shown {
		shown[i] = c.Apply(p)
	}
}

// Calibrated reports whether Confidence changes anything.
func (one *Series) Calibrated() bool { return one.calibrator.Load() != nil }

// Alpha is the share of sets that may miss the truth where a request does not say.
func (one *Series) Alpha() float64 { return one.store.alpha }

// Threshold is how conforming an answer must be to be in the set of alpha, 0 to 1:
// of a class its probability, of values the negative of how far the truth may be
// from any of them. It is −Inf while there are too few labels. ok is false where the
// output has no sets.
func (one *Series) Threshold(alpha float64) (threshold float32, ok bool) {
	if one.window == nil {
		return 0, false
	}
	one.store.mu.Lock()
	defer one.store.mu.Unlock()
	return one.window.Threshold(alpha), true
}

// Freeze keeps the calibration that is in force, or lets it follow the labels again.
// It reports false where the model has none: its output is not one of classes.
func (s *Store) Freeze(one *Series, frozen bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.fitter == nil {
		return false
	}
	if one.fitter.Frozen() == frozen {
		return true
	}
	one.fitter.Freeze(frozen)
	text := "calibration follows the labels again"
	if frozen {
		text = "calibration is frozen as it is"
	}
	s.event(one, "frozen", text)
	s.happened++
	return true
}

// learn shows a labelled row to what learns from labels: first what was promised is
// judged, and then it is learned from.
func (one *Series) learn(o *outcome, caller uint64) {
	one.judgeSet(o, caller)
	if one.fitter == nil || len(o.confidences) == 0 {
		return
	}
	if change := one.fitter.AddAt(o.confidences[0], o.verdict.Correct, caller, o.at); change != nil {
		one.publish()
		one.adopted = o.at
		one.store.event(one, "calibration", fmt.Sprintf("%s in place of %s, over %d labels (z = %.1f)", &change.To, &change.From, change.Rows, change.Z))
	}
}

// adoptedAt is when the calibrator in force was found; zero where there never was one.
func (one *Series) adoptedAt() time.Time {
	if one.adopted == 0 {
		return time.Time{}
	}
	return time.Unix(0, one.adopted)
}

// publish makes the calibration in force that of the replies.
func (one *Series) publish() {
	c := one.fitter.Current()
	if c != nil && c.Kind == calibrate.Identity {
		c = nil
	}
	one.calibrator.Store(c)
}

// judgeSet tells whether the truth was in the set that would be given now, and how
// large that was.
func (one *Series) judgeSet(o *outcome, caller uint64) {
	if one.window == nil {
		return
	}
	conformity, ok := one.conformity(o)
	if !ok {
		return
	}
	alpha := one.store.alpha
	if covered, known := one.window.Judge(alpha, conformity); known {
		threshold := one.window.Threshold(alpha)
		o.covered = covered || one.classes > 0 && o.verdict.Correct // the likeliest class is always in it
		one.sizeSet(o, threshold)
		one.sets.add(o, threshold)
	}
	one.window.AddOf(conformity, caller, o.at)
}

// conformity is how well the truth fits what was predicted: the higher the better.
func (one *Series) conformity(o *outcome) (float32, bool) {
	if one.classes == 0 {
		var worst float64
		for i, v := range o.values {
			worst = max(worst, abs(float64(v)-o.truth[i]))
		}
		return -float32(worst), true
	}
	return o.probability, o.distributed
}

// sizeSet tells how large the set is; of an outcome that is read again, it is known.
func (one *Series) sizeSet(o *outcome, threshold float32) {
	switch {
	case one.classes == 0:
		o.size = 1
	case o.detail != nil:
		o.size = Distribution{o.detail, one.classes}.AtLeast(threshold)
	}
}

func abs(x float64) float64 { return max(x, -x) }

// setCounts are those of sets that were judged when their labels came.
type setCounts struct {
	Rows, Covered uint64
	Size          float64 // summed: classes, or half widths
}

func (c *setCounts) add(o *outcome, threshold float32) {
	c.Rows++
	if o.covered {
		c.Covered++
	}
	if o.distributed {
		c.Size += float64(o.size)
		return
	}
	c.Size -= float64(threshold)
}

// Confidences is what labels say of the confidences of a model, and what is made of
// it.
type Confidences struct {
	calibrate.Report
	Calibrator calibrate.Calibrator // in force
	Frozen     bool
	Adopted    time.Time // zero: never
}

// Sets is how the sets of Alpha have done: of 1−Alpha the truth is promised to be in
// them.
type Sets struct {
	Alpha float64
	Rows  int     // in the window that the threshold is from
	Level float64 // the alpha that is aimed at, so that Alpha comes of it
	// Judged sets, since the start: of Covered the truth was in them. MeanSize is in
	// classes, and of values half the width of the interval. Nil while none was judged.
	Judged, Covered uint64
	Coverage        *float64
	MeanSize        *float64
}

// Confidences returns what is known of one model's confidences; nil where its output
// has none that could be calibrated.
func (one *Series) Confidences() *Confidences {
	one.store.mu.Lock()
	defer one.store.mu.Unlock()
	if one.fitter == nil {
		return nil
	}
	if one.reported != one.counts.Labelled { // it takes a tenth of a millisecond
		one.report, one.reported = one.fitter.Report(), one.counts.Labelled
	}
	c := &Confidences{Report: one.report, Frozen: one.fitter.Frozen(), Adopted: one.adoptedAt()}
	if in := one.fitter.Current(); in != nil {
		c.Calibrator = *in
	}
	return c
}

// Sets returns how one model's sets do; nil where its output has none.
func (one *Series) Sets() *Sets {
	one.store.mu.Lock()
	defer one.store.mu.Unlock()
	if one.window == nil {
		return nil
	}
	alpha := one.store.alpha
	return &Sets{
		Alpha: alpha, Rows: one.window.Rows(), Level: one.window.Level(alpha),
		Judged: one.sets.Rows, Covered: one.sets.Covered,
		Coverage: ratio(float64(one.sets.Covered), one.sets.Rows), MeanSize: ratio(one.sets.Size, one.sets.Rows),
	}
}

// newWindow makes what learns sets: those of the usual alphas, of which the nearest
// gives way to that of requests that say none.
func (s *Store) newWindow() *conformal.Window {
	alphas := conformal.DefaultAlphas()
	nearest := 0
	for i, alpha := range alphas {
		if abs(alpha-s.alpha) < abs(alphas[nearest]-s.alpha) {
			nearest = i
		}
	}
	alphas[nearest] = s.alpha
	return conformal.New(alphas...)
}
