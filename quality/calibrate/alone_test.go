package calibrate_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"penstock/quality/calibrate"
)

// sources are ways in which a model may be sure of its answers.
var sources = []struct {
	name string
	draw func(r *rand.Rand) float64
}{
	{"anything from a half", func(r *rand.Rand) float64 { return 0.5 + r.Float64()/2 }},
	{"anything", func(r *rand.Rand) float64 { return r.Float64() }},
	{"digits", func(r *rand.Rand) float64 { return 1 - math.Pow(10, -6*r.Float64())*0.6 }},
	{"very sure", func(r *rand.Rand) float64 { return 1 - math.Pow(10, -2-6*r.Float64()) }},
	{"log odds 2 ± 2", func(r *rand.Rand) float64 { return 1 / (1 + math.Exp(-2-2*r.NormFloat64())) }},
	{"a hundred classes", func(r *rand.Rand) float64 { x := r.Float64(); return 0.01 + 0.99*x*x*x }},
	{"always 0.9", func(*rand.Rand) float64 { return 0.9 }},
	{"always 0.999", func(*rand.Rand) float64 { return 0.999 }},
	{"0.6 or 0.999", func(r *rand.Rand) float64 {
		if r.Float64() < 0.2 {
			return 0.6
		}
		return 0.999
	}},
}

// TestCalibratedIsLeftAlone gives 20,000 labels to a fitter of a model that is right as
// often as it says, for each source of confidences. PENSTOCK_MONTE_CARLO=100 gives 100,000
// to each of a hundred.
func TestCalibratedIsLeftAlone(t *testing.T) {
	runs, labels := 1, 20_000
	if text := os.Getenv("PENSTOCK_MONTE_CARLO"); text != "" {
		labels = 100_000
		if _, err := fmt.Sscan(text, &runs); err != nil {
			t.Fatal(err)
		}
	}
	for _, source := range sources {
		t.Run(source.name, func(t *testing.T) {
			t.Parallel()
			adopted := 0
			for seed := range runs {
				r := rand.New(rand.NewPCG(uint64(seed), 20260301))
				if change := firstChange(r, source.draw, labels); change != nil {
					adopted++
					t.Logf("seed %d: %v, z %.2f", seed, &change.To, change.Z)
				}
			}
			if adopted > 0 {
				t.Errorf("%d of %d runs of %d labels adopted a calibrator", adopted, runs, labels)
			}
		})
	}
}

func firstChange(r *rand.Rand, draw func(r *rand.Rand) float64, labels int) *calibrate.Change {
	f := calibrate.NewFitter()
	for i := range labels {
		p := float32(draw(r))
		if change := f.Add(p, r.Float64() < float64(p), uint64(i%100)); change != nil {
			return change
		}
	}
	return nil
}
