// Package engines puts together the engines of this house, for programs that
// have no wishes of their own. Each is in a folder beneath.
package engines

import (
	"log/slog"

	"penstock/weights"
	"penstock/weights/engines/dense"
	"penstock/weights/engines/onnx"
	"penstock/weights/engines/python"
	"penstock/weights/engines/torchscript"
	"penstock/weights/engines/trees"
)

// Options are what engines look for outside of bundles. The zero value has them
// find it themselves.
type Options struct {
	// ONNXRuntime is the path of ONNX Runtime's library, or of a folder that holds it.
	ONNXRuntime string
	// Python is the interpreter for models that are Python programs.
	Python string
	// Log is told what processes that run models say, and when they end and are
	// started again; nil discards that.
	Log *slog.Logger
}

// All returns every engine, the preferred first. A program with others makes its
// own weights.Engines.
func All(o Options) *weights.Engines {
	all, err := weights.NewEngines(dense.Engine(), trees.Engine(), torchscript.Engine(),
		onnx.Engine(onnx.Options{Library: o.ONNXRuntime, Log: o.Log}),
		python.Engine(python.Options{Python: o.Python, Log: o.Log}))
	if err != nil {
		panic(err) // of constants; the tests would have seen it
	}
	return all
}
