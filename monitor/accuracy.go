package monitor

import "penstock/quality"

// minLabels is how many labels a model's recent accuracy needs before an alert
// may judge it: with fewer, the 95 % interval is wider than 20 points.
const minLabels = 50

// accuracyWindow holds the labels that came during the last five minutes, per
// classification model. The accuracy of a frame is over all labels since the
// start and moves too slowly to raise an alert.
type accuracyWindow struct {
	ticks  int
	models map[string]*recentLabels
}

type recentLabels struct {
	ticks []labels
	next  int
	sum   labels
}

type labels struct{ rows, correct uint64 }

func newAccuracyWindow(ticks int) *accuracyWindow {
	return &accuracyWindow{ticks: ticks, models: make(map[string]*recentLabels)}
}

func (w *accuracyWindow) add(before, now []quality.Counts) {
	for i, c := range now {
		if c.Regression {
			continue
		}
		recent := w.models[c.Model]
		if recent == nil {
			recent = &recentLabels{ticks: make([]labels, w.ticks)}
			w.models[c.Model] = recent
		}
		recent.add(labels{
			rows:    since(before[i].Labelled, c.Labelled),
			correct: since(before[i].Correct, c.Correct),
		})
	}
}

func (r *recentLabels) add(tick labels) {
	oldest := &r.ticks[r.next]
	r.next = (r.next + 1) % len(r.ticks)
	r.sum.rows += tick.rows - oldest.rows
	r.sum.correct += tick.correct - oldest.correct
	*oldest = tick
}

// worst returns the lowest recent accuracy among models with enough labels;
// nil when there is none.
func (w *accuracyWindow) worst(models []quality.Counts) (accuracy *float64, model string) {
	for _, c := range models {
		recent := w.models[c.Model]
		if recent == nil || recent.sum.rows < minLabels {
			continue
		}
		a := float64(recent.sum.correct) / float64(recent.sum.rows)
		if accuracy == nil || a < *accuracy {
			accuracy, model = &a, c.Model
		}
	}
	return accuracy, model
}
