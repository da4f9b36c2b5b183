package model_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"penstock/model"
)

func several() model.Spec {
	return model.Spec{
		Name: "several", Version: "1", Features: 2,
		Outputs: []model.Output{
			{Name: "kind", Kind: model.Class, Width: 3, Classes: []string{"a", "b", "c"}},
			{Name: "fraud", Kind: model.Class, Width: 1, Classes: []string{"no", "yes"}},
			{Name: "tags", Kind: model.Labels, Width: 2, Classes: []string{"x", "y"}, Thresholds: []float64{0.2, 0.8}},
			{Name: "price", Kind: model.Values, Width: 2},
			{Name: "embedding", Kind: model.Vector, Width: 4},
		},
		Columns: []model.Column{
			{Name: "age", Kind: model.Number, Missing: true},
			{Name: "city", Kind: model.Category, Categories: []string{"Paris", "Rome"}, Unknown: model.Own},
		},
	}
}

func TestOutputsAndColumns(t *testing.T) {
	if got := several().Width(); got != 12 {
		t.Errorf("Width() = %d; want 12", got)
	}
	cases := []struct {
		name   string
		change func(*model.Spec)
		field  string
		says   string
	}{
		{"whole", func(*model.Spec) {}, "", ""},
		{"a kind of somebody else's", func(s *model.Spec) { s.Outputs[4].Kind = "ordinal" }, "", ""},
		{"name twice", func(s *model.Spec) { s.Outputs[1].Name = "kind" }, "outputs[1].name", "distinct"},
		{"no name", func(s *model.Spec) { s.Outputs[1].Name = "" }, "outputs[1].name", "empty"},
		{"no width", func(s *model.Spec) { s.Outputs[3].Width = 0 }, "outputs[3].width", "at least 1"},
		{"widths that overflow", func(s *model.Spec) { s.Outputs[3].Width = math.MaxInt - 4 }, "outputs[3].width", "at most"},
		{"a sigmoid for three", func(s *model.Spec) { s.Outputs[0].Width = 1 }, "outputs[0].width", "of two classes"},
		{"labels without names", func(s *model.Spec) { s.Outputs[2].Classes = nil }, "outputs[2].classes", "one per score"},
		{"a threshold of 2", func(s *model.Spec) { s.Outputs[2].Thresholds[1] = 2 }, "outputs[2].thresholds", "entry 1"},
		{"a threshold for two", func(s *model.Spec) { s.Outputs[2].Thresholds = []float64{0.5} }, "outputs[2].thresholds", "or none"},
		{"thresholds of a class", func(s *model.Spec) { s.Outputs[0].Thresholds = []float64{0.5} }, "outputs[0].thresholds", "only labels"},
		{"a vector with names", func(s *model.Spec) { s.Outputs[4].Classes = []string{"a", "b", "c", "d"} }, "outputs[4].classes", "a vector has none"},
		{"a column too few", func(s *model.Spec) { s.Columns = s.Columns[:1] }, "columns", "one per feature"},
		{"a column twice", func(s *model.Spec) { s.Columns[1].Name = "age" }, "columns[1].name", "column 0"},
		{"a column of no kind", func(s *model.Spec) { s.Columns[1].Kind = "" }, "columns[1].kind", "category"},
		{"no categories", func(s *model.Spec) { s.Columns[1].Categories = nil }, "columns[1].categories", "empty"},
		{"a category twice", func(s *model.Spec) { s.Columns[1].Categories[1] = "Paris" }, "columns[1].categories", "0 and 1"},
		{"categories of a number", func(s *model.Spec) { s.Columns[0].Categories = []string{"a"} }, "columns[0].categories", "leave out"},
		{"no such rule", func(s *model.Spec) { s.Columns[1].Unknown = "guess" }, "columns[1].unknown", "refuse"},
		{"missing where none may be", func(s *model.Spec) { s.Columns[1].Unknown = model.AsMissing }, "columns[1].unknown", "may not be missing"},
		{"missing where all may be", func(s *model.Spec) { s.Columns[1].Unknown, s.Missing = model.AsMissing, true }, "", ""},
		{"a fill of NaN", func(s *model.Spec) { s.Input.Fill = []float64{math.NaN()} }, "input.fill", "finite"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			spec := several()
			c.change(&spec)
			err := spec.Validate()
			if c.field == "" {
				if err != nil {
					t.Fatalf("Validate() = %v; want nil", err)
				}
				return
			}
			wrong, ok := errors.AsType[*model.SpecError](err)
			if !ok || wrong.Field != c.field || !strings.Contains(wrong.Problem, c.says) {
				t.Errorf("Validate() = %v; want field %q and a text with %q", err, c.field, c.says)
			}
		})
	}
}

func TestMayMiss(t *testing.T) {
	s := several()
	if !s.MayMiss(0) || s.MayMiss(1) || !s.AnyMissing() {
		t.Error("want the first feature alone to be one that may be missing")
	}
	s.Columns, s.Missing = nil, true
	if !s.MayMiss(1) || !s.AnyMissing() {
		t.Error("want every feature to be one that may be missing")
	}
	s.Missing = false
	if s.MayMiss(1) || s.AnyMissing() {
		t.Error("want no feature to be one that may be missing")
	}
}

// Link by hand: e⁰, e¹, e² over their sum, and sigmoids of 2/2, −1 and 1.
func TestLink(t *testing.T) {
	row := []float32{0, 2, 4, 2, -1, 1, 7, -8, 1, 2, 3, 4}
	want := []float64{0.09003057, 0.24472847, 0.66524096, 0.73105858, 0.26894142, 0.73105858, 7, -8, 1, 2, 3, 4}
	several().Link(row, 2)
	for i, x := range row {
		if math.Abs(float64(x)-want[i]) > 1e-7 {
			t.Errorf("score %d is %v; want %v", i, x, want[i])
		}
	}
}
