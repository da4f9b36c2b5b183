package quality_test

import (
	"bytes"
	"strconv"
	"testing"

	"penstock/quality"
	"penstock/quality/calibrate"
)

// labelledPrices are labels of values, each far off.
func labelledPrices(t *testing.T, s *testStore, n int) {
	t.Helper()
	for i := range n {
		id := []byte(strconv.Itoa(i))
		s.Remember(quality.Prediction{ID: id, Values: []float32{1}})
		if _, err := s.LabelIndices(quality.Scope{}, id, []float32{float32(i)}, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// The alpha of requests that say none has a level of its own, also where it is none of
// the usual ones: after so many misses it stands at its lower end.
func TestTheLevelOfAnyAlpha(t *testing.T) {
	for _, alpha := range []float64{0.001, 0.07, 0.1, 0.8} {
		s := newStoreWith(t, quality.Options{Alpha: alpha}, prices)
		labelledPrices(t, s, 5000)
		if got, want := s.series[0].Sets().Level, alpha/50; got < want*(1-1e-9) || got > want*1.5 {
			t.Errorf("alpha %v has level %v; want its lower end, %v", alpha, got, want)
		}
	}
}

// Sets that were judged by another alpha are not counted to those of this one.
func TestSetsOfAnotherAlpha(t *testing.T) {
	s := newStoreWith(t, quality.Options{Alpha: 0.1}, prices)
	labelledPrices(t, s, 100)
	judged := s.series[0].Sets().Judged
	if judged == 0 {
		t.Fatal("no set was judged")
	}
	var batch quality.Batch
	var kept bytes.Buffer
	if err := s.TakeState(&batch).Write(&kept); err != nil {
		t.Fatal(err)
	}
	for alpha, want := range map[float64]uint64{0.1: judged, 0.2: 0} {
		next := newStoreWith(t, quality.Options{Alpha: alpha}, prices)
		if err := next.Load(bytes.NewReader(kept.Bytes()), func(string, []string, int) quality.Judge { return nil }); err != nil {
			t.Fatal(err)
		}
		if got := next.series[0].Sets(); got.Judged != want || got.Rows != 100 {
			t.Errorf("alpha %v: %d judged over %d rows; want %d over 100", alpha, got.Judged, got.Rows, want)
		}
	}
}

// Who is told to leave confidences as they are leaves them, whatever the process before
// had found; and who is told so no more follows the labels again.
func TestToldToLeaveConfidences(t *testing.T) {
	keep := func(s *testStore) []byte {
		var batch quality.Batch
		var kept bytes.Buffer
		if err := s.TakeState(&batch).Write(&kept); err != nil {
			t.Fatal(err)
		}
		return kept.Bytes()
	}
	again := func(frozen bool, kept []byte) *testStore {
		s := newStoreWith(t, quality.Options{Frozen: frozen, Record: true}, digits)
		if err := s.Load(bytes.NewReader(kept), func(string, []string, int) quality.Judge { return nil }); err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := newStoreWith(t, quality.Options{}, digits)
	for i := range 1000 { // sure, and right half of the time
		id := []byte(strconv.Itoa(i))
		before.Remember(quality.Prediction{ID: id, Caller: strconv.Itoa(i % 40), Values: []float32{0}, Confidences: []float32{0.99}})
		if _, err := before.LabelIndices(quality.Scope{}, id, []float32{float32(i / 2 % 2)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if kind := before.series[0].Confidences().Calibrator.Kind; kind == calibrate.Identity {
		t.Fatalf("nothing was adopted: %+v", before.series[0].Confidences())
	}
	told := again(true, keep(before))
	if c := told.series[0].Confidences(); c.Calibrator.Kind != calibrate.Identity || !c.Frozen || !c.Adopted.IsZero() || c.Rows == 0 || c.ECE != c.RawECE {
		t.Errorf("told to leave them: %+v", c)
	}
	var batch quality.Batch
	if told.Take(&batch); len(batch.Events) != 1 || batch.Events[0].Kind != "calibration" {
		t.Errorf("events %+v; want one that tells of the change", batch.Events)
	}
	if c := again(false, keep(told)).series[0].Confidences(); c.Frozen {
		t.Errorf("told so no more: %+v", c)
	}
	if !before.Freeze(before.series[0], true) {
		t.Fatal("not frozen")
	}
	if c := again(false, keep(before)).series[0].Confidences(); !c.Frozen || c.Calibrator.Kind == calibrate.Identity {
		t.Errorf("frozen by somebody: %+v", c)
	}
}
