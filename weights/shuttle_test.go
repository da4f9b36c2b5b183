package weights_test

import (
	"math"
	"slices"
	"testing"

	"penstock/weights"
)

// The bundle of the shuttle's sensors is right on as many held-out rows as its recipe
// measured with the library.
func TestShuttle(t *testing.T) {
	b, err := weights.Open("shuttle", known)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	table, err := b.HeldOut()
	if err != nil {
		t.Fatal(err)
	}
	loaded := load(t, b, nil)
	defer loaded.Close()
	if loaded.Reference == nil || loaded.Reference.Rows != 1000 || loaded.GoldenRows != 64 || loaded.Source.Library != "xgboost" {
		t.Errorf("loaded %+v", loaded)
	}
	s, err := loaded.NewSession(table.Len())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	features, holes := make([]float32, len(table.Rows)), 0
	for i, x := range table.Rows {
		if features[i] = float32(x); math.IsNaN(x) {
			holes++
		}
	}
	spec := loaded.Spec()
	scores := make([]float32, table.Len()*spec.Width())
	if err := s.Predict(scores, features, table.Len()); err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, label := range table.Labels {
		row := scores[i*spec.Width():][:spec.Width()]
		if spec.First().Classes[slices.Index(row, slices.Max(row))] == label {
			right++
		}
	}
	want := readMeasured(t, "shuttle").HeldOut
	if accuracy := float64(right) / float64(table.Len()); accuracy != want.Accuracy || table.Len() != want.Rows || holes == 0 {
		t.Errorf("right on %d of %d rows with %d holes; the recipe says %v of %d", right, table.Len(), holes, want.Accuracy, want.Rows)
	}
}
