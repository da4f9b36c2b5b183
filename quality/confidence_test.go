package quality_test

import (
	"bytes"
	"strconv"
	"testing"

	"penstock/quality"
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
