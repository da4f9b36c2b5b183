package quality_test

import (
	"bytes"
	"strconv"
	"testing"

	"penstock/quality"
)

// fallen is a store of a good model whose labels say that it errs: most of them are of
// one caller.
func fallen(t *testing.T) *testStore {
	t.Helper()
	good := 0.95
	s := newStoreWith(t, quality.Options{Record: true, Key: [16]byte{1}}, served{Name: "digits", Version: "1", Classes: digits.Classes, Accuracy: &good})
	for i := range 400 {
		caller := "loud"
		if i%4 == 0 {
			caller = "quiet " + strconv.Itoa(i%3)
		}
		id := []byte(strconv.Itoa(i))
		s.Remember(quality.Prediction{Caller: caller, ID: id, Values: []float32{3}, Confidences: []float32{0.5}})
		if _, err := s.LabelIndices(quality.Scope{}, id, []float32{4}, nil); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// Who labels most is known, also by the next process.
func TestTheLoudestAfterARestart(t *testing.T) {
	s := fallen(t)
	before := s.series[0].Drift()
	if !before.Fallen || before.Loudest != "loud" || before.Part != 0.75 {
		t.Fatalf("%+v; want a fall, with three quarters of the labels from one caller", before)
	}
	var batch quality.Batch
	var kept bytes.Buffer
	if err := s.TakeState(&batch).Write(&kept); err != nil {
		t.Fatal(err)
	}
	next := newStoreWith(t, quality.Options{Key: [16]byte{1}}, digits)
	if err := next.Load(&kept, func(string, []string, int) quality.Judge { return nil }); err != nil {
		t.Fatal(err)
	}
	if after := next.series[0].Drift(); after != before {
		t.Errorf("%+v; want %+v as before", after, before)
	}
}
