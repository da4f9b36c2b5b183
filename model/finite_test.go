package model_test

import (
	"math"
	"testing"

	"penstock/model"
)

func TestFinite(t *testing.T) {
	inf := float32(math.Inf(1))
	for n := range 40 {
		values := make([]float32, n)
		for i := range values {
			values[i] = []float32{0, -math.MaxFloat32, math.MaxFloat32, math.SmallestNonzeroFloat32}[i%4]
		}
		if !model.Finite(values) {
			t.Errorf("%v: taken for not finite", values)
		}
		for i := range values {
			for _, odd := range []float32{inf, -inf, float32(math.NaN()), math.Float32frombits(0xff800001)} {
				before := values[i]
				values[i] = odd
				if model.Finite(values) {
					t.Errorf("%v at %d of %d: taken for finite", odd, i, n)
				}
				values[i] = before
			}
		}
	}
}
