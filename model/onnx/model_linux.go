//go:build amd64 || arm64

package onnx

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"penstock/model"
	"penstock/model/child"
)

// Built reports whether this platform can run the engine.
const Built = true

// Model is a model in a process of its own.
type Model struct {
	spec    model.Spec
	opt     Options
	files   *files
	process *child.Process
	turn    atomic.Uint32
	closing sync.Once
}

// Load starts a process that loads a model. The error is a *LoadError where ONNX
// Runtime, or this package, does not take the model.
func Load(data []byte, spec model.Spec, opt Options) (_ model.Model, err error) {
	spec.Engine = "onnx/runtime"
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	opt.Workers, opt.MaxRows, opt.Temperature = max(opt.Workers, 1), cmp.Or(opt.MaxRows, 64), cmp.Or(opt.Temperature, 1)
	library, err := Find(opt.Library)
	if err != nil {
		return nil, err
	}
	if data, err = withoutZipMaps(data); err != nil {
		return nil, err
	}
	m := &Model{spec: spec, opt: opt}
	if m.files, err = newFiles(data, opt.External); err != nil {
		return nil, err
	}
	s := settings{Library: library, Folder: m.files.folder, Shape: opt.Shape, Single: opt.RowByRow, Threads: 1}
	if opt.Workers == 1 {
		s.Threads = runtime.GOMAXPROCS(0)
	}
	for f := range spec.Features {
		s.Missing = append(s.Missing, spec.MayMiss(f) && len(spec.Input.Fill) == 0)
		if len(spec.Columns) > 0 {
			s.Categories = append(s.Categories, spec.Columns[f].Categories)
		}
	}
	var r ready
	m.process, r, err = start(child.Config{
		Name: "ONNX Runtime for model " + spec.Name, Settings: s, Log: opt.Log,
		Lanes: opt.Workers, MaxRows: opt.MaxRows, Features: spec.Features, Width: spec.Width(),
	}, m.files)
	if err != nil {
		m.files.close()
		return nil, err
	}
	if !r.Single {
		if err = m.proveRows(); err != nil {
			m.Close()
			if failed, ok := errors.AsType[*child.FailedError](err); ok {
				err = &LoadError{"a first batch failed: " + failed.Text, err}
			}
			return nil, err
		}
	}
	return m, nil
}

// Spec describes the model.
func (m *Model) Spec() model.Spec { return m.spec }

// Pinned is false: the library's threads are the process's.
func (m *Model) Pinned() bool { return false }

// Processes returns the state of the one process.
func (m *Model) Processes() []model.Process { return []model.Process{m.process.Status()} }

// Close ends the process.
func (m *Model) Close() (err error) {
	m.closing.Do(func() {
		err = m.process.Close()
		m.files.close()
	})
	return err
}

// NewSession takes any number of rows: more than Options.MaxRows are run in parts.
func (m *Model) NewSession(maxRows int) (model.Session, error) {
	if maxRows < 1 {
		return nil, fmt.Errorf("onnx: a session for %d rows; expected at least 1", maxRows)
	}
	s := &session{Model: m, maxRows: maxRows, lane: int(m.turn.Add(1)-1) % m.opt.Workers}
	s.plain = !m.spec.Input.Normalised() && len(m.spec.Shift) == 0
	if !s.plain {
		s.scratch = make([]float32, min(maxRows, m.opt.MaxRows)*m.spec.Features)
		for f := range m.spec.Features {
			mean, std := m.spec.Rest(f)
			s.mean, s.std = append(s.mean, mean), append(s.std, std)
		}
	}
	return s, nil
}

type session struct {
	*Model
	maxRows, lane int
	plain         bool // rows are what the model takes
	mean, std     []float64
	scratch       []float32 // rows as the model takes them
}

// Predict has the process run the rows. An error wraps model.ErrUnavailable while
// the process is being started again.
func (s *session) Predict(scores, features []float32, rows int) error {
	model.CheckShapes(s.spec, scores, features, rows, s.maxRows)
	n, width := s.spec.Features, s.spec.Width()
	for from := 0; from < rows; from += s.opt.MaxRows {
		count := min(rows-from, s.opt.MaxRows)
		some, part := features[from*n:(from+count)*n], scores[from*width:(from+count)*width]
		if !s.plain {
			s.put(s.scratch, some)
			some = s.scratch[:len(some)]
		}
		if err := s.process.Predict(s.lane, part, some, count); err != nil {
			return err
		}
		if s.opt.Logits {
			for r := range count {
				s.spec.Link(part[r*width:(r+1)*width], s.opt.Temperature)
			}
		}
	}
	return nil
}

// put writes rows as the model takes them.
func (s *session) put(to, from []float32) {
	n := s.spec.Features
	for r := 0; r < len(from); r += n {
		for f := range n {
			to[r+f] = float32((float64(from[r+f]) - s.mean[f]) / s.std[f])
		}
	}
}

// Close has nothing to give back.
func (s *session) Close() error { return nil }

// proveRows fails where a row's scores depend on the rows that it is run with.
func (m *Model) proveRows() error {
	const rows = 13
	n, width := m.spec.Features, m.spec.Width()
	s, err := m.NewSession(rows)
	if err != nil {
		return err
	}
	features, alone := m.sample(rows, 5, -2), make([]float32, rows*width)
	if err = each(s, alone, features, rows); err != nil {
		// Models that take indices or truth values take few numbers.
		features = m.sample(rows, 2, 0)
		if err = each(s, alone, features, rows); err != nil {
			return err
		}
	}
	together := make([]float32, rows*width)
	for _, size := range []int{2, 3, 5, 8, rows} {
		for from := 0; from+size <= rows; from++ {
			some := together[:size*width]
			if err := s.Predict(some, features[from*n:(from+size)*n], size); err != nil {
				return err
			}
			for i, x := range some {
				if math.Float32bits(x) != math.Float32bits(alone[from*width+i]) {
					return &LoadError{Problem: fmt.Sprintf("row %d of a batch of %d scores %v, alone %v: rows of this model depend on each other; serve it with --max-batch 1, or export it so that no step mixes rows",
						i/width, size, x, alone[from*width+i])}
				}
			}
		}
	}
	return nil
}

// each runs rows alone.
func each(s model.Session, scores, features []float32, rows int) error {
	n, width := len(features)/rows, len(scores)/rows
	for r := range rows {
		if err := s.Predict(scores[r*width:(r+1)*width], features[r*n:(r+1)*n], 1); err != nil {
			return err
		}
	}
	return nil
}

// sample makes rows that differ: categories by their index, numbers of so many
// values about the mean.
func (m *Model) sample(rows, values, lowest int) []float32 {
	features := make([]float32, rows*m.spec.Features)
	for i := range features {
		f := i % m.spec.Features
		if len(m.spec.Columns) > 0 && m.spec.Columns[f].Kind == model.Category {
			features[i] = float32((i*7 + i/m.spec.Features) % max(len(m.spec.Columns[f].Categories), 1))
			continue
		}
		mean, std := m.spec.Rest(f)
		features[i] = float32(mean + std*float64((i*7919)%values+lowest))
	}
	return features
}
