package outputs

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"penstock/model"
)

func several() model.Spec {
	return model.Spec{
		Name: "several", Version: "1", Features: 1,
		Outputs: []model.Output{
			{Name: "kind", Kind: model.Class, Width: 3, Classes: []string{"a", "b", "c"}},
			{Name: "fraud", Kind: model.Class, Width: 1, Classes: []string{"no", "yes"}},
			{Name: "tags", Kind: model.Labels, Width: 2, Classes: []string{"x", "y"}, Thresholds: []float64{0.25, 0.75}},
			{Name: "size", Kind: model.Values, Width: 2},
			{Name: "place", Kind: model.Vector, Width: 2},
		},
	}
}

// Each output finds its own among the scores of all.
func TestDecide(t *testing.T) {
	made, err := Standard().Of(several())
	if err != nil {
		t.Fatal(err)
	}
	scores := []float32{
		0.2, 0.5, 0.3 /**/, 0.875 /**/, 0.25, 0.5 /**/, 7, -8 /**/, 1, 2,
		0.6, 0.3, 0.1 /**/, 0.5 /**/, 0.125, 0.75 /**/, 9, 10 /**/, 3, 4,
	}
	want := []Decided{
		{Values: []float32{1, 0}, Confidences: []float32{0.5, 0.6}, ValueWidth: 1},
		{Values: []float32{1, 0}, Confidences: []float32{0.875, 0.5}, ValueWidth: 1},
		{Values: []float32{1, 0, 0, 1}, Confidences: []float32{0.25, 0.5, 0.125, 0.75}, ValueWidth: 2},
		{Values: []float32{7, -8, 9, 10}, ValueWidth: 2},
		{},
	}
	for i := range made {
		var got Decided
		for range 2 { // into new memory, and into used
			made[i].Decide(2, scores, 10, &got)
			if !slices.Equal(got.Values, want[i].Values) || !slices.Equal(got.Confidences, want[i].Confidences) || got.ValueWidth != want[i].ValueWidth {
				t.Errorf("output %q: %+v; want %+v", made[i].Name, got, want[i])
			}
		}
		if each := testing.AllocsPerRun(100, func() { made[i].Decide(2, scores, 10, &got) }); each != 0 {
			t.Errorf("output %q: deciding allocates %v times; want 0", made[i].Name, each)
		}
	}
}

// A class of two from one probability is what the same two probabilities make it.
func TestClassOfTwo(t *testing.T) {
	of := func(width int) Output {
		made, err := Standard().Of(model.Spec{Outputs: []model.Output{
			{Name: "o", Kind: model.Class, Width: width, Classes: []string{"no", "yes"}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		return made[0]
	}
	one, two := of(1), of(2)
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.OneOf(rapid.Float32Range(0, 1), rapid.SampledFrom([]float32{0, 0.5, 1})).Draw(t, "p")
		var fromOne, fromTwo Decided
		one.Decide(1, []float32{p}, 1, &fromOne)
		two.Decide(1, []float32{1 - p, p}, 2, &fromTwo)
		if fromOne.Values[0] != fromTwo.Values[0] || math.Abs(float64(fromOne.Confidences[0]-fromTwo.Confidences[0])) > 1e-7 {
			t.Fatalf("p = %v: %+v from one, %+v from two", p, fromOne, fromTwo)
		}
	})
}

func TestKindsThatAreNotThere(t *testing.T) {
	spec := several()
	spec.Outputs[3].Kind = "ordinal"
	_, err := Standard().Of(spec)
	wrong, ok := errors.AsType[*model.SpecError](err)
	if !ok || wrong.Field != "outputs.size" {
		t.Errorf("error %v; want a *model.SpecError about outputs.size", err)
	}
	odd := Kind{Name: "ordinal", Check: func(model.Output) error { return errors.New("has too few grades") }}
	if _, err = append(Standard(), odd).Of(spec); err == nil || err.Error() != `model "several": outputs.size has too few grades` {
		t.Errorf("error %v; want the kind's own", err)
	}
}
