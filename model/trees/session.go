package trees

import (
	"fmt"

	"penstock/model"
)

// Rows run through the trees in blocks of blockRows, and each block through
// some trees at a time, so that what lies between walking and adding stays in the
// first-level cache.
const (
	blockRows = 64
	arrivals  = 2048 // of rows in trees, held at once
)

// session predicts for one worker.
type session struct {
	model    *Model
	maxRows  int
	walker   walker
	at       []uint32
	float32s []float32 // sums; one of the two is empty
	float64s []float64
}

// NewSession makes a session for batches of up to maxRows rows.
func (m *Model) NewSession(maxRows int) (model.Session, error) {
	if maxRows < 1 {
		return nil, fmt.Errorf("model %s: a session for %d rows; expected at least 1", m.spec.Name, maxRows)
	}
	rows := min(maxRows, blockRows)
	s := &session{model: m, maxRows: maxRows, walker: m.layout.walker(rows), at: make([]uint32, arrivals+spill)}
	if m.sums.double {
		s.float64s = make([]float64, rows*m.sums.width)
	} else {
		s.float32s = make([]float32, rows*m.sums.width)
	}
	return s, nil
}

// Predict implements model.Session; it never fails.
func (s *session) Predict(scores, features []float32, rows int) error {
	spec := &s.model.spec
	model.CheckShapes(*spec, scores, features, rows, s.maxRows)
	in, out := spec.Features, s.model.sums.width
	for first := 0; first < rows; first += blockRows {
		block := min(blockRows, rows-first)
		from, to := features[first*in:(first+block)*in], scores[first*out:(first+block)*out]
		s.walker.begin(from, block)
		if s.model.sums.double {
			run(s, to, from, s.float64s[:block*out], s.model.sums.float64s, block)
		} else {
			run(s, to, from, s.float32s[:block*out], s.model.sums.float32s, block)
		}
	}
	return nil
}

// run takes a block of rows through all trees.
func run[F float](s *session, out, features []float32, totals, values []F, rows int) {
	m := s.model
	start(&m.sums, totals)
	each := arrivals / rows
	for first := 0; first < len(m.sums.trees); first += each {
		trees := min(each, len(m.sums.trees)-first)
		at := s.at[:trees*rows]
		s.walker.walk(at, features, first, trees)
		collect(&m.sums, totals, values, at, first, trees, rows)
	}
	width := m.sums.width
	for r := 0; r < len(totals); r += width {
		finish(&m.sums, totals[r:r+width])
		scores(m.link, out[r:r+width], totals[r:r+width], m.temperature)
	}
}

// Close has nothing to free.
func (s *session) Close() error { return nil }
