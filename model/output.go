package model

import (
	"fmt"
	"math"
	"slices"
)

// Kind says what the scores of an output mean, and so what its answer is, and what
// a label of it is. These four are built in; package outputs holds what they differ
// in, and others may be added there.
type Kind string

const (
	// Class is one of several classes: a score for each of them, probabilities that
	// sum to one over a row; or, of two classes, the probability of the second alone.
	Class Kind = "class"
	// Labels are each true or not, independently: a probability for each.
	Labels Kind = "labels"
	// Values are numbers: a regression.
	Values Kind = "values"
	// Vector is an embedding: there is no true one to compare it with.
	Vector Kind = "vector"
)

// Output is one of the answers that a model gives to a row.
type Output struct {
	// Name tells outputs of one model apart.
	Name string
	Kind Kind
	// Width is how many scores a row has of this output.
	Width int
	// Classes names the classes of a Class or the Labels, in the order of their
	// scores. Other kinds have none.
	Classes []string
	// Thresholds are from which probability on each of the Labels counts as true:
	// one per label, or none for 0.5.
	Thresholds []float64
}

// PredictionName is the name of an only output that was given none.
const PredictionName = "prediction"

// OneOf is the only output of a classifier.
func OneOf(classes ...string) []Output {
	return []Output{{Name: PredictionName, Kind: Class, Width: len(classes), Classes: classes}}
}

// OneValue is the only output of a regression.
func OneValue() []Output { return []Output{{Name: PredictionName, Kind: Values, Width: 1}} }

// First is the output that labels are compared with.
func (s Spec) First() Output {
	if len(s.Outputs) == 0 {
		return Output{}
	}
	return s.Outputs[0]
}

// Width is how many scores a row has, over all outputs.
func (s Spec) Width() int {
	width := 0
	for _, o := range s.Outputs {
		width += o.Width
	}
	return width
}

// maxWidth keeps the sum of widths, and its product with rows, far from overflow.
const maxWidth = 1 << 26

func (s Spec) validateOutputs(bad complain) error {
	if len(s.Outputs) == 0 {
		return bad("outputs", "is empty; a model needs at least one output")
	}
	for i, o := range s.Outputs {
		at := func(field string) string { return fmt.Sprintf("outputs[%d].%s", i, field) }
		if len(s.Outputs) == 1 {
			at = func(field string) string { return field }
		}
		if o.Name == "" {
			return bad(at("name"), "is empty; give the output a name")
		}
		if slices.ContainsFunc(s.Outputs[:i], func(other Output) bool { return other.Name == o.Name }) {
			return bad(at("name"), "is %q, as is that of an output before it; names must be distinct", o.Name)
		}
		if o.Width < 1 || o.Width > maxWidth || s.Width() > maxWidth {
			return bad(at("width"), "is %d; expected at least 1, and %d over all outputs at most", o.Width, maxWidth)
		}
		if err := o.validate(at, bad); err != nil {
			return err
		}
	}
	return nil
}

func (o Output) validate(at func(string) string, bad complain) error {
	if err := o.distinct(at, bad); err != nil {
		return err
	}
	if o.Kind != Labels && len(o.Thresholds) != 0 {
		return bad(at("thresholds"), "has %d entries; only labels have thresholds", len(o.Thresholds))
	}
	n := len(o.Classes)
	switch o.Kind {
	case "":
		return bad(at("kind"), "is empty; expected one such as %q, %q, %q or %q", Class, Labels, Values, Vector)
	case Class:
		if n < 2 {
			return bad(at("classes"), "has %d entries; a classification needs at least two", n)
		}
		if o.Width != n && (o.Width != 1 || n != 2) {
			return bad(at("width"), "is %d with %d classes; expected a score per class, or, of two classes, one: the probability of the second", o.Width, n)
		}
	case Labels:
		if n != o.Width {
			return bad(at("classes"), "has %d entries; expected %d, one per score", n, o.Width)
		}
		return o.validateThresholds(at, bad)
	case Values, Vector:
		if n != 0 {
			return bad(at("classes"), "has %d entries; %s has none", n, map[Kind]string{Values: "a regression", Vector: "a vector"}[o.Kind])
		}
	}
	return nil
}

func (o Output) distinct(at func(string) string, bad complain) error {
	seen := make(map[string]int, len(o.Classes))
	for i, class := range o.Classes {
		if first, ok := seen[class]; ok {
			return bad(at("classes"), "entries %d and %d are both %q; labels must be distinct", first, i, class)
		}
		seen[class] = i
	}
	return nil
}

func (o Output) validateThresholds(at func(string) string, bad complain) error {
	if n := len(o.Thresholds); n != 0 && n != o.Width {
		return bad(at("thresholds"), "has %d entries; expected one per label, %d, or none", n, o.Width)
	}
	for i, x := range o.Thresholds {
		if !(x >= 0 && x <= 1) || math.IsNaN(x) {
			return bad(at("thresholds"), "entry %d is %v; expected a probability, 0 to 1", i, x)
		}
	}
	return nil
}
