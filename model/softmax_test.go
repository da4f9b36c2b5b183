package model_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"penstock/model"
)

func TestSoftmax(t *testing.T) {
	nan := float32(math.NaN())
	cases := []struct {
		name        string
		logits      []float32
		temperature float64
		want        []float32
	}{
		{"equal", []float32{3, 3, 3, 3}, 1, []float32{0.25, 0.25, 0.25, 0.25}},
		{"two to one", []float32{0, float32(math.Log(2))}, 1, []float32{1. / 3, 2. / 3}},
		{"hot", []float32{0, float32(math.Log(4))}, 2, []float32{1. / 3, 2. / 3}},
		{"far apart", []float32{-math.MaxFloat32, math.MaxFloat32}, 1, []float32{0, 1}},
		{"all low", []float32{-1e30, -1e30}, 1, []float32{0.5, 0.5}},
		{"coldest", []float32{1, 0}, math.SmallestNonzeroFloat64, []float32{1, 0}},
		{"NaN spoils the row", []float32{0, nan}, 1, []float32{nan, nan}},
		{"infinity spoils the row", []float32{0, float32(math.Inf(1))}, 1, []float32{nan, nan}},
	}
	same := func(a, b float32) bool {
		return a != a && b != b || math.Abs(float64(a)-float64(b)) < 1e-6
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := slices.Clone(c.logits)
			model.Softmax(got, c.temperature)
			if !slices.EqualFunc(got, c.want, same) {
				t.Errorf("Softmax(%v, %v) = %v; want %v", c.logits, c.temperature, got, c.want)
			}
		})
	}
}

// Temper of the probabilities is Softmax of the logits, for every temperature.
func TestTemperUndoesSoftmax(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logits := rapid.SliceOfN(rapid.Float32Range(-8, 8), 2, 12).Draw(t, "logits")
		temperature := rapid.Float64Range(0.2, 5).Draw(t, "temperature")

		want, got := slices.Clone(logits), slices.Clone(logits)
		model.Softmax(want, temperature)
		model.Softmax(got, 1)
		model.Temper(got, temperature)
		for i := range want {
			if math.Abs(float64(got[i])-float64(want[i])) > 1e-5 {
				t.Fatalf("score %d is %v; want %v", i, got[i], want[i])
			}
		}
	})
}
