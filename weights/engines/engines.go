// Package engines puts together the engines of this house, for programs that
// have no wishes of their own. Each is in a folder beneath.
package engines

import (
	"penstock/weights"
	"penstock/weights/engines/dense"
	"penstock/weights/engines/torchscript"
)

// All returns every engine, the preferred first. A program with others makes its
// own weights.Engines.
func All() *weights.Engines {
	all, err := weights.NewEngines(dense.Engine(), torchscript.Engine())
	if err != nil {
		panic(err) // of constants; the tests would have seen it
	}
	return all
}
