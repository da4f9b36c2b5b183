// Package outputs holds, in one table, all that kinds of output differ in: what is
// decided from the scores, how that is written to the wire, what a label is and how
// it is judged, and how the page shows it. Whoever asks what an output is asks its
// kind, and nobody else branches on it.
//
// A kind more is a Kind more in the table that the composition root hands to the
// catalog: see Standard.
package outputs

import (
	"fmt"

	"penstock/model"
	"penstock/protocol"
	"penstock/quality"
)

// Decided is what was picked from the scores of one output, over the rows of a
// request.
type Decided = protocol.Decided

// Kind is one kind of output.
type Kind struct {
	Name model.Kind
	// Task is the word on the wire for a model whose first output is of this kind.
	Task string
	// View names the way in which the page shows it; see dashboard/src/app/views.
	View string
	// Check says why an output cannot be of this kind, beyond what model.Spec.Validate
	// says. Nil accepts all.
	Check func(model.Output) error
	// Decide makes what picks an output's answer from its scores.
	Decide func(model.Output) Decider
	// Judge makes what reads the labels of an output and adds up what they say.
	Judge func(model.Output) quality.Judge
	// Sets makes what sets are made by, as quality finds their threshold. Nil has none.
	Sets func(model.Output) Setter
	// Format makes what writes an output's answer to the wire.
	Format func(model.Output) protocol.Format
}

// Decider picks the answer of one output. Scores has rows of so many values, stride
// apart, of which the output's own begin at the first. Into has room already: Values
// and Confidences have one entry per row and value, as Format.ValueWidth says, and
// the decider sets all of Values, and all of Confidences or shortens it to none.
//
// It runs for every request, on the goroutine of a worker: it allocates nothing.
type Decider func(rows int, scores []float32, stride int, into *Decided)

// Table is the kinds that there are.
type Table []Kind

// Standard are the built-in kinds.
func Standard() Table { return Table{class(), labels(), values(), vector()} }

// Output is one output of a model that is served.
type Output struct {
	model.Output
	Kind   *Kind
	First  int // of a row's scores, the first that is its own
	Format protocol.Format
	decide Decider
	set    Setter
}

// Of makes the outputs of a model. The error is a *model.SpecError.
func (t Table) Of(spec model.Spec) ([]Output, error) {
	made := make([]Output, 0, len(spec.Outputs))
	first := 0
	for _, o := range spec.Outputs {
		kind := t.find(o.Kind)
		if kind == nil {
			return nil, &model.SpecError{Model: spec.Name, Field: "outputs." + o.Name,
				Problem: fmt.Sprintf("is of kind %q; expected one of %q", o.Kind, t.names())}
		}
		if kind.Check != nil {
			if err := kind.Check(o); err != nil {
				return nil, &model.SpecError{Model: spec.Name, Field: "outputs." + o.Name, Problem: err.Error()}
			}
		}
		one := Output{Output: o, Kind: kind, First: first, Format: kind.Format(o), decide: kind.Decide(o)}
		if kind.Sets != nil {
			one.set = kind.Sets(o)
		}
		made = append(made, one)
		first += o.Width
	}
	return made, nil
}

// Judge makes what judges labels of an output; nil where there is no such kind, or no
// output of it can be like this.
func (t Table) Judge(o model.Output) quality.Judge {
	kind := t.find(o.Kind)
	if kind == nil || kind.Check != nil && kind.Check(o) != nil {
		return nil
	}
	return kind.Judge(o)
}

func (t Table) find(name model.Kind) *Kind {
	for i := range t {
		if t[i].Name == name {
			return &t[i]
		}
	}
	return nil
}

func (t Table) names() (names []model.Kind) {
	for _, k := range t {
		names = append(names, k.Name)
	}
	return names
}

// Decide picks the answers of rows from all scores of their model, stride apart. It
// uses the memory that into has.
func (o *Output) Decide(rows int, scores []float32, stride int, into *Decided) {
	width := o.Format.ValueWidth()
	into.ValueWidth = width
	into.Values = resize(into.Values, rows*width)
	into.Confidences = resize(into.Confidences, rows*width)
	o.decide(rows, scores[o.First:], stride, into)
}

// resize makes a slice so long, with its own memory where that is enough.
func resize(values []float32, n int) []float32 {
	if cap(values) < n {
		return make([]float32, n)
	}
	return values[:n]
}

// Judge makes what judges the labels of this output.
func (o *Output) Judge() quality.Judge { return o.Kind.Judge(o.Output) }
