package monitor_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"

	"penstock/model"
	"penstock/monitor"
	"penstock/quality"
	"penstock/quality/shift"
)

// confident is a world whose model gives confidences that nothing calibrates, and whose
// answers are watched for drift. By default there is no fall to be seen.
func confident(t *testing.T) *world {
	return newWorld(t, func(w *world, o *monitor.Options) {
		o.Thresholds.Falls = false
		classes := []string{"no", "yes"}
		series, err := w.store.Add(quality.Model{
			Name: "spam", Version: "1", Judge: quality.NewClassJudge(classes), Kind: quality.ClassKind, Classes: classes, Scores: 2,
			Shift: shift.New(nil, model.Spec{Name: "spam", Version: "1", Features: 1, Outputs: model.OneOf(classes...)}),
		})
		if err != nil {
			t.Fatal(err)
		}
		w.store.Freeze(series, true)
		w.series = series
		w.models = []monitor.Watched{{Name: "spam", Version: "1", Pool: w.pool, Series: series}}
	})
}

// sure labels 100 predictions of confidence 0.9, of which some are correct.
func (w *world) sure(correct int) {
	for i := range 100 {
		truth := float32(1)
		if i < correct {
			truth = 0
		}
		id := []byte{byte(i)}
		w.store.Remember(quality.Prediction{Series: w.series, ID: id, Rows: 1, Values: []float32{0}, Confidences: []float32{0.9}})
		if _, err := w.store.LabelIndices(quality.Scope{}, id, []float32{truth}, nil); err != nil {
			w.t.Fatal(err)
		}
	}
}

// Confidences that are not what labels say raise an alert, once there are enough labels
// to know; those that are raise none.
func TestAGapOfConfidencesIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := confident(t)
		w.tick(4, func() { w.sure(70) })
		w.tick(20, nil)
		w.expect() // 400 labels
		w.tick(1, func() { w.sure(70) })
		w.tick(9, nil)
		w.expect("27 calibration_gap critical firing")
		const says = "The distance of the mean confidence from the share that is right, over the newest labels (model spam) is 20.0 points"
		if got := w.State().Recent()[0].Alert.Message; !strings.HasPrefix(got, says) {
			t.Errorf("%q; want it to begin with %q", got, says)
		}
		w.tick(20, func() { w.sure(90) })
		w.tick(10, nil)
		if left := w.latest().Firing; len(left) != 0 {
			t.Errorf("after 2,000 labels that are as sure as they should be: %+v", left)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := confident(t)
		w.tick(30, func() { w.sure(90) })
		w.expect()
	})
}

// Answers that are not like the first ones raise an alert until they are again.
func TestDriftIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := confident(t)
		random := rand.New(rand.NewPCG(1, 1))
		answers := func(n int, least float64) {
			for range n {
				w.series.Watch([]float32{0}, []float32{0}, float32(least+0.5*random.Float64()), "ann")
			}
		}
		answers(7000, 0.5)
		w.tick(10, nil)
		w.expect()
		answers(1500, 0.2)
		w.tick(3, nil)
		w.expect("13 input_drift warning firing")
		if got := w.State().Recent()[0].Alert.Message; !strings.HasPrefix(got, "Of model spam, rows are not like the reference: confidence (") {
			t.Errorf("%q", got)
		}
		answers(2000, 0.5)
		w.tick(5, nil)
		w.expect("13 input_drift warning firing", "18 input_drift warning resolved")
	})
}

// The alert of a fall names who labels most, where that is a large part.
func TestAFallNamesTheLoudest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		by := func(caller string, truth float32) {
			id := []byte("1")
			w.store.Remember(quality.Prediction{Series: w.series, Caller: caller, ID: id, Rows: 1, Values: []float32{0}, Confidences: []float32{1}})
			if _, err := w.store.LabelIndices(quality.Scope{}, id, []float32{truth}, nil); err != nil {
				t.Fatal(err)
			}
		}
		for range 2000 {
			by("ann", 0)
			by("bob", 0)
		}
		for range 700 {
			by("ann", 1)
		}
		w.tick(1, nil)
		w.expect("1 model_accuracy critical firing")
		if got := w.State().Recent()[0].Alert.Message; !strings.HasSuffix(got, " The largest part of the labels, 85.0 %, is of ann.") {
			t.Errorf("%q", got)
		}
	})
}
