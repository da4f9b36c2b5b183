package dense

import (
	"testing"

	"penstock/model"
)

func TestFold(t *testing.T) {
	layer := Layer{Weight: []float32{1, 2, 3, 4}, Bias: []float32{10, 20}, In: 2, Out: 2}
	cases := []struct {
		name   string
		in     model.Input
		folded bool
	}{
		{"one mean", model.Input{Mean: []float64{0.5}, Std: []float64{2}}, true},
		{"one per feature", model.Input{Mean: []float64{1, -4}, Std: []float64{0.5, 8}}, true},
		{"deviation only", model.Input{Std: []float64{4}}, true},
		{"mean far from zero", model.Input{Mean: []float64{0, 101_325}, Std: []float64{1, 10}}, false},
		{"deviation so small that weights overflow", model.Input{Std: []float64{1e-300}}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, ok := fold(layer, c.in)
			if ok != c.folded {
				t.Fatalf("fold reports %v; want %v", ok, c.folded)
			}
			if !ok {
				return
			}
			row := []float32{3, -7}
			var x [2]float32
			normalise(x[:], row, c.in)
			for o := range 2 {
				want := layer.Weight[o*2]*x[0] + layer.Weight[o*2+1]*x[1] + layer.Bias[o]
				have := got.Weight[o*2]*row[0] + got.Weight[o*2+1]*row[1] + got.Bias[o]
				if diff := want - have; diff > 1e-4 || diff < -1e-4 {
					t.Errorf("output %d is %v; want %v", o, have, want)
				}
			}
		})
	}
}
