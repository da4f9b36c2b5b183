//go:build torch && linux && cgo

package torch

import (
	"fmt"
	"math"

	"penstock/model"
)

// warmUp runs batches of 1, 2, 4 … maxRows rows, unless the module has run
// them for another session: libtorch compiles on the first run, and chooses
// kernels and makes memory for a size when it first meets it. It is also where
// a module is refused that cannot answer, or not in the right shape.
func (s *session) warmUp() error {
	for rows := 1; s.module.warm < s.maxRows; rows = min(2*rows, s.maxRows) {
		if rows <= s.module.warm {
			continue
		}
		if err := s.warmOne(rows); err != nil {
			return err
		}
		s.module.warm = rows
	}
	return nil
}

func (s *session) warmOne(rows int) error {
	spec := s.model.spec
	features, scores := make([]float32, rows*spec.Features), make([]float32, rows*spec.Outputs())
	for i := range features { // a row of means: the middle of what the module was trained on
		mean, _ := spec.Input.At(i % spec.Features)
		features[i] = float32(mean)
	}
	if err := s.run(scores, features, rows); err != nil {
		return fmt.Errorf("%w (trying it on %d rows of mean values)", err, rows)
	}
	if s.model.opt.Output == Probabilities {
		return checkProbabilities(scores[:spec.Outputs()])
	}
	return nil
}

// checkProbabilities tells probabilities from what is not.
func checkProbabilities(row []float32) error {
	sum := 0.0
	for _, p := range row {
		if !(p >= 0 && p <= 1) {
			sum = math.NaN()
		}
		sum += float64(p)
	}
	if math.Abs(sum-1) <= 1e-3 {
		return nil
	}
	return &OptionError{Field: "output", Problem: fmt.Sprintf("is %q, but the module returned %.4v; "+
		"expected numbers in [0,1] that sum to 1. For a module that ends before its softmax, or with a log-softmax, say %q", Probabilities, row, Logits)}
}

var _ model.Model = (*Model)(nil)
