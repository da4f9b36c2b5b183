package quality_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"penstock/quality"
)

func TestWithoutLabelsNothingIsClaimed(t *testing.T) {
	store := newStore(t, digits, prices)
	store.Remember(quality.Prediction{Values: []float32{1}})
	for _, s := range store.Snapshot() {
		if s.Accuracy() != nil || s.Interval() != nil || s.MeanAbsoluteError() != nil ||
			s.RootMeanSquareError() != nil || s.LabelDelay != nil || s.CalibrationError != nil || s.Confusion != nil {
			t.Errorf("%s claims something: %+v", s.Model, s)
		}
	}
	if c := store.Counts(nil)[0].Coverage(); c == nil || *c != 0 {
		t.Errorf("coverage is %v; expected 0 of 1", c)
	}
	if c := store.Counts(nil)[1].Coverage(); c != nil {
		t.Errorf("coverage of nothing predicted is %v", *c)
	}
}

func TestClassificationSnapshot(t *testing.T) {
	store := newStore(t, digits)
	store.Remember(quality.Prediction{
		ID: []byte("1"), Values: []float32{3, 3, 5, 0}, Confidences: []float32{1, 0.95, 0.5, 0},
	})
	store.Remember(quality.Prediction{ID: []byte("2"), Values: []float32{4}})
	store.Remember(quality.Prediction{Values: []float32{4, 4, 4}})
	_, _ = store.LabelIndices(quality.Scope{}, []byte("1"), []float32{3, 3, 8, 0}, nil)
	_, _ = store.LabelIndices(quality.Scope{}, []byte("2"), []float32{4}, nil)

	s := store.Snapshot()[0]
	if *s.Accuracy() != 0.8 || *s.Coverage() != 5.0/8 || s.Labelled != 5 {
		t.Errorf("accuracy %v, coverage %v, labelled %d", *s.Accuracy(), *s.Coverage(), s.Labelled)
	}
	if lo, hi := quality.Wilson(4, 5); *s.Interval() != [2]float64{lo, hi} {
		t.Errorf("interval %v", *s.Interval())
	}
	if s.Confusion[3][3] != 2 || s.Confusion[8][5] != 1 || s.Confusion[5][8] != 0 {
		t.Errorf("confusion %v", s.Confusion)
	}
	last := s.Calibration[quality.CalibrationBins-1]
	if last.Count != 2 || *last.Accuracy != 1 || last.Upper != 1 || s.Calibration[0].Count != 1 {
		t.Errorf("calibration %+v", s.Calibration)
	}
	// Apart by 0.05 over two rows, 0.5 over one and 1 over one.
	if want := (0.05 + 0.5 + 1) / 4; math.Abs(*s.CalibrationError-want) > 1e-6 {
		t.Errorf("calibration error %v; expected %v", *s.CalibrationError, want)
	}
}

func TestRegressionSnapshot(t *testing.T) {
	store := newStore(t, prices)
	store.Remember(quality.Prediction{ID: []byte("1"), Values: []float32{1, -1, math.MaxFloat32}})
	if _, err := store.LabelIndices(quality.Scope{}, []byte("1"), []float32{4, 3, math.MaxFloat32}, nil); err != nil {
		t.Fatal(err)
	}
	s := store.Snapshot()[0]
	if mae, rmse := *s.MeanAbsoluteError(), *s.RootMeanSquareError(); mae != 7.0/3 || rmse != math.Sqrt(25.0/3) {
		t.Errorf("MAE %v, RMSE %v", mae, rmse)
	}
	if s.Accuracy() != nil || s.Calibration != nil {
		t.Error("a regression has no accuracy")
	}
}

func TestLabelDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStore(t, digits)
		store.Remember(quality.Prediction{ID: []byte("1"), Values: []float32{1}, At: time.Now()})
		store.Remember(quality.Prediction{ID: []byte("2"), Values: []float32{1}})
		time.Sleep(10 * time.Second)
		got, err := store.LabelIndices(quality.Scope{}, []byte("1"), []float32{1}, nil)
		if err != nil || got.Delay != 10*time.Second {
			t.Errorf("delay %v, %v", got.Delay, err)
		}
		time.Sleep(365 * 24 * time.Hour)
		_, _ = store.LabelIndices(quality.Scope{}, []byte("2"), []float32{1}, nil)
		delay := store.Snapshot()[0].LabelDelay
		if math.Abs(delay.P50.Seconds()-10) > 0.1 || delay.Max < 29*24*time.Hour || delay.Max > 31*24*time.Hour {
			t.Errorf("%+v", delay)
		}
	})
}

// A label that comes at once has a delay, too: it is told to the microsecond.
func TestShortLabelDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStore(t, digits)
		remember(store, 1, 1)
		time.Sleep(250 * time.Microsecond)
		answer(t, store, 1, 1, true)
		if d := store.Snapshot()[0].LabelDelay; d.P50 < 248*time.Microsecond || d.Max > 253*time.Microsecond {
			t.Errorf("%+v; expected 250 µs", d)
		}
	})
}
