package torch

import (
	"math"
	"strings"
	"testing"

	"penstock/model"
)

func several() *model.Spec {
	return &model.Spec{Name: "test", Version: "1", Features: 2, Outputs: []model.Output{
		{Name: "kind", Kind: model.Class, Width: 2, Classes: []string{"a", "b"}},
		{Name: "spam", Kind: model.Class, Width: 1, Classes: []string{"no", "yes"}},
		{Name: "tags", Kind: model.Labels, Width: 2, Classes: []string{"x", "y"}},
		{Name: "price", Kind: model.Values, Width: 1},
	}}
}

// Tempering scores that were linked without a temperature is linking with one.
func TestTemperIsLinking(t *testing.T) {
	logits := []float32{1, -2, 3, -1, 2, 70}
	for _, temperature := range []float64{0.5, 1, 3} {
		spec := several()
		linked, tempered := append([]float32(nil), logits...), append([]float32(nil), logits...)
		spec.Link(linked, temperature)
		spec.Link(tempered, 1)
		temper(spec, tempered, temperature)
		for i := range linked {
			if math.Abs(float64(linked[i]-tempered[i])) > 1e-6 {
				t.Errorf("temperature %v: score %d is %v; want %v", temperature, i, tempered[i], linked[i])
			}
		}
	}
	certain := []float32{1, 0, 1, 0, 1, 5}
	temper(several(), certain, 2)
	for i, x := range certain {
		if math.IsNaN(float64(x)) {
			t.Errorf("score %d of a certain row is NaN", i)
		}
	}
}

func TestCheckProbabilities(t *testing.T) {
	for _, c := range []struct {
		row  []float32
		says string
	}{
		{[]float32{0.25, 0.75, 1, 1, 1, -70}, ""},
		{[]float32{0.25, 0.5, 1, 1, 1, -70}, `"kind"; expected numbers in [0,1] that sum to 1`},
		{[]float32{0.25, 0.75, -0.1, 1, 1, 0}, `"spam"; expected numbers in [0,1].`},
		{[]float32{0.25, 0.75, 0, 1, 1.5, 0}, `"tags"`},
		{[]float32{float32(math.NaN()), 0.75, 0, 1, 1, 0}, `"kind"`},
	} {
		err := checkProbabilities(several(), c.row)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: error %v; want a text with %q", c.row, err, c.says)
		}
	}
}
