//go:build torch && linux && cgo

package torch

import (
	"fmt"

	"github.com/sugarme/gotch/libtch"
)

// module is a TorchScript module in evaluation mode, on a device.
type module struct {
	handle   libtch.Cmodule
	argument *libtch.Civalue // of the call that runs; see session.view
	warm     int             // batches of the sizes up to this one were run
	reads    bool            // its argument, and never writes to it
}

func loadModule(path string, device int) (*module, error) {
	const doing = "loading the module"
	m := &module{handle: libtch.AtmLoadOnDevice(path, int32(device)), argument: new(libtch.Civalue)}
	if err := lastError(doing); err != nil {
		return nil, err
	}
	libtch.AtmEval(m.handle)
	if err := lastError(doing); err != nil {
		m.free()
		return nil, err
	}
	m.reads = onlyReads(m)
	forgetMemory()
	return m, nil
}

func (m *module) free() { libtch.AtmFree(m.handle) }

const running = "running the module"

// forward runs the module on a batch and returns what it says, or the first
// of several things that it says.
func (m *module) forward(batch tensor) (tensor, error) {
	*m.argument = libtch.AtiTensor(batch.handle)
	if err := lastError(running); err != nil {
		return tensor{}, err
	}
	defer libtch.AtiFree(*m.argument)
	result := libtch.AtmForward_(m.handle, m.argument, 1)
	if err := lastError(running); err != nil {
		return tensor{}, err
	}
	defer libtch.AtiFree(result)
	return tensorIn(result)
}

// The kinds of a value, as libtch numbers them.
const (
	kindTensor = 1
	kindTuple  = 5
)

func tensorIn(value libtch.Civalue) (tensor, error) {
	kind := libtch.AtiTag(value)
	if err := lastError(running); err != nil {
		return tensor{}, err
	}
	switch kind {
	case kindTensor:
		return tensor{libtch.AtiToTensor(value)}, lastError(running)
	case kindTuple:
		return firstIn(value)
	}
	return tensor{}, &Error{Doing: running, Problem: fmt.Sprintf("it returned %s; expected a tensor, or a tuple that begins with one", valueName(kind))}
}

// firstIn returns the first tensor of a tuple.
func firstIn(tuple libtch.Civalue) (tensor, error) {
	n := int(libtch.AtiTupleLength(tuple))
	if err := lastError(running); err != nil || n < 1 {
		return tensor{}, &Error{Doing: running, Problem: "it returned an empty tuple; expected a tensor first"}
	}
	elements := make([]libtch.Civalue, n)
	libtch.AtiToTuple(tuple, &elements[0], n)
	if err := lastError(running); err != nil {
		return tensor{}, err
	}
	defer func() {
		for _, e := range elements {
			libtch.AtiFree(e)
		}
	}()
	if kind := libtch.AtiTag(elements[0]); kind != kindTensor {
		_ = lastError(running) // of a kind that libtch has no number for
		return tensor{}, &Error{Doing: running, Problem: fmt.Sprintf("it returned a tuple that begins with %s; expected a tensor there", valueName(kind))}
	}
	return tensor{libtch.AtiToTensor(elements[0])}, lastError(running)
}

func valueName(kind int32) string {
	names := map[int32]string{
		0: "nothing", kindTensor: "a tensor", 2: "a float", 3: "an int", 4: "a bool", kindTuple: "a tuple",
		6: "a list of ints", 7: "a list of floats", 8: "a list of bools", 9: "a string", 10: "a list of tensors", 12: "a list", 13: "a dict",
	}
	if name, ok := names[kind]; ok {
		return name
	}
	return "an object"
}
