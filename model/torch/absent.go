//go:build !torch || !linux || !cgo

package torch

import "penstock/model"

// Built reports whether this build has libtorch.
const Built = false

// Model is never made in a build without libtorch.
type Model struct{ model.Model }

// Load returns ErrAbsent.
func Load([]byte, model.Spec, Options) (*Model, error) { return nil, ErrAbsent }
