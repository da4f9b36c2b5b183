//go:build torch && linux && cgo

package torch

import (
	"errors"
	"runtime"

	"penstock/model"
)

// session predicts for one worker, on that worker's OS thread.
type session struct {
	model   *Model
	module  *module
	maxRows int
	scale   normaliser
	own     []float32 // of maxRows rows, normalised or copied; nil where the caller's serve
	pin     runtime.Pinner

	// What a batch needs, kept so that it is no garbage. C is told where these
	// are, and for that no Go pointer may lie in the same object.
	plain *tensor
	size  dimensions
	shape []int64 // of a batch
}

// open makes a session whose module has run on batches of every size class.
func (m *Model) open(maxRows int) (*session, error) {
	runtime.LockOSThread() // for errors; the worker's own lock holds longer
	defer runtime.UnlockOSThread()
	prepareThread(m.opt.Threads)
	s := &session{
		model: m, maxRows: maxRows, scale: newNormaliser(&m.spec),
		plain: new(tensor), shape: []int64{int64(maxRows)},
	}
	for _, n := range m.opt.Shape {
		s.shape = append(s.shape, int64(n))
	}
	if err := s.prepare(); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *session) prepare() (err error) {
	if s.module, err = s.model.take(); err != nil {
		return err
	}
	// The module gets the caller's own rows where nobody could tell: copying
	// 256 rows of 784 features takes longer than all else beside the module.
	if s.scale.mean != nil || !s.module.reads {
		s.own = make([]float32, s.maxRows*s.model.spec.Features)
	}
	return s.warmUp()
}

// Predict implements model.Session. An exception in the module, and scores of
// the wrong shape, are an *Error.
func (s *session) Predict(scores, features []float32, rows int) error {
	spec := &s.model.spec
	model.CheckShapes(*spec, scores, features, rows, s.maxRows)
	if s.module == nil {
		return errors.New("torch: Predict after Close")
	}
	if err := s.run(scores, features, rows); err != nil {
		return err
	}
	width, temperature := spec.Width(), s.model.opt.Temperature
	switch s.model.opt.Output {
	case Logits:
		for ; len(scores) > 0; scores = scores[width:] {
			spec.Link(scores[:width], temperature)
		}
	case Probabilities:
		for ; len(scores) > 0 && temperature != 1; scores = scores[width:] {
			temper(spec, scores[:width], temperature)
		}
	}
	return nil
}

// run takes rows through the module, and puts what it says into scores.
func (s *session) run(scores, features []float32, rows int) error {
	if s.own != nil {
		s.scale.apply(s.own, features)
		features = s.own[:len(features)]
	}
	s.pin.Pin(&features[0])
	defer s.pin.Unpin()
	s.shape[0] = int64(rows)
	batch, err := lend(features, s.shape)
	if err != nil {
		return err
	}
	defer takeBack(batch)
	if s.model.device == cpu {
		return s.runOn(batch, scores, rows)
	}
	there, err := batch.on(s.model.device)
	if err != nil {
		return err
	}
	defer there.free()
	return s.runOn(there, scores, rows)
}

func (s *session) runOn(batch tensor, scores []float32, rows int) error {
	said, err := s.module.forward(batch)
	if err != nil {
		return err
	}
	defer said.free()
	if err := s.size.of(said); err != nil {
		return err
	}
	if err := s.size.expect(rows, s.model.spec.Width()); err != nil {
		return err
	}
	return said.copyTo(scores, s.plain)
}

// Close leaves the module to the next session. A second Close does nothing.
func (s *session) Close() error {
	if s.module != nil {
		s.model.giveBack(s.module)
	}
	s.own, s.module = nil, nil
	return nil
}
