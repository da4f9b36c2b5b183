package model_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"penstock/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func digits() model.Spec {
	return model.Spec{
		Name: "digits", Version: "1", Engine: "dense",
		Features: 3, Outputs: model.OneOf("a", "b"),
		Input: model.Input{Uint8Scale: 1.0 / 255, Mean: []float64{0.5}, Std: []float64{1, 2, 3}},
	}
}

func TestSpecValidate(t *testing.T) {
	cases := []struct {
		name   string
		change func(*model.Spec)
		field  string // of the error; empty when the spec is valid
		says   string
	}{
		{"whole", func(*model.Spec) {}, "", ""},
		{"regression", func(s *model.Spec) { s.Outputs = model.OneValue() }, "", ""},
		{"no normalisation", func(s *model.Spec) { s.Input = model.Input{} }, "", ""},
		{"no name", func(s *model.Spec) { s.Name = "" }, "name", "is empty"},
		{"no features", func(s *model.Spec) { s.Features = 0 }, "features", "is 0"},
		{"negative features", func(s *model.Spec) { s.Features = -1 }, "features", "is -1"},
		{"no output", func(s *model.Spec) { s.Outputs = nil }, "outputs", "at least one"},
		{"no kind", func(s *model.Spec) { s.Outputs[0].Kind = "" }, "kind", `such as "class"`},
		{"one class", func(s *model.Spec) { s.Outputs = model.OneOf("a") }, "classes", "at least two"},
		{"same class twice", func(s *model.Spec) { s.Outputs = model.OneOf("a", "b", "a") }, "classes", "0 and 2"},
		{"regression with classes", func(s *model.Spec) { s.Outputs[0].Kind = model.Values }, "classes", "a regression has none"},
		{"negative scale", func(s *model.Spec) { s.Input.Uint8Scale = -1 }, "input.uint8_scale", "not negative"},
		{"scale is NaN", func(s *model.Spec) { s.Input.Uint8Scale = math.NaN() }, "input.uint8_scale", "finite"},
		{"two means for three features", func(s *model.Spec) { s.Input.Mean = []float64{1, 2} }, "input.mean", "expected 1 or 3"},
		{"mean is infinite", func(s *model.Spec) { s.Input.Mean = []float64{math.Inf(1)} }, "input.mean", "finite"},
		{"deviation is NaN", func(s *model.Spec) { s.Input.Std[1] = math.NaN() }, "input.std", "entry 1"},
		{"deviation is zero", func(s *model.Spec) { s.Input.Std[2] = 0 }, "input.std", "above zero"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			spec := digits()
			c.change(&spec)
			err := spec.Validate()
			if c.field == "" {
				if err != nil {
					t.Fatalf("Validate() = %v; want nil", err)
				}
				return
			}
			var wrong *model.SpecError
			if !errors.As(err, &wrong) {
				t.Fatalf("Validate() = %v; want a *SpecError", err)
			}
			if wrong.Field != c.field || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Validate() = %q (field %q); want field %q and a text with %q", err, wrong.Field, c.field, c.says)
			}
		})
	}
}

func TestSpecOutputs(t *testing.T) {
	if got := digits().Width(); got != 2 {
		t.Errorf("classification: Outputs() = %d; want 2", got)
	}
	if got := (model.Spec{Outputs: model.OneValue()}).Width(); got != 1 {
		t.Errorf("regression: Outputs() = %d; want 1", got)
	}
}

func TestInputAt(t *testing.T) {
	in := digits().Input
	if mean, std := in.At(2); mean != 0.5 || std != 3 {
		t.Errorf("At(2) = %v, %v; want 0.5, 3", mean, std)
	}
	if mean, std := (model.Input{}).At(2); mean != 0 || std != 1 {
		t.Errorf("no normalisation: At(2) = %v, %v; want 0, 1", mean, std)
	}
}

func TestCheckShapes(t *testing.T) {
	spec := digits()
	cases := []struct {
		name             string
		scores, features int
		rows             int
		panics           bool
	}{
		{"fits", 4, 6, 2, false},
		{"no rows", 0, 0, 0, true},
		{"more rows than the session", 10, 15, 5, true},
		{"features short", 4, 5, 2, true},
		{"scores long", 5, 6, 2, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if got := recover() != nil; got != c.panics {
					t.Errorf("panicked: %v; want %v", got, c.panics)
				}
			}()
			model.CheckShapes(spec, make([]float32, c.scores), make([]float32, c.features), c.rows, 4)
		})
	}
}
