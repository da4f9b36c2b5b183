package torch

import (
	"fmt"
	"math"
	"slices"

	"penstock/model"
)

// Output says what the module returns for a row. It returns [rows, scores], those
// of all outputs one after the other; a single score may come as [rows].
type Output string

const (
	// Probabilities are scores: in [0,1] for each class, summing to one over an
	// output, in [0,1] for each label, and numbers as they are.
	Probabilities Output = "probabilities"
	// Logits are numbers to which each output's link is ours to apply, model.Spec.Link.
	// Logarithms of probabilities of classes are logits, too.
	Logits Output = "logits"
	// Value is numbers alone, of outputs that are neither class nor labels.
	Value Output = "value"
)

// Options say how a module is run. Zero fields take their defaults.
type Options struct {
	// Output is what the module returns. It has no default.
	Output Output
	// Temperature divides logits of classes before their link; see model.Spec.Link.
	// Default 1.
	Temperature float64
	// Shape is what the module takes a row as, such as [1, 28, 28]; a batch has
	// the number of rows before it. Its product is the number of features.
	// Default: the row as it is, [features].
	Shape []int
	// Device is "cpu" or "cuda:N". Default "cpu".
	Device string
	// Threads is how many threads one operator may use. Default 1, which is
	// right for several workers: together they use the processors already, and
	// more threads would wait for one another. The BLAS has one setting for the
	// whole process; the model loaded last decides it.
	Threads int
	// Ready is how many sessions can be opened without loading the module
	// again: one per worker. Each costs the memory of the weights. Default 1.
	Ready int
	// MaxRows is the largest batch that ready sessions have run before the
	// first client's. Default 64.
	MaxRows int
}

const maxDimensions = 8 // of a row, and of what a module returns

func (o Options) withDefaults(features int) Options {
	for _, d := range []struct {
		field *int
		value int
	}{{&o.Threads, 1}, {&o.Ready, 1}, {&o.MaxRows, 64}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if o.Temperature == 0 {
		o.Temperature = 1
	}
	if o.Device == "" {
		o.Device = "cpu"
	}
	if len(o.Shape) == 0 {
		o.Shape = []int{features}
	}
	return o
}

// validate names the first field that makes no sense for a model.
func (o Options) validate(spec model.Spec) error {
	bad := func(field, format string, args ...any) error {
		return &OptionError{Field: field, Problem: fmt.Sprintf(format, args...)}
	}
	switch {
	case !slices.ContainsFunc(spec.Outputs, isProbable) && o.Output != Value:
		return bad("output", "is %q; a regression returns %q, as does a vector", o.Output, Value)
	case slices.ContainsFunc(spec.Outputs, isProbable) && o.Output != Probabilities && o.Output != Logits:
		return bad("output", "is %q; a classification returns %q or %q, as do labels", o.Output, Probabilities, Logits)
	case !(o.Temperature > 0) || math.IsInf(o.Temperature, 0):
		return bad("temperature", "is %v; expected a finite number above zero", o.Temperature)
	}
	for _, v := range []struct {
		field string
		value int
	}{{"threads", o.Threads}, {"ready", o.Ready}, {"max rows", o.MaxRows}} {
		if v.value < 1 {
			return bad(v.field, "is %d; expected at least 1", v.value)
		}
	}
	if err := CheckShape(o.Shape, spec.Features); err != nil {
		return bad("shape", "%v", err)
	}
	_, err := parseDevice(o.Device)
	return err
}

// isProbable tells whether an output's scores are probabilities.
func isProbable(o model.Output) bool { return o.Kind == model.Class || o.Kind == model.Labels }

// CheckShape says why a row of so many features cannot have a shape.
func CheckShape(shape []int, features int) error {
	if len(shape) < 1 || len(shape) > maxDimensions {
		return fmt.Errorf("has %d dimensions; expected 1 to %d", len(shape), maxDimensions)
	}
	product := 1
	for _, n := range shape {
		if n < 1 || n > features/product {
			return fmt.Errorf("is %v; expected numbers above zero whose product is the number of features, %d", shape, features)
		}
		product *= n
	}
	if product != features {
		return fmt.Errorf("is %v, %d values; a row has %d features", shape, product, features)
	}
	return nil
}
