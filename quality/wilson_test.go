package quality_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"penstock/quality"
)

func TestWilson(t *testing.T) {
	cases := []struct {
		name       string
		correct, n uint64
		lo, hi     float64
	}{
		{"nothing known", 0, 0, 0, 1},
		{"one miss", 0, 1, 0, 0.793451},
		{"one hit", 1, 1, 0.206549, 1},
		{"none of ten", 0, 10, 0, 0.277533},
		{"all of ten", 10, 10, 0.722467, 1},
		{"half of ten", 5, 10, 0.236593, 0.763407},
		// Newcombe, Two-sided confidence intervals for the single proportion,
		// Statistics in Medicine 17 (1998), table I, method 3.
		{"81 of 263", 81, 263, 0.2553, 0.3662},
		{"15 of 148", 15, 148, 0.0624, 0.1605},
		{"1 of 29", 1, 29, 0.0061, 0.1718},
		{"huge", 1 << 62, 1 << 63, 0.5, 0.5},
		{"all of huge", math.MaxUint64, math.MaxUint64, 1, 1},
		{"more than all", 11, 10, 0.722467, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			lo, hi := quality.Wilson(c.correct, c.n)
			if math.Abs(lo-c.lo) > 6e-5 || math.Abs(hi-c.hi) > 6e-5 {
				t.Errorf("[%.6f, %.6f]; expected [%.6f, %.6f]", lo, hi, c.lo, c.hi)
			}
		})
	}
}

func TestWilsonHoldsTheProportion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(1, 1<<50).Draw(t, "n")
		correct := rapid.Uint64Range(0, n).Draw(t, "correct")
		lo, hi := quality.Wilson(correct, n)
		p := float64(correct) / float64(n)
		const rounding = 1e-12
		if lo < 0 || hi > 1 || lo > p+rounding || hi < p-rounding {
			t.Fatalf("[%v, %v] around %v", lo, hi, p)
		}
		mirroredLo, mirroredHi := quality.Wilson(n-correct, n)
		if math.Abs(lo-(1-mirroredHi)) > 1e-9 || math.Abs(hi-(1-mirroredLo)) > 1e-9 {
			t.Fatalf("not symmetric: [%v, %v] and [%v, %v]", lo, hi, mirroredLo, mirroredHi)
		}
	})
}
