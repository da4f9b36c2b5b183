package dense

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// What Rounding says is enough, and not so much that it would hide a fault.
func TestRoundingIsWhatKernelsMiss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		widths := append(rapid.SliceOfN(rapid.IntRange(1, 200), 1, 3).Draw(t, "widths"), rapid.IntRange(2, 12).Draw(t, "classes"))
		hidden := rapid.SampledFrom(Activations()[:len(Activations())-1]).Draw(t, "activation")
		spec := classifier(widths[0], widths[len(widths)-1])
		spec.Input.Std = []float64{rapid.Float64Range(0.5, 10).Draw(t, "std")}
		layers := randomLayers(rapid.Uint64().Draw(t, "seed"), widths, hidden, Softmax)
		row := rapid.SliceOfN(rapid.Float32Range(-3, 3), spec.Features, spec.Features).Draw(t, "row")
		want, off := reference(spec, layers, 1, row), Rounding(spec, layers, 1, row)
		for _, k := range kernels() {
			n, err := build(spec, layers, 1, k)
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range predict(t, n, row) {
				if diff := math.Abs(float64(got) - want[i]); diff > 8*off[i] || off[i] > 1e-4 {
					t.Fatalf("%s: score %d misses by %v; Rounding says %v", k.name, i, diff, off[i])
				}
			}
		}
	})
}
