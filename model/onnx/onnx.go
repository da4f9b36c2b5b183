// Package onnx runs models of ONNX with ONNX Runtime, in a process of its own: a
// crash of the library costs batches, not the server, and the server stays a static
// program. The process is a small program that is part of this package; it loads the
// library and answers batches through memory that both share.
//
// Only Linux on amd64 and arm64 has it; elsewhere Load returns ErrAbsent.
package onnx

import (
	"errors"
	"log/slog"
)

// ErrAbsent says that this platform cannot run the engine.
var ErrAbsent = errors.New("models are run by ONNX Runtime on Linux only, on amd64 and arm64; use such a machine, or a model that is lowered")

// Options say how to run a model. The zero value will do.
type Options struct {
	// Library is the path of ONNX Runtime's library, or of a folder that holds it;
	// "" has it looked for: see Find.
	Library string
	// Shape is what one row is to the model's only input, such as [1, 28, 28], where
	// the model itself leaves it open. Nil is flat.
	Shape []int
	// Logits says that the outputs' links are to be applied to what the model
	// returns, with Temperature (default 1).
	Logits      bool
	Temperature float64
	// Workers is how many sessions will be used at a time: default 1. With one, the
	// library uses all processors for it, with more, one each.
	Workers int
	// MaxRows is the largest batch to get ready for: default 64. Larger ones are run
	// in parts.
	MaxRows int
	// External are the files of a model that keeps its weights outside, by their
	// names in the model.
	External map[string][]byte
	// RowByRow runs each row alone, for models whose rows depend on each other in a
	// batch, be it by rounding only.
	RowByRow bool
	// Log is told when the process ends and is started again; nil discards that.
	Log *slog.Logger
}

// LoadError says why ONNX Runtime does not serve a model.
type LoadError struct {
	Problem string
	Err     error // may be nil
}

func (e *LoadError) Error() string { return "ONNX Runtime: " + e.Problem }

// Unwrap returns what is behind the problem.
func (e *LoadError) Unwrap() error { return e.Err }
