//go:build !linux || !(amd64 || arm64)

package onnx

import "penstock/model"

// Built reports whether this platform can run the engine.
const Built = false

// Load returns ErrAbsent.
func Load([]byte, model.Spec, Options) (model.Model, error) { return nil, ErrAbsent }
