//go:build torch && linux && cgo

package torch

import (
	"fmt"

	"penstock/model"
)

// everySize is up to how many rows each size of a batch is tried. oneDNN
// compiles kernels for each, which takes a millisecond and memory that it keeps;
// both belong before the first client. Beyond, sizes double: trying all would
// take too long.
const everySize = 64

// warmUp runs batches of growing sizes up to maxRows, unless the module has run
// them for another session: libtorch compiles on the first run, and chooses
// kernels and makes memory for a size when it first meets it. It is also where
// a module is refused that cannot answer, or not in the right shape.
func (s *session) warmUp() error {
	for rows := 1; s.module.warm < s.maxRows; rows = min(s.nextSize(rows), s.maxRows) {
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

// nextSize leaves no size out that no module of the model has run: kernels are
// the process's.
func (s *session) nextSize(rows int) int {
	known := &s.model.known
	if rows >= everySize || int(known.Load()) > rows {
		return 2 * rows
	}
	known.Store(int64(rows))
	return rows + 1
}

func (s *session) warmOne(rows int) error {
	spec := s.model.spec
	features, scores := make([]float32, rows*spec.Features), make([]float32, rows*spec.Width())
	for i := range features { // a row of means: the middle of what the module was trained on
		mean, _ := spec.Input.At(i % spec.Features)
		features[i] = float32(mean)
	}
	if err := s.run(scores, features, rows); err != nil {
		return fmt.Errorf("%w (trying it on %d rows of mean values)", err, rows)
	}
	if s.model.opt.Output == Probabilities {
		return checkProbabilities(&spec, scores[:spec.Width()])
	}
	return nil
}

var _ model.Model = (*Model)(nil)
