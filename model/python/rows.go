package python

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"penstock/model"
	"penstock/model/child"
)

// How far a row's scores may be from those that it gets in another batch: libraries
// add in another order for another size.
const (
	driftPart = 1e-4 // of the score
	drift     = 1e-6
)

// checkRows refuses a program whose scores for a row depend on the rows beside it:
// made-up rows are predicted together and one by one. Where it does not take such
// rows, nothing is known.
func (m *Model) checkRows() error {
	n := min(m.options.MaxRows, 8)
	if n < 2 {
		return nil // rows are never together
	}
	s, err := m.NewSession(n)
	if err != nil {
		return err
	}
	defer s.Close()
	rows := m.madeUp(n)
	together, alone := make([]float32, n*m.spec.Width()), make([]float32, n*m.spec.Width())
	if err := s.Predict(together, rows, n); err != nil {
		return unlessRows(err)
	}
	for i := range n {
		if err := s.Predict(alone[i*m.spec.Width():][:m.spec.Width()], rows[i*m.spec.Features:][:m.spec.Features], 1); err != nil {
			return unlessRows(err)
		}
	}
	for i := range together {
		x, y := float64(together[i]), float64(alone[i])
		if x != y && !(math.Abs(x-y) <= drift+driftPart*math.Abs(y)) && !(math.IsNaN(x) && math.IsNaN(y)) {
			return fmt.Errorf("a row's score is %v alone and %v beside %d others: predict must answer for each row as if it were alone; "+
				"serve it with --max-batch 1 if it cannot", y, x, n-1)
		}
	}
	return nil
}

// unlessRows lets go of an error that made-up rows may be to blame for.
func unlessRows(err error) error {
	failed, ok := errors.AsType[*child.FailedError](err)
	if ok && !strings.Contains(failed.Text, "predict returned an array of shape") && !strings.Contains(failed.Text, "predict returned several arrays") { // as the host says it
		return nil
	}
	return err
}

// madeUp are rows such as the model may get.
func (m *Model) madeUp(n int) []float32 {
	random := rand.New(rand.NewPCG(3, 5))
	rows := make([]float32, n*m.spec.Features)
	for i := range rows {
		feature := i % m.spec.Features
		if len(m.spec.Columns) > 0 && m.spec.Columns[feature].Kind == model.Category {
			rows[i] = float32(random.IntN(len(m.spec.Columns[feature].Categories)))
			continue
		}
		rows[i] = float32(random.NormFloat64())
	}
	return rows
}
