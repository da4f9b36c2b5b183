package prepare

import (
	"fmt"

	"penstock/model"
)

// blockRows is how many rows are prepared at a time, so that they stay in the cache.
const blockRows = 64

// Model runs a program, and a model behind it.
type Model struct {
	spec    model.Spec
	program Program
	cells   int
	inner   model.Model
}

// New puts a program before a model, which it takes over: closing the one closes the
// other. The spec is what the outside sees: the features that the program begins with
// and the scores that it finishes with. Its Input is applied before the program.
// An engine's name that the spec has stays; else it is that of the model behind.
func New(spec model.Spec, program Program, inner model.Model) (*Model, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	cells, err := program.check(spec.Features)
	if err != nil {
		return nil, fmt.Errorf("model %q: %w", spec.Name, err)
	}
	behind := inner.Spec()
	if len(program.Give) != behind.Features {
		return nil, fmt.Errorf("model %q: a program gives %d numbers to a model that takes %d", spec.Name, len(program.Give), behind.Features)
	}
	if want := program.Finish.width(behind.Width()); want != spec.Width() {
		return nil, fmt.Errorf("model %q: has %d scores, of which %d are made; expected as many", spec.Name, spec.Width(), want)
	}
	if spec.Engine == "" {
		spec.Engine = behind.Engine
	}
	return &Model{spec, program, cells, inner}, nil
}

// width is how many scores there are of so many of the model behind; 0 is an error.
func (f Finish) width(behind int) int {
	switch {
	case f == AsIs || f == Parts:
		return behind
	case f == Complement && behind == 1:
		return 2
	}
	return 0
}

// Spec is the one that New was given.
func (m *Model) Spec() model.Spec { return m.spec }

// Pinned is as of the model behind.
func (m *Model) Pinned() bool { return m.inner.Pinned() }

// Close closes the model behind.
func (m *Model) Close() error { return m.inner.Close() }

// NewSession makes a session of the model behind, and room for a block of rows.
func (m *Model) NewSession(maxRows int) (model.Session, error) {
	inner, err := m.inner.NewSession(min(max(maxRows, 0), blockRows))
	if err != nil {
		return nil, err
	}
	s := &session{Model: m, Session: inner, maxRows: maxRows, cells: make([]float32, m.cells)}
	rows := min(maxRows, blockRows)
	s.given = make([]float32, rows*len(m.program.Give))
	if m.program.Finish != AsIs {
		s.scores = make([]float32, rows*m.inner.Spec().Width())
	}
	return s, nil
}

// session prepares the rows of one worker.
type session struct {
	*Model
	model.Session
	maxRows int
	cells   []float32 // of one row
	given   []float32 // of a block
	scores  []float32 // of a block, where they are finished
}

// Close closes the session of the model behind.
func (s *session) Close() error { return s.Session.Close() }

// Predict implements model.Session.
func (s *session) Predict(scores, features []float32, rows int) error {
	model.CheckShapes(s.spec, scores, features, rows, s.maxRows)
	in, out := s.spec.Features, s.spec.Width()
	for first := 0; first < rows; first += blockRows {
		last := min(first+blockRows, rows)
		if err := s.block(scores[first*out:last*out], features[first*in:last*in], last-first); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) block(scores, features []float32, rows int) error {
	in, given := s.spec.Features, len(s.program.Give)
	for r := range rows {
		s.prepare(s.given[r*given:][:given], features[r*in:][:in])
	}
	if s.program.Finish == AsIs {
		return s.Session.Predict(scores, s.given[:rows*given], rows)
	}
	behind, out := s.inner.Spec().Width(), s.spec.Width()
	if err := s.Session.Predict(s.scores[:rows*behind], s.given[:rows*given], rows); err != nil {
		return err
	}
	for r := range rows {
		s.program.Finish.apply(scores[r*out:][:out], s.scores[r*behind:][:behind])
	}
	return nil
}

// prepare takes one row through the steps.
func (s *session) prepare(given, row []float32) {
	copy(s.cells, row)
	if s.spec.Input.Normalised() {
		for i, x := range row {
			mean, std := s.spec.Rest(i)
			s.cells[i] = float32((float64(x) - mean) / std)
		}
	}
	cells := len(row)
	for i := range s.program.Steps {
		step := &s.program.Steps[i]
		step.run(s.cells, cells)
		cells += len(step.Of)
	}
	for i, c := range s.program.Give {
		given[i] = s.cells[c]
	}
}
