package dense

import (
	"errors"
	"math"
	"strings"
	"testing"

	"penstock/model"
	"penstock/model/modeltest"
)

// ends are outputs, and the last activations that make their scores.
var ends = []struct {
	name        string
	outputs     []model.Output
	last        Activation
	temperature float64
}{
	{"class", model.OneOf("a", "b", "c"), Linked, 2},
	{"one sigmoid", []model.Output{{Name: "spam", Kind: model.Class, Width: 1, Classes: []string{"no", "yes"}}}, Sigmoid, 1},
	{"one sigmoid, tempered", []model.Output{{Name: "spam", Kind: model.Class, Width: 1, Classes: []string{"no", "yes"}}}, Sigmoid, 2},
	{"one sigmoid, linked", []model.Output{{Name: "spam", Kind: model.Class, Width: 1, Classes: []string{"no", "yes"}}}, Linked, 2},
	{"labels", []model.Output{{Name: "tags", Kind: model.Labels, Width: 4, Classes: []string{"a", "b", "c", "d"}}}, Sigmoid, 1},
	{"labels, linked", []model.Output{{Name: "tags", Kind: model.Labels, Width: 4, Classes: []string{"a", "b", "c", "d"}}}, Linked, 1},
	{"values", []model.Output{{Name: "x", Kind: model.Values, Width: 3}}, Identity, 1},
	{"vector of tanh", []model.Output{{Name: "x", Kind: model.Vector, Width: 70}}, Tanh, 1},
	{"vector, linked", []model.Output{{Name: "x", Kind: model.Vector, Width: 70}}, Linked, 1},
	{"several", []model.Output{
		{Name: "kind", Kind: model.Class, Width: 3, Classes: []string{"a", "b", "c"}},
		{Name: "spam", Kind: model.Class, Width: 1, Classes: []string{"no", "yes"}},
		{Name: "tags", Kind: model.Labels, Width: 2, Classes: []string{"x", "y"}},
		{Name: "price", Kind: model.Values, Width: 2},
		{Name: "embedding", Kind: model.Vector, Width: 8},
	}, Linked, 0.7},
}

func withOutputs(outputs []model.Output) model.Spec {
	return model.Spec{Name: "test", Version: "1", Features: 9, Outputs: outputs}
}

func TestKindsConform(t *testing.T) {
	for _, k := range kernels() {
		for _, c := range ends {
			t.Run(k.name+"/"+c.name, func(t *testing.T) {
				modeltest.Run(t, modeltest.Engine{AllocationFree: true, Open: func(t testing.TB) model.Model {
					spec := withOutputs(c.outputs)
					n, err := build(spec, randomLayers(1, []int{9, 20, spec.Width()}, ReLU, c.last), c.temperature, k)
					if err != nil {
						t.Fatal(err)
					}
					return n
				}})
			})
		}
	}
}

// Every output's scores are what its definition makes of the logits in float64,
// to within what Rounding says.
func TestOutputsHaveTheirOwnLinks(t *testing.T) {
	row := []float32{1, -2, 3, 0, 0.5, -0.25, 2, 1, -1}
	for _, k := range kernels() {
		for _, c := range ends {
			t.Run(k.name+"/"+c.name, func(t *testing.T) {
				spec := withOutputs(c.outputs)
				layers := randomLayers(3, []int{9, 20, spec.Width()}, ReLU, c.last)
				for i := range layers[1].Weight {
					layers[1].Weight[i] *= 30
				}
				n, err := build(spec, layers, c.temperature, k)
				if err != nil {
					t.Fatal(err)
				}
				raw := append([]Layer(nil), layers...)
				if c.last != Tanh {
					raw[1].Activation = Identity
				}
				logits := reference(spec, raw, 1, row)
				off := Rounding(spec, layers, c.temperature, row)
				got := predict(t, n, row)
				first := 0
				for _, o := range spec.Outputs {
					for i, want := range defined(o, logits[first:first+o.Width], c.temperature) {
						score := float64(got[first+i])
						if diff := math.Abs(score - want); diff > 8*off[first+i]+1e-7*math.Abs(want) || off[first+i] > 1e-4 {
							t.Errorf("%s, score %d is %v; want %v, within %v", o.Name, i, score, want, off[first+i])
						}
					}
					first += o.Width
				}
			})
		}
	}
}

// defined makes scores of one output's logits by the textbook.
func defined(o model.Output, logits []float64, temperature float64) []float64 {
	scores, sum := make([]float64, len(logits)), 0.0
	for i, x := range logits {
		switch {
		case o.Kind == model.Class && o.Width == 1:
			scores[i] = 1 / (1 + math.Exp(-x/temperature))
		case o.Kind == model.Class:
			scores[i] = math.Exp(x / temperature)
		case o.Kind == model.Labels:
			scores[i] = 1 / (1 + math.Exp(-x))
		default:
			scores[i] = x
		}
		sum += scores[i]
	}
	if o.Kind == model.Class && o.Width > 1 {
		for i := range scores {
			scores[i] /= sum
		}
	}
	return scores
}

func TestEndsRefused(t *testing.T) {
	for _, c := range []struct {
		name        string
		outputs     []model.Output
		last        Activation
		temperature float64
		says        string
	}{
		{"labels with a softmax", ends[4].outputs, Softmax, 1, "over all scores"},
		{"labels without a sigmoid", ends[4].outputs, Identity, 1, "expected sigmoid"},
		{"one sigmoid without one", ends[1].outputs, Identity, 1, "expected sigmoid"},
		{"a vector with a softmax", ends[7].outputs, Softmax, 1, "over all scores"},
		{"several kinds, one sigmoid", ends[len(ends)-1].outputs, Sigmoid, 1, "several kinds"},
		{"several kinds, one softmax", ends[len(ends)-1].outputs, Softmax, 1, "over all scores"},
		{"several kinds, nothing", ends[len(ends)-1].outputs, Identity, 1, "several kinds"},
		{"two classes, one softmax", []model.Output{
			{Name: "a", Kind: model.Class, Width: 2, Classes: []string{"x", "y"}}, {Name: "b", Kind: model.Class, Width: 2, Classes: []string{"x", "y"}},
		}, Softmax, 1, "over all scores"},
		{"labels with a temperature", ends[4].outputs, Sigmoid, 2, "no probabilities to calibrate"},
		{"a vector with a temperature", ends[7].outputs, Tanh, 2, "no probabilities to calibrate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := withOutputs(c.outputs)
			_, err := New(spec, randomLayers(1, []int{9, 20, spec.Width()}, ReLU, c.last), c.temperature)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("New: %v; want a text with %q", err, c.says)
			}
		})
	}
	layers := randomLayers(1, []int{9, 20, 3}, Linked, Linked)
	if _, err := New(withOutputs(ends[0].outputs), layers, 1); err == nil || !strings.Contains(err.Error(), "layer 0") {
		t.Errorf("New with a link inside: %v; want it refused", err)
	}
}

// What may be missing needs a number in its place.
func TestMissingNeedsFill(t *testing.T) {
	spec := withOutputs(ends[0].outputs)
	spec.Missing = true
	layers := randomLayers(1, []int{9, 20, 3}, ReLU, Linked)
	_, err := New(spec, layers, 1)
	if field, ok := errors.AsType[*model.SpecError](err); !ok || field.Field != "input.fill" {
		t.Errorf("New: %v; want it to name input.fill", err)
	}
	spec.Input.Fill = []float64{0}
	if _, err := New(spec, layers, 1); err != nil {
		t.Error(err)
	}
}
