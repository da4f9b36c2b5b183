package dense

import (
	"fmt"

	"penstock/model"
)

// session predicts for one worker. Rows run through all layers in blocks of
// blockRows, so that what lies between two layers stays in the cache and the
// scratch is small however large the batch.
type session struct {
	network *Network
	maxRows int
	// from and to hold a layer's input and output; they swap at every layer.
	from, to []float32
	// workspace changes its direction from block to block: a processor goes over
	// a layer's weights to and fro, like a shuttle, so that what it saw last, and
	// has in its cache, comes first. Going round in circles, weights that are a
	// little larger than the cache would be thrown out just before they are
	// needed.
	workspace workspace
}

// NewSession makes a session for batches of up to maxRows rows.
func (n *Network) NewSession(maxRows int) (model.Session, error) {
	if maxRows < 1 {
		return nil, fmt.Errorf("model %s: a session for %d rows; expected at least 1", n.spec.Name, maxRows)
	}
	size := min(maxRows, blockRows) * n.widest
	return &session{
		network: n, maxRows: maxRows,
		from: make([]float32, size), to: make([]float32, size),
		workspace: newWorkspace(min(maxRows, blockRows), max(n.widest, n.spec.Features)),
	}, nil
}

// Predict implements model.Session; it never fails.
func (s *session) Predict(scores, features []float32, rows int) error {
	spec := s.network.spec
	model.CheckShapes(spec, scores, features, rows, s.maxRows)
	in, out := spec.Features, s.network.layers[len(s.network.layers)-1].out
	for first := 0; first < rows; first += blockRows {
		block := min(blockRows, rows-first)
		s.block(scores[first*out:(first+block)*out], features[first*in:(first+block)*in], block)
	}
	return nil
}

// block takes up to blockRows rows through every layer. The last one writes into
// scores, itself or by its link.
func (s *session) block(scores, values []float32, rows int) {
	n := s.network
	s.workspace.backwards = !s.workspace.backwards
	if n.normaliser != nil {
		values = s.normalised(values, rows)
	}
	for i, l := range n.layers {
		dst := s.to[:rows*l.out]
		if i == len(n.layers)-1 && l.activation != Softmax {
			dst = scores
		}
		l.multiply(dst, values, rows, &s.workspace)
		if l.activation == Softmax {
			n.kernel.softmax(scores, dst, l.out, n.temperature)
		} else {
			l.activation.apply(dst)
		}
		values = dst
		s.from, s.to = s.to, s.from
	}
	switch n.layers[len(n.layers)-1].activation {
	case Softmax:
		return // has no zeros
	case Linked:
		width := len(scores) / rows
		for row := scores; len(row) > 0; row = row[width:] {
			n.spec.Link(row[:width], n.temperature)
		}
	}
	for i := range scores {
		scores[i] += 0 // makes the −0 that a product may return for 0 a 0
	}
}

func (s *session) normalised(values []float32, rows int) []float32 {
	in := s.network.spec.Features
	for r := range rows {
		s.network.normaliser.apply(s.from[r*in:(r+1)*in], values[r*in:(r+1)*in])
	}
	return s.from[:len(values)]
}

// Close has nothing to free.
func (s *session) Close() error { return nil }
