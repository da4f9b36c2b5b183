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
	input   tensor    // of maxRows rows, on the host
	memory  []float32 // input's
	scale   normaliser

	// What a batch needs, kept so that it is no garbage. C is told where these
	// are, and for that no Go pointer may lie in the same object.
	view, plain *tensor
	size        dimensions
}

// open makes a session whose module has run on batches of every size class.
func (m *Model) open(maxRows int) (*session, error) {
	runtime.LockOSThread() // for errors; the worker's own lock holds longer
	defer runtime.UnlockOSThread()
	prepareThread(m.opt.Threads)
	s := &session{model: m, maxRows: maxRows, view: new(tensor), plain: new(tensor)}
	if err := s.allocate(); err != nil {
		_ = s.Close()
		return nil, err
	}
	var err error
	if s.module, err = m.take(); err == nil {
		err = s.warmUp()
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *session) allocate() (err error) {
	shape := append([]int64{int64(s.maxRows)}, s.model.shape()...)
	if s.input, err = newTensor(shape, cpu); err != nil {
		return err
	}
	s.memory = s.input.memory(s.maxRows * s.model.spec.Features)
	s.scale, err = newNormaliser(s.model)
	return err
}

// shape is a row's, as libtorch wants it.
func (m *Model) shape() []int64 {
	shape := make([]int64, len(m.opt.Shape))
	for i, n := range m.opt.Shape {
		shape[i] = int64(n)
	}
	return shape
}

// Predict implements model.Session. An exception in the module, and scores of
// the wrong shape, are an *Error.
func (s *session) Predict(scores, features []float32, rows int) error {
	spec := &s.model.spec
	model.CheckShapes(*spec, scores, features, rows, s.maxRows)
	if s.module == nil {
		return errors.New("torch: Predict after Close")
	}
	copy(s.memory, features)
	if err := s.run(scores, rows); err != nil {
		return err
	}
	if spec.Task == model.Regression {
		return nil
	}
	width, temperature := spec.Outputs(), s.model.opt.Temperature
	for ; len(scores) > 0; scores = scores[width:] {
		if s.model.opt.Output == Logits {
			model.Softmax(scores[:width], temperature)
		} else {
			model.Temper(scores[:width], temperature)
		}
	}
	return nil
}

// run takes the first rows of the input through the module, and puts what it
// says into scores.
func (s *session) run(scores []float32, rows int) error {
	if err := s.input.first(rows, s.view); err != nil {
		return err
	}
	defer s.view.free()
	batch := *s.view
	if s.model.device != cpu {
		there, err := s.view.on(s.model.device)
		if err != nil {
			return err
		}
		defer there.free()
		batch = there
	}
	if err := s.scale.apply(batch); err != nil {
		return err
	}
	said, err := s.module.forward(batch)
	if err != nil {
		return err
	}
	defer said.free()
	if err := s.size.of(said); err != nil {
		return err
	}
	if err := s.size.expect(rows, s.model.spec.Outputs(), s.model.opt.Output == Value); err != nil {
		return err
	}
	return said.copyTo(scores, s.plain)
}

// Close leaves the module to the next session and frees the rest. A second
// Close does nothing.
func (s *session) Close() error {
	s.scale.free()
	s.input.free()
	if s.module != nil {
		s.model.giveBack(s.module)
	}
	s.scale, s.input, s.memory, s.module = normaliser{}, tensor{}, nil, nil
	return nil
}
