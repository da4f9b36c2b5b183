// Package python runs models that are Python programs, each session in a process of
// its own (package child), which needs Python and numpy.
//
// A program defines
//
//	def load(folder): ...          # optional: whatever predict is to be given
//	def predict(model, rows): ...  # scores [rows, width], for float32 [rows, features]
//
// and may say what it is: FEATURES, CLASSES, COLUMNS and OUTPUTS, as a manifest has
// them, and MISSING. With ROWS = "columns" rows come by columns, as a dict of arrays: numbers as float32, NaN
// where they are missing, and categories by their names, None where they are.
package python

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"penstock/model"
	"penstock/model/child"
)

// host is the program that runs the program.
//
//go:embed host.py
var host string

// Program is a model's code.
type Program struct {
	Source []byte
	File   string // its path, for tracebacks
	Folder string // is told to load, and is where the program may import from
}

// Options say how to run it. Zero fields take their defaults.
type Options struct {
	// Python is the interpreter. Default: see Find.
	Python string
	// ByColumn has predict be given a dict of arrays. The model's columns need names.
	ByColumn bool
	// Logits says that links are to be applied to what predict returns, with the
	// temperature.
	Logits      bool
	Temperature float64
	// Processes are started beforehand. Default 1.
	Processes int
	// MaxRows is the largest batch that a process is given at a time. Default 64.
	MaxRows     int
	Hang        time.Duration // see child.Config
	MemoryLimit int64
	Log         *slog.Logger
	// Check is called before each start of a process; its error is why that is not
	// started. It may be nil.
	Check func() error
}

// Find returns the interpreter to use where none is named: that of the active virtual
// environment, or python3.
func Find() (string, error) {
	if folder := os.Getenv("VIRTUAL_ENV"); folder != "" {
		python := filepath.Join(folder, "bin", "python")
		if _, err := os.Stat(python); err == nil { //nolint:gosec // the environment is the operator's
			return python, nil
		}
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		return "", errors.New("there is no python3 on the PATH and no virtual environment is active: install Python and numpy, or name one with --python")
	}
	return python, nil
}

// settings are what the host is told.
type settings struct {
	Source  string   `json:"source"`
	File    string   `json:"file"`
	Folder  string   `json:"folder"`
	Columns []column `json:"columns,omitempty"`
}

type column struct {
	Name       string   `json:"name"`
	Categories []string `json:"categories,omitempty"`
}

func (p Program) settings(spec model.Spec, byColumn bool) settings {
	s := settings{Source: string(p.Source), File: p.File, Folder: p.Folder}
	if byColumn {
		for _, c := range spec.Columns {
			s.Columns = append(s.Columns, column{c.Name, c.Categories})
		}
	}
	return s
}

func command(python string) commander {
	return func() (*exec.Cmd, []*os.File, error) {
		return exec.CommandContext(context.Background(), python, "-u", "-c", host), nil, nil //nolint:gosec // the interpreter is the operator's to name
	}
}

type commander = func() (*exec.Cmd, []*os.File, error)

// checked is a command that is only made where check is content.
func checked(check func() error, command commander) commander {
	if check == nil {
		return command
	}
	return func() (*exec.Cmd, []*os.File, error) {
		if err := check(); err != nil {
			return nil, nil, err
		}
		return command()
	}
}

// interpreter is the one to use, checked to be there.
func (o Options) interpreter() (string, error) {
	if o.Python == "" {
		return Find()
	}
	python, err := exec.LookPath(o.Python)
	if err != nil {
		return "", fmt.Errorf("--python %s cannot be run: %w", o.Python, err)
	}
	return python, nil
}

// Said is what a program says of itself.
type Said struct {
	Features int             `json:"features"`
	Classes  []string        `json:"classes"`
	Columns  json.RawMessage `json:"columns"` // names, or objects as in a manifest
	Outputs  json.RawMessage `json:"outputs"` // as in a manifest
	Missing  bool            `json:"missing"` // any value may be missing
	Rows     string          `json:"rows"`    // "columns", or "matrix", which is the default
	Library  string          `json:"library"`
	Version  string          `json:"version"`
	Python   string          `json:"python"`
	Numpy    string          `json:"numpy"`
}

// Ask loads the program, asks what it is, and ends it.
func Ask(p Program, o Options) (Said, error) {
	var said Said
	python, err := o.interpreter()
	if err != nil {
		return said, err
	}
	running, ready, err := child.Start(child.Config{
		Name: filepath.Base(p.File), Command: command(python), Settings: p.settings(model.Spec{}, false),
		Lanes: 1, MaxRows: 1, Features: 1, Width: 1, Log: o.Log,
	})
	if err != nil {
		return said, err
	}
	return said, errors.Join(json.Unmarshal(ready, &said), running.Close())
}

// Model is a program with its processes.
type Model struct {
	spec    model.Spec
	options Options
	config  child.Config

	mu   sync.Mutex
	all  []*child.Process
	free []*child.Process // of them, those without a session
}

// New starts the processes and checks that they answer with the spec's shape, and
// that a row's scores do not depend on its batch.
func New(p Program, spec model.Spec, o Options) (*Model, error) {
	o.Processes, o.MaxRows = max(o.Processes, 1), max(o.MaxRows, 1)
	if o.Temperature == 0 {
		o.Temperature = 1
	}
	python, err := o.interpreter()
	if err != nil {
		return nil, err
	}
	spec.Engine = "python"
	m := &Model{spec: spec, options: o, config: child.Config{
		Name: "model " + spec.Name, Command: checked(o.Check, command(python)), Settings: p.settings(spec, o.ByColumn), Lanes: 1,
		MaxRows: o.MaxRows, Features: spec.Features, Width: spec.Width(), Hang: o.Hang, MemoryLimit: o.MemoryLimit, Log: o.Log,
	}}
	// The first alone: what is wrong with it is said once.
	if err := m.start(1); err != nil {
		return nil, err
	}
	err = m.checkRows()
	if err == nil {
		err = m.start(o.Processes - 1)
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// start starts some processes, at the same time.
func (m *Model) start(n int) error {
	errs := make([]error, n)
	var starting sync.WaitGroup
	for i := range n {
		starting.Go(func() {
			p, _, err := child.Start(m.config)
			if errs[i] = err; err != nil {
				return
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			m.all, m.free = append(m.all, p), append(m.free, p)
		})
	}
	starting.Wait()
	return errors.Join(errs...)
}

// Spec implements model.Model.
func (m *Model) Spec() model.Spec { return m.spec }

// Pinned implements model.Model.
func (m *Model) Pinned() bool { return false }

// Processes implements model.Processes.
func (m *Model) Processes() []model.Process {
	m.mu.Lock()
	defer m.mu.Unlock()
	told := make([]model.Process, len(m.all))
	for i, p := range m.all {
		told[i] = p.Status()
	}
	return told
}

// Close implements model.Model.
func (m *Model) Close() error {
	m.mu.Lock()
	all := m.all
	m.all, m.free = nil, nil
	m.mu.Unlock()
	var ending sync.WaitGroup
	errs := make([]error, len(all))
	for i, p := range all {
		ending.Go(func() { errs[i] = p.Close() })
	}
	ending.Wait()
	return errors.Join(errs...)
}

// NewSession implements model.Model: a session has a process to itself.
func (m *Model) NewSession(maxRows int) (model.Session, error) {
	if maxRows < 1 {
		return nil, fmt.Errorf("a session for %d rows; expected at least 1", maxRows)
	}
	for {
		m.mu.Lock()
		if last := len(m.free) - 1; last >= 0 {
			p := m.free[last]
			m.free = m.free[:last]
			m.mu.Unlock()
			return &session{model: m, process: p, maxRows: maxRows}, nil
		}
		m.mu.Unlock()
		if err := m.start(1); err != nil {
			return nil, err
		}
	}
}

type session struct {
	model   *Model
	process *child.Process
	maxRows int
}

// Predict implements model.Session.
func (s *session) Predict(scores, features []float32, rows int) error {
	spec := s.model.spec
	model.CheckShapes(spec, scores, features, rows, s.maxRows)
	width, most := spec.Width(), s.model.options.MaxRows
	for first := 0; first < rows; first += most {
		n := min(most, rows-first)
		part := scores[first*width:][:n*width]
		if err := s.process.Predict(0, part, features[first*spec.Features:][:n*spec.Features], n); err != nil {
			return err
		}
	}
	if s.model.options.Logits {
		for first := 0; first < len(scores); first += width {
			spec.Link(scores[first:first+width], s.model.options.Temperature)
		}
	}
	return nil
}

// Close implements model.Session: another session may have the process.
func (s *session) Close() error {
	s.model.mu.Lock()
	defer s.model.mu.Unlock()
	s.model.free = append(s.model.free, s.process)
	return nil
}
