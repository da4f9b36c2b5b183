package dense

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"penstock/model"
)

func TestFold(t *testing.T) {
	near := Layer{Weight: []float32{1, 2, 3, 4}, Bias: []float32{10, 20}, In: 2, Out: 2}
	cases := []struct {
		name   string
		layer  Layer
		in     model.Input
		shift  []float64
		folded bool
	}{
		{"one mean", near, model.Input{Mean: []float64{0.5}, Std: []float64{2}}, nil, true},
		{"one per feature", near, model.Input{Mean: []float64{0.2, -3}, Std: []float64{0.5, 8}}, nil, true},
		{"deviation only", near, model.Input{Std: []float64{4}}, nil, true},
		{"mean two deviations from zero", near, model.Input{Mean: []float64{0.5}, Std: []float64{0.25}}, nil, false},
		{"mean far from zero", near, model.Input{Mean: []float64{0, 101_325}, Std: []float64{1, 10}}, nil, false},
		{"mean far from zero, taken off before", near, model.Input{Mean: []float64{0, 101_325}, Std: []float64{1, 10}}, []float64{0, 101_325}, true},
		{"mean far from zero where no weight is", Layer{Weight: []float32{1, 0}, In: 2, Out: 1}, model.Input{Mean: []float64{0, 101_325}, Std: []float64{1, 10}}, nil, true},
		{"a small part of one output alone is far", Layer{Weight: []float32{1, 0, 0, 1e-6}, In: 2, Out: 2}, model.Input{Mean: []float64{0, 1}, Std: []float64{1, 0.1}}, nil, false},
		{"deviation so small that weights overflow", near, model.Input{Std: []float64{1e-39}}, nil, false},
		{"deviation so large that weights underflow", Layer{Weight: []float32{1e-8}, In: 1, Out: 1}, model.Input{Std: []float64{1e38}}, nil, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, ok := fold(c.layer, model.Spec{Features: c.layer.In, Input: c.in, Shift: c.shift}); ok != c.folded {
				t.Errorf("fold reports %v; want %v", ok, c.folded)
			}
		})
	}
}

// What all inputs at their means make of 784 equal weights is nothing, however
// far from zero the means are.
func TestMeansBecomeZero(t *testing.T) {
	for _, in := range [][2]float64{{0.1307, 0.3081}, {0.5, 0.25}, {1, 0.1}, {300, 10}, {101_325, 10}, {1e-6, 3e-7}, {3, 4}} {
		spec := regression(784, in[0], in[1])
		layer := Layer{Weight: make([]float32, 784), In: 784, Out: 1, Activation: Identity}
		row := make([]float32, 784)
		for i := range 784 {
			layer.Weight[i] = 1. / 28
			row[i] = float32(in[0])
		}
		for _, k := range kernels() {
			n, err := build(spec, []Layer{layer}, 1, k)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := exact(spec, layer, row)
			if got := predict(t, n, row)[0]; math.Abs(float64(got)-want) > 1e-6 {
				t.Errorf("%s, mean %v ± %v: %v; want %v", k.name, in[0], in[1], got, want)
			}
		}
	}
}

// regression describes a model whose features all have one mean and deviation.
func regression(features int, mean, std float64) model.Spec {
	return model.Spec{Name: "r", Version: "1", Features: features, Outputs: model.OneValue(),
		Input: model.Input{Mean: []float64{mean}, Std: []float64{std}}}
}

// exact is one output in float64, and the size of what it is the sum of.
func exact(spec model.Spec, l Layer, row []float32) (sum, size float64) {
	for i, x := range row {
		mean, std := spec.Rest(i)
		term := float64(l.Weight[i]) * (float64(x) - mean) / std
		sum, size = sum+term, size+math.Abs(term)
	}
	return sum, size
}

// Whatever the normalisation, a score is as near to what float64 makes of the
// same numbers as the sum's own size allows.
func TestNormalisedSumsAreFloat64s(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "features")
		std := math.Pow(10, rapid.Float64Range(-6, 6).Draw(t, "size of std"))
		spec := regression(n, std*rapid.Float64Range(-100, 100).Draw(t, "mean in deviations"), std)
		layer := randomLayers(rapid.Uint64().Draw(t, "seed"), []int{n, 1}, ReLU, Identity)[0]
		clear(layer.Bias)
		row := make([]float32, n)
		for i := range row {
			row[i] = float32(spec.Input.Mean[0] + std*rapid.Float64Range(-2, 2).Draw(t, "x"))
		}
		size := 0.0
		for _, w := range layer.Weight {
			size += math.Abs(float64(w))
		}
		want, scale := exact(spec, layer, row)
		for _, k := range kernels() {
			m, err := build(spec, []Layer{layer}, 1, k)
			if err != nil {
				t.Fatal(err)
			}
			if got := predict(t, m, row)[0]; math.Abs(float64(got)-want) > 2e-6*max(scale, size) {
				t.Fatalf("%s: %v; want %v within 2e-6 of %v", k.name, got, want, max(scale, size))
			}
		}
	})
}
