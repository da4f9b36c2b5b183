package dense

import (
	_ "embed"
	"encoding/json"
	"math"
	"slices"
	"testing"

	"penstock/model"
)

// testdata/oracle.py tells how this was made, with numpy.
//
//go:embed testdata/oracle.json
var oracle []byte

// source is oracle.py's source of numbers.
type source uint32

func (s *source) next() float64 {
	*s = *s*1664525 + 1013904223
	return float64(*s>>8)/(1<<24) - 0.5
}

// foretold is a network and what numpy makes of its rows.
type foretold struct {
	Widths []int
	Hidden Activation
	Far    float64 // of the means, in deviations
	Size   float64 // of the deviations
	Scores []float64
	Scales []float64 // Σ |W·z| + |b| of the last layer
}

// network makes what oracle.py made. Products are rounded before they are added:
// some processors would leave that out.
func (f foretold) network(seed int) (model.Spec, []Layer, []float64) {
	from := source(seed)
	n := f.Widths[0]
	spec := model.Spec{Name: "oracle", Version: "1", Features: n, Outputs: model.OneValue()}
	for range n {
		spec.Input.Std = append(spec.Input.Std, f.Size*(0.75+from.next()))
	}
	for i := range n {
		spec.Input.Mean = append(spec.Input.Mean, spec.Input.Std[i]*(2*f.Far*from.next()))
	}
	var layers []Layer
	for i, in := range f.Widths[:len(f.Widths)-1] {
		l := Layer{In: in, Out: f.Widths[i+1], Activation: f.Hidden}
		for range l.In * l.Out {
			l.Weight = append(l.Weight, float32(from.next()*4/math.Sqrt(float64(in))))
		}
		for range l.Out {
			l.Bias = append(l.Bias, float32(from.next()))
		}
		layers = append(layers, l)
	}
	layers[len(layers)-1].Activation = Identity
	var rows []float64
	for i := range len(f.Scores) * n {
		rows = append(rows, spec.Input.Mean[i%n]+float64(spec.Input.Std[i%n]*float64(4*from.next())))
	}
	return spec, layers, rows
}

// Whatever the normalisation, scores are what numpy computes in float64 from the
// same decimals, to within what float32 allows; and the same bits alone and in
// a batch.
func TestScoresAreNumpys(t *testing.T) {
	var networks []foretold
	if err := json.Unmarshal(oracle, &networks); err != nil {
		t.Fatal(err)
	}
	if len(networks) != 300 {
		t.Fatalf("%d networks; want 300", len(networks))
	}
	for _, k := range kernels() {
		worst := 0.0
		for i, f := range networks {
			spec, layers, rows := f.network(i + 1)
			spec.Shift = spec.Input.FarMeans(spec.Features)
			features := make([]float32, len(rows))
			for j, x := range rows {
				features[j] = float32(x - spec.ShiftOf(j%spec.Features))
			}
			n, err := build(spec, layers, 1, k)
			if err != nil {
				t.Fatal(err)
			}
			scores := predict(t, n, features)
			for r, got := range scores {
				row := features[r*spec.Features:][:spec.Features]
				if alone := predict(t, n, row); !slices.EqualFunc(alone, scores[r:r+1], sameBits) {
					t.Errorf("%s, network %d, row %d: %v alone and %v in a batch", k.name, i+1, r, alone[0], got)
				}
				off := math.Abs(float64(got)-f.Scores[r]) / f.Scales[r]
				if worst = max(worst, off); off > 2e-6 {
					t.Errorf("%s, network %d (%v, means %v deviations away), row %d: %v; numpy says %v, within 2e-6 of %v",
						k.name, i+1, f.Hidden, f.Far, r, got, f.Scores[r], f.Scales[r])
				}
			}
		}
		t.Logf("%s: worst %.2g of the sums' size", k.name, worst)
	}
}
