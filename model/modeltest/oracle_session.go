package modeltest

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"penstock/model"
)

// oracleSession is one worker's way into an Oracle.
type oracleSession struct {
	oracle  *Oracle
	spec    model.Spec
	maxRows int
	closed  atomic.Bool
}

// Predict answers every row by its nonce, after its fate.
func (s *oracleSession) Predict(scores, features []float32, rows int) error {
	model.CheckShapes(s.spec, scores, features, rows, s.maxRows)
	if s.closed.Load() {
		return errors.New("oracle: Predict after Close")
	}
	if s.oracle.OnBatch != nil {
		s.oracle.OnBatch(rows)
	}
	in, out := s.spec.Features, s.spec.Width()
	for r := range rows {
		if err := s.row(scores[r*out:(r+1)*out], features[r*in:(r+1)*in]); err != nil {
			return err
		}
	}
	return nil
}

func (s *oracleSession) row(scores, row []float32) error {
	o, nonce := s.oracle, uint32(row[0])
	var fate Fate
	if o.OnRow != nil {
		fate = o.OnRow(nonce)
	}
	if fate.Wait != nil {
		<-fate.Wait
	}
	if fate.Panic != nil {
		panic(fate.Panic)
	}
	if fate.Err != nil {
		return fate.Err
	}
	// After the wait, so that a buffer reused too early is noticed.
	for i, x := range row {
		if x != o.feature(nonce, i) {
			return fmt.Errorf("oracle: row of nonce %d is torn: feature %d is %v, expected %v", nonce, i, x, o.feature(nonce, i))
		}
	}
	o.score(scores, nonce)
	if fate.NaN {
		for i := range scores {
			scores[i] = float32(math.NaN())
		}
	}
	return nil
}

// Close fails the second time.
func (s *oracleSession) Close() error {
	if s.closed.Swap(true) {
		return errors.New("oracle: session closed twice")
	}
	s.oracle.sessions.Add(-1)
	return nil
}
