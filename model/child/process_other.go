//go:build !linux

package child

import (
	"encoding/json"
	"fmt"
	"runtime"

	"penstock/model"
)

// Process is a process that runs an engine.
type Process struct{}

// Supported says why processes cannot be run here; nil: they can.
func Supported() error {
	return fmt.Errorf("models in a process of their own run on Linux alone, and this is %s", runtime.GOOS)
}

// Start fails.
func Start(Config) (*Process, json.RawMessage, error) { return nil, nil, Supported() }

// Predict panics: there is no Process.
func (*Process) Predict(int, []float32, []float32, int) error { panic("child: no process") }

// Status panics: there is no Process.
func (*Process) Status() model.Process { panic("child: no process") }

// Close panics: there is no Process.
func (*Process) Close() error { panic("child: no process") }
