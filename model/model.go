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

// Task is the kind of question that a model answers.
type Task string

const (
	// Classification models return one score per class: probabilities in
	// [0,1] that sum to one over a row.
	Classification Task = "classification"
	// Regression models return one value per row.
	Regression Task = "regression"
)

// Input tells how a client's numbers become what the network was trained on:
// x' = (x − mean) / std, per feature.
type Input struct {
	// Uint8Scale turns a byte of a uint8 frame into a feature (1/255 for
	// pixels). Zero means that the model takes no uint8 frames.
	Uint8Scale float64
	// Mean and Std have one entry for all features, one per feature, or none.
	Mean, Std []float64
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
	Task    Task
	// Features is the number of float32 values in one row.
	Features int
	// Classes names the scores of a classification model, in order. It is
	// empty for regression.
	Classes []string
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

// Outputs returns how many scores one row yields: one per class, or the one
// value of a regression.
func (s Spec) Outputs() int {
	if s.Task == Regression {
		return 1
	}
	return len(s.Classes)
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
	switch s.Task {
	case Classification:
		if len(s.Classes) < 2 {
			return bad("classes", "has %d entries; a classification needs at least two", len(s.Classes))
		}
		seen := make(map[string]int, len(s.Classes))
		for i, class := range s.Classes {
			if first, ok := seen[class]; ok {
				return bad("classes", "entries %d and %d are both %q; labels must be distinct", first, i, class)
			}
			seen[class] = i
		}
	case Regression:
		if len(s.Classes) != 0 {
			return bad("classes", "has %d entries; a regression has none", len(s.Classes))
		}
	default:
		return bad("task", "is %q; expected %q or %q", s.Task, Classification, Regression)
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
	// Predict reads rows × Features values, row-major and already finite, and
	// writes rows × Outputs scores. It keeps neither slice after it returns.
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
	if len(features) != rows*s.Features || len(scores) != rows*s.Outputs() {
		panic(fmt.Sprintf("model %s: %d rows need %d features and %d scores; got %d and %d",
			s.Name, rows, rows*s.Features, rows*s.Outputs(), len(features), len(scores)))
	}
}
