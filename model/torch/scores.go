package torch

import (
	"fmt"
	"math"

	"penstock/model"
)

// temper recalibrates the probabilities of a row's classes, in place, where the
// module has applied the links itself. At a temperature of 1 it does nothing.
func temper(spec *model.Spec, row []float32, temperature float64) {
	if temperature == 1 {
		return
	}
	for i := range spec.Outputs {
		o := &spec.Outputs[i]
		scores := row[:o.Width]
		row = row[o.Width:]
		switch {
		case o.Kind == model.Class && o.Width > 1:
			model.Temper(scores, temperature)
		case o.Kind == model.Class:
			p := float64(scores[0])
			scores[0] = model.Sigmoid((math.Log(p) - math.Log1p(-p)) / temperature)
		}
	}
}

// checkProbabilities tells probabilities from what is not, in a row.
func checkProbabilities(spec *model.Spec, row []float32) error {
	for i := range spec.Outputs {
		o := &spec.Outputs[i]
		scores := row[:o.Width]
		row = row[o.Width:]
		if !isProbable(*o) {
			continue
		}
		sum, within := 0.0, true
		for _, p := range scores {
			within = within && p >= 0 && p <= 1
			sum += float64(p)
		}
		expected := "numbers in [0,1]"
		if o.Kind == model.Class && o.Width > 1 {
			within = within && math.Abs(sum-1) <= 1e-3
			expected = "numbers in [0,1] that sum to 1"
		}
		if !within {
			return &OptionError{Field: "output", Problem: fmt.Sprintf("is %q, but the module returned %.4v for the output %q; "+
				"expected %s. For a module that ends before its softmax or sigmoid, or with a log-softmax, say %q", Probabilities, scores, o.Name, expected, Logits)}
		}
	}
	return nil
}
