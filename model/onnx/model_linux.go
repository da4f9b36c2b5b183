//go:build amd64 || arm64

package onnx

import (
	"cmp"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"penstock/model"
)

// Built reports whether this platform can run the engine.
const Built = true

// Model is a model in a process of its own.
type Model struct {
	spec    model.Spec
	opt     Options
	task    task
	file    *os.File
	folder  string // of external data, or ""
	current atomic.Pointer[process]
	turn    atomic.Uint32

	restarts atomic.Uint64
	waiting  atomic.Bool
	stop     chan struct{}
	closing  sync.Once
	done     chan struct{}
}

// Load starts a process that loads a model. The error is a *LoadError where ONNX
// Runtime, or this package, does not take the model.
func Load(data []byte, spec model.Spec, opt Options) (model.Model, error) {
	spec.Engine = "onnx"
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	opt.Workers, opt.MaxRows, opt.Temperature = max(opt.Workers, 1), cmp.Or(opt.MaxRows, 64), cmp.Or(opt.Temperature, 1)
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	library, err := Find(opt.Library)
	if err != nil {
		return nil, err
	}
	data, err = withoutZipMaps(data)
	if err != nil {
		return nil, err
	}
	m := &Model{spec: spec, opt: opt, stop: make(chan struct{}), done: make(chan struct{})}
	defer func() {
		if m.current.Load() == nil {
			m.free()
		}
	}()
	if m.file, err = inMemory("penstock-model", data); err != nil {
		return nil, err
	}
	if m.folder, err = external(opt.External); err != nil {
		return nil, err
	}
	c := config{Library: library, Folder: m.folder, Shape: opt.Shape, Single: opt.RowByRow, Threads: 1}
	if opt.Workers == 1 {
		c.Threads = runtime.GOMAXPROCS(0)
	}
	for f := range spec.Features {
		c.Missing = append(c.Missing, spec.MayMiss(f) && len(spec.Input.Fill) == 0)
		if len(spec.Columns) > 0 {
			c.Categories = append(c.Categories, spec.Columns[f].Categories)
		}
	}
	m.task = task{Lanes: opt.Workers, LaneBytes: laneBytes(opt.MaxRows, spec.Features, spec.Width()), MaxRows: opt.MaxRows,
		Features: spec.Features, Width: spec.Width(), Config: c}
	p, err := start(m.task, m.file)
	if err != nil {
		return nil, err
	}
	m.current.Store(p)
	go m.watch(p)
	if !p.ready.Single {
		if err = m.proveRows(); err != nil {
			m.Close()
			return nil, err
		}
	}
	return m, nil
}

// external puts files where the library finds them.
func external(files map[string][]byte) (folder string, err error) {
	if len(files) == 0 {
		return "", nil
	}
	if folder, err = os.MkdirTemp("", "penstock-onnx-data-"); err != nil {
		return "", err
	}
	for name, data := range files {
		if !filepath.IsLocal(name) {
			return folder, &LoadError{Problem: fmt.Sprintf("external data %q lies outside of the model's folder", name)}
		}
		path := filepath.Join(folder, name)
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = os.WriteFile(path, data, 0o600)
		}
		if err != nil {
			return folder, err
		}
	}
	return folder, nil
}

func (m *Model) free() {
	if m.file != nil {
		m.file.Close()
	}
	if m.folder != "" {
		os.RemoveAll(m.folder)
	}
}

// Pauses before a process that died is started again.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = 10 * time.Second
)

// watch starts the process again whenever it ends.
func (m *Model) watch(p *process) {
	defer close(m.done)
	pause := firstPause
	for {
		since := time.Now()
		select {
		case <-m.stop:
			p.end()
			return
		case <-p.ended:
		}
		m.opt.Log.Warn("ONNX Runtime's process ended and is started again", "model", m.spec.Name, "why", fmt.Sprint(p.why), "said", p.stderr.last())
		p.end()
		if time.Since(since) > longestPause {
			pause = firstPause
		}
		next := (*process)(nil)
		for next == nil {
			m.waiting.Store(true)
			select {
			case <-m.stop:
				return
			case <-time.After(pause):
			}
			m.waiting.Store(false)
			pause = min(2*pause, longestPause)
			var err error
			if next, err = start(m.task, m.file); err != nil {
				m.opt.Log.Error("ONNX Runtime's process did not start", "model", m.spec.Name, "error", err)
			}
		}
		m.restarts.Add(1)
		m.current.Store(next)
		p = next
	}
}

// Spec describes the model.
func (m *Model) Spec() model.Spec { return m.spec }

// Pinned is false: the library's threads are the process's.
func (m *Model) Pinned() bool { return false }

// Processes returns the state of the one process.
func (m *Model) Processes() []model.Process {
	p := m.current.Load()
	state := model.Process{State: model.ProcessReady, Restarts: m.restarts.Load()}
	switch {
	case !p.dead.Load():
		state.PID = p.command.Process.Pid
	case m.waiting.Load():
		state.State = model.ProcessWaiting
	default:
		state.State = model.ProcessStarting
	}
	return []model.Process{state}
}

// Close ends the process.
func (m *Model) Close() error {
	m.closing.Do(func() {
		close(m.stop)
		<-m.done
		m.free()
	})
	return nil
}

// NewSession takes any number of rows: more than Options.MaxRows are run in parts.
func (m *Model) NewSession(maxRows int) (model.Session, error) {
	if maxRows < 1 {
		return nil, fmt.Errorf("onnx: a session for %d rows; expected at least 1", maxRows)
	}
	s := &session{Model: m, maxRows: maxRows, lane: int(m.turn.Add(1)-1) % m.opt.Workers}
	s.plain = !m.spec.Input.Normalised() && len(m.spec.Shift) == 0
	if !s.plain {
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
}

// Predict sends rows through the lane, and reads their scores there.
func (s *session) Predict(scores, features []float32, rows int) error {
	model.CheckShapes(s.spec, scores, features, rows, s.maxRows)
	p := s.current.Load()
	p.RLock()
	defer p.RUnlock()
	if p.dead.Load() || p.lanes == nil {
		return fmt.Errorf("ONNX Runtime's process is being started again: %w", model.ErrUnavailable)
	}
	l := p.lanes[s.lane]
	l.Lock()
	defer l.Unlock()
	width := s.spec.Width()
	for from := 0; from < rows; from += s.opt.MaxRows {
		n := min(rows-from, s.opt.MaxRows)
		s.put(l.features, features[from*s.spec.Features:(from+n)*s.spec.Features])
		if err := l.ask(p, n); err != nil {
			return err
		}
		part := scores[from*width : (from+n)*width]
		copy(part, l.scores)
		if s.opt.Logits {
			for r := range n {
				s.spec.Link(part[r*width:(r+1)*width], s.opt.Temperature)
			}
		}
	}
	return nil
}

// put writes rows as the model takes them.
func (s *session) put(to, from []float32) {
	if s.plain {
		copy(to, from)
		return
	}
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
