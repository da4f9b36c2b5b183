package model

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestExpIsMathExp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := -rapid.OneOf(rapid.Float64Range(0, 1), rapid.Float64Range(0, 708)).Draw(t, "−x")
		if got, want := exp(x), math.Exp(x); math.Abs(got-want) > 7e-9*want {
			t.Fatalf("exp(%v) = %v; want %v", x, got, want)
		}
	})
}

func TestExpAtTheEdges(t *testing.T) {
	if got := exp(0); got != 1 {
		t.Errorf("exp(0) = %v; want 1", got)
	}
	for _, x := range []float64{-708.1, -1e300, math.Inf(-1)} {
		if got := exp(x); got != 0 {
			t.Errorf("exp(%v) = %v; want 0", x, got)
		}
	}
	if got := exp(math.NaN()); !math.IsNaN(got) {
		t.Errorf("exp(NaN) = %v; want NaN", got)
	}
}
