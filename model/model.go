// Package model says what a model is: what it expects, what it returns, and
// the contract under which a pool of workers may call it. Engines live in
// folders beneath it (model/dense, model/torch) and prove that they keep the
// contract with one suite, model/modeltest.
//
// The package knows nothing of files, sockets or JSON.
package model

import (
	"fmt"
	"math"
)

// Input tells how a client's numbers become what the network was trained on:
// x' = (x − mean) / std, per feature.
type Input struct {
	// Uint8Scale turns a byte of a uint8 frame into a feature (1/255 for
	// pixels). Zero means that the model takes no uint8 frames.
	Uint8Scale float64
	// Mean and Std have one entry for all features, one per feature, or none.
	Mean, Std []float64
	// Fill is what an engine is given in place of a missing value, before Mean and
	// Std: one for all features, one per feature, or none. Without, an engine is
	// given NaN and must know what to do with it.
	Fill []float64
}

// Normalised reports whether rows are shifted or scaled before the network.
func (in Input) Normalised() bool { return len(in.Mean) > 0 || len(in.Std) > 0 }

// At returns the mean and the standard deviation of one feature.
func (in Input) At(feature int) (mean, std float64) {
	return pick(in.Mean, feature, 0), pick(in.Std, feature, 1)
}

func pick(values []float64, i int, none float64) float64 {
	switch len(values) {
	case 0:
		return none
	case 1:
		return values[0]
	}
	return values[i]
}

// Spec is what the outside may know about a model.
type Spec struct {
	Name    string
	Version string
	Engine  string // the engine's name, such as "dense"
	// Features is the number of float32 values in one row.
	Features int
	// Outputs are what a row is answered with, at least one; the first is the
	// prediction that labels are compared with. A row's scores are those of all
	// outputs, one after the other.
	Outputs []Output
	// Columns names the features, in their order; empty where they have no names.
	Columns []Column
	// Missing says that any feature may be missing. A column may say so for itself.
	Missing bool
	Input   Input
	// Shift has one number per feature, or none, which is the usual case. Rows
	// that an engine is given then hold float32(x − shift) in place of x: the
	// means that lie so far from zero that float32 would lose what matters of x.
	// See Input.FarMeans.
	Shift []float64
}

// Rest is Input.At for rows that Shift was taken off.
func (s Spec) Rest(feature int) (mean, std float64) {
	mean, std = s.Input.At(feature)
	return mean - s.ShiftOf(feature), std
}

// ShiftOf returns what is taken off a feature before it becomes a float32.
func (s Spec) ShiftOf(feature int) float64 {
	if len(s.Shift) == 0 {
		return 0
	}
	return s.Shift[feature]
}

// Validate names the first field that makes no sense.
func (s Spec) Validate() error {
	bad := func(field string, format string, args ...any) error {
		return &SpecError{Model: s.Name, Field: field, Problem: fmt.Sprintf(format, args...)}
	}
	if s.Name == "" {
		return bad("name", "is empty; give the model a name")
	}
	if s.Features < 1 {
		return bad("features", "is %d; a row needs at least one feature", s.Features)
	}
	if err := s.validateOutputs(bad); err != nil {
		return err
	}
	if err := s.validateColumns(bad); err != nil {
		return err
	}
	if n := len(s.Shift); n != 0 && n != s.Features {
		return bad("shift", "has %d entries; expected none or %d", n, s.Features)
	}
	return s.Input.validate(s.Features, bad)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// SpecError says which field of a model's description is wrong, and how.
type SpecError struct {
	Model   string
	Field   string
	Problem string
}

func (e *SpecError) Error() string {
	return fmt.Sprintf("model %q: %s %s", e.Model, e.Field, e.Problem)
}

// Model is a trained network, loaded once and shared by every worker.
type Model interface {
	Spec() Spec
	// NewSession returns one worker's way into the model. Weights are shared;
	// a session adds only scratch memory for maxRows rows, or an OS thread's
	// state. It is called, used and closed on the goroutine of one worker,
	// which the pool locks to its OS thread when Pinned says so.
	NewSession(maxRows int) (Session, error)
	// Pinned reports whether a session must stay on the OS thread that made it.
	Pinned() bool
	// Close frees the weights. Every session is closed before.
	Close() error
}

// Session runs batches for one worker. It is not safe for concurrent use.
type Session interface {
	// Predict reads rows × Features values, row-major and already finite, but for
	// NaN where Spec.MayMiss says so and Input.Fill does not, and
	// writes rows × Width scores. It keeps neither slice after it returns.
	//
	// A row's scores depend on that row alone, never on its batch mates.
	//
	// Slices of another length, or rows outside 1..maxRows, are a programmer's
	// error and panic. An error means that the engine failed on this batch; the
	// caller may try parts of it again.
	Predict(scores, features []float32, rows int) error
	Close() error
}

// CheckShapes panics when a batch does not have the shape that Predict
// promises to accept. Engines call it first.
func CheckShapes(s Spec, scores, features []float32, rows, maxRows int) {
	if rows < 1 || rows > maxRows {
		panic(fmt.Sprintf("model %s: batch of %d rows; session made for 1 to %d", s.Name, rows, maxRows))
	}
	if len(features) != rows*s.Features || len(scores) != rows*s.Width() {
		panic(fmt.Sprintf("model %s: %d rows need %d features and %d scores; got %d and %d",
			s.Name, rows, rows*s.Features, rows*s.Width(), len(features), len(scores)))
	}
}
