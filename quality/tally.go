package quality

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"penstock/quality/drift"
)

const (
	// maxConfusionClasses keeps a confusion matrix within 512 KiB.
	maxConfusionClasses = 256
	// maxDelay is the longest label delay told apart; longer ones count as it.
	maxDelay = 30 * 24 * time.Hour
)

// tally is what the labels of one model add up to. What grows with use is made
// at the first label.
type tally struct {
	counts    Counts
	classes   int
	confusion []uint64 // classes × classes, the true class first
	bins      [CalibrationBins]calibrationBin
	delays    *hdrhistogram.Histogram // microseconds, one value per row

	last5m, last1h span
	detector       drift.Detector
	scale          drift.Scale // of a regression's errors
}

func newTally(m Model) tally {
	t := tally{
		classes: len(m.Classes),
		counts:  Counts{Model: m.Name, Version: m.Version, Regression: len(m.Classes) == 0},
	}
	if m.Accuracy != nil {
		t.detector = drift.Expecting(1 - *m.Accuracy)
	}
	return t
}

func (t *tally) delay(d time.Duration, rows int) {
	if t.delays == nil {
		t.delays = hdrhistogram.New(1, maxDelay.Microseconds(), 2)
	}
	// RecordValues fails outside the range only, which the bound rules out.
	_ = t.delays.RecordValues(max(min(d, maxDelay).Microseconds(), 1), int64(rows))
}

func (t *tally) value(predicted, truth float64) (off float64) {
	off = math.Abs(predicted - truth)
	t.counts.Labelled++
	t.counts.AbsoluteError += off
	t.counts.SquaredError += off * off
	return off
}

func (t *tally) class(predicted, confidence float32, truth int) (correct bool) {
	correct = predicted == float32(truth)
	t.counts.Labelled++
	if correct {
		t.counts.Correct++
	}
	t.calibrate(confidence, correct)
	t.confuse(int(predicted), truth)
	return correct
}

func (t *tally) confuse(predicted, truth int) {
	if t.classes > maxConfusionClasses || predicted < 0 || predicted >= t.classes {
		return
	}
	if t.confusion == nil {
		t.confusion = make([]uint64, t.classes*t.classes)
	}
	t.confusion[truth*t.classes+predicted]++
}
