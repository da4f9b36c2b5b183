package dense

import (
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"weak"

	"pgregory.net/rapid"

	"penstock/model"
	"penstock/model/modeltest"
)

func TestConformance(t *testing.T) {
	for _, k := range kernels() {
		t.Run(k.name, func(t *testing.T) {
			modeltest.Run(t, modeltest.Engine{Open: func(t testing.TB) model.Model { return wide(t, k) }, AllocationFree: true})
		})
	}
}

// wide has layers on both sides of a kernel's panel width.
func wide(t testing.TB, k kernel) model.Model {
	spec := classifier(33, 5)
	spec.Input = model.Input{Mean: []float64{0.5}, Std: []float64{2}}
	n, err := build(spec, randomLayers(1, []int{33, 200, 17, 5}, ReLU, Softmax), 0.8, k)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// reference computes in float64, one row, straight from the definition.
func reference(spec model.Spec, layers []Layer, temperature float64, row []float32) []float64 {
	values := make([]float64, len(row))
	for i, x := range row {
		mean, std := spec.Input.At(i)
		values[i] = (float64(x) - mean) / std
	}
	for _, l := range layers {
		next := make([]float64, l.Out)
		for o := range next {
			next[o] = float64(l.Bias[o])
			for i, x := range values {
				next[o] += float64(l.Weight[o*l.In+i]) * x
			}
			if l.Activation != Softmax {
				one := []float32{float32(next[o])}
				l.Activation.apply(one)
				next[o] = float64(one[0])
			}
		}
		values = next
	}
	if layers[len(layers)-1].Activation == Softmax {
		sum := 0.0
		for i := range values {
			values[i] = math.Exp(values[i] / temperature)
			sum += values[i]
		}
		for i := range values {
			values[i] /= sum
		}
	}
	return values
}

// Every kernel computes the network, for any shape, activation and
// normalisation, including means that are too far out to be folded.
func TestNetworkIsTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		widths := rapid.SliceOfN(rapid.IntRange(1, 300), 1, 3).Draw(t, "widths")
		widths = append(widths, rapid.IntRange(2, 12).Draw(t, "classes"))
		hidden := rapid.SampledFrom(Activations()[:len(Activations())-1]).Draw(t, "activation")
		spec := classifier(widths[0], widths[len(widths)-1])
		spec.Input.Mean = []float64{rapid.SampledFrom([]float64{0, 0.13, -5, 101_325}).Draw(t, "mean")}
		spec.Input.Std = []float64{rapid.Float64Range(0.5, 10).Draw(t, "std")}
		layers := randomLayers(rapid.Uint64().Draw(t, "seed"), widths, hidden, Softmax)
		row := make([]float32, spec.Features)
		for i := range row {
			row[i] = float32(spec.Input.Mean[0] + spec.Input.Std[0]*rapid.Float64Range(-2, 2).Draw(t, "x"))
		}

		want := reference(spec, layers, 1.5, row)
		for _, k := range kernels() {
			n, err := build(spec, layers, 1.5, k)
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range predict(t, n, row) {
				if math.Abs(float64(got)-want[i]) > 1e-5 {
					t.Fatalf("%s: score %d is %v; want %v", k.name, i, got, want[i])
				}
			}
		}
	})
}

// The README's promise: a row's scores are the same bits in whatever batch,
// place and memory alignment.
func TestScoresDoNotDependOnTheBatch(t *testing.T) {
	for _, k := range kernels() {
		t.Run(k.name, func(t *testing.T) {
			m := wide(t, k)
			in, out := m.Spec().Features, m.Spec().Width()
			rapid.Check(t, func(t *rapid.T) {
				row := rapid.SliceOfN(rapid.Float32Range(-100, 100), in, in).Draw(t, "row")
				before := rapid.IntRange(0, 150).Draw(t, "rows before")
				after := rapid.IntRange(0, 150).Draw(t, "rows after")
				mate := rapid.Float32Range(-math.MaxFloat32, math.MaxFloat32).Draw(t, "what mates hold")
				shift := rapid.IntRange(0, 15).Draw(t, "shift in memory")

				want := predict(t, m, row)
				batch := make([]float32, shift+(before+1+after)*in)[shift:]
				for i := range batch {
					batch[i] = mate
				}
				copy(batch[before*in:], row)
				got := predict(t, m, batch)[before*out:][:out]
				for i := range want {
					if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
						t.Fatalf("score %d is %v in the batch and %v alone", i, got[i], want[i])
					}
				}
			})
		})
	}
}

// A session lets go of the rows it was given.
func TestSessionsKeepNoRows(t *testing.T) {
	for _, k := range kernels() {
		n, err := build(classifier(300, 10), randomLayers(1, []int{300, 10}, ReLU, Softmax), 1, k)
		if err != nil {
			t.Fatal(err)
		}
		s, err := n.NewSession(blockRows)
		if err != nil {
			t.Fatal(err)
		}
		for _, rows := range []int{blockRows, 1} {
			features := make([]float32, rows*300)
			kept := weak.Make(&features[0])
			if err := s.Predict(make([]float32, rows*10), features, rows); err != nil {
				t.Fatal(err)
			}
			runtime.GC()
			if kept.Value() != nil {
				t.Errorf("%s: %d rows can still be reached", k.name, rows)
			}
		}
		runtime.KeepAlive(s)
	}
}

// A sum that is too small for a float32 may be rounded to −0. The score is 0,
// alone and in a batch.
func TestScoresHaveOneZero(t *testing.T) {
	spec := model.Spec{Name: "r", Features: 3, Outputs: model.OneValue()}
	for _, k := range kernels() {
		n, err := build(spec, []Layer{{Weight: []float32{-1e-30, 1, -1}, In: 3, Out: 1, Activation: Identity}}, 1, k)
		if err != nil {
			t.Fatal(err)
		}
		row := []float32{1e-30, 0, 0}
		for rows := 1; rows <= 20; rows++ {
			for _, score := range predict(t, n, slices.Repeat(row, rows)) {
				if math.Float32bits(score) != 0 {
					t.Fatalf("%s: %d rows: a score is %v, bits %x; want 0", k.name, rows, score, math.Float32bits(score))
				}
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	good := func() (model.Spec, []Layer) {
		return classifier(4, 3), randomLayers(1, []int{4, 6, 3}, ReLU, Softmax)
	}
	cases := []struct {
		name        string
		change      func(*model.Spec, *[]Layer)
		temperature float64
		says        string // empty: accepted
	}{
		{"whole", func(*model.Spec, *[]Layer) {}, 1, ""},
		{"no bias", func(_ *model.Spec, l *[]Layer) { (*l)[0].Bias = nil }, 1, ""},
		{"bad spec", func(s *model.Spec, _ *[]Layer) { s.Features = 0 }, 1, "features"},
		{"no layers", func(_ *model.Spec, l *[]Layer) { *l = nil }, 1, "at least one layer"},
		{"first layer of another width", func(s *model.Spec, _ *[]Layer) { s.Features = 5 }, 1, "layer 0: takes 4 values but is given 5"},
		{"layers do not chain", func(_ *model.Spec, l *[]Layer) { (*l)[1].In = 7 }, 1, "layer 1: takes 7 values but is given 6"},
		{"empty layer", func(_ *model.Spec, l *[]Layer) { (*l)[0].Out = 0 }, 1, "at least 1"},
		{"weights short", func(_ *model.Spec, l *[]Layer) { (*l)[0].Weight = (*l)[0].Weight[1:] }, 1, "has 23 weights"},
		{"sizes whose product overflows", func(_ *model.Spec, l *[]Layer) { (*l)[0].Out = math.MaxInt/2 + 1 }, 1, "at most 67108864"},
		{"too wide", func(_ *model.Spec, l *[]Layer) { (*l)[0].Out = maxWidth + 1 }, 1, "at most 67108864"},
		{"bias short", func(_ *model.Spec, l *[]Layer) { (*l)[1].Bias = (*l)[1].Bias[1:] }, 1, "has 2 biases"},
		{"unknown activation", func(_ *model.Spec, l *[]Layer) { (*l)[0].Activation = "swish" }, 1, `"swish"`},
		{"NaN weight", func(_ *model.Spec, l *[]Layer) { (*l)[0].Weight[3] = float32(math.NaN()) }, 1, "NaN"},
		{"infinite bias", func(_ *model.Spec, l *[]Layer) { (*l)[1].Bias[0] = float32(math.Inf(-1)) }, 1, "infinite"},
		{"softmax inside", func(_ *model.Spec, l *[]Layer) { (*l)[0].Activation = Softmax }, 1, "only the last"},
		{"too many scores", func(s *model.Spec, _ *[]Layer) { s.Outputs = model.OneOf("a", "b") }, 1, "gives 3 scores; the model has 2"},
		{"classification without softmax", func(_ *model.Spec, l *[]Layer) { (*l)[1].Activation = Sigmoid }, 1, "expected softmax"},
		{"regression with softmax", func(s *model.Spec, l *[]Layer) {
			*s = model.Spec{Name: "r", Features: 4, Outputs: model.OneValue()}
			*l = randomLayers(1, []int{4, 1}, ReLU, Softmax)
		}, 1, "always be 1"},
		{"regression with a temperature", func(s *model.Spec, l *[]Layer) {
			*s = model.Spec{Name: "r", Features: 4, Outputs: model.OneValue()}
			*l = randomLayers(1, []int{4, 1}, ReLU, Identity)
		}, 2, "no probabilities"},
		{"temperature zero", func(*model.Spec, *[]Layer) {}, 0, "calibration.temperature"},
		{"temperature NaN", func(*model.Spec, *[]Layer) {}, math.NaN(), "calibration.temperature"},
		{"temperature infinite", func(*model.Spec, *[]Layer) {}, math.Inf(1), "calibration.temperature"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			spec, layers := good()
			c.change(&spec, &layers)
			_, err := New(spec, layers, c.temperature)
			if c.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var layer *LayerError
			var field *model.SpecError
			if !errors.As(err, &layer) && !errors.As(err, &field) {
				t.Fatalf("New: %v; want a *LayerError or a *model.SpecError", err)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("New: %q; want a text with %q", err, c.says)
			}
		})
	}
}
