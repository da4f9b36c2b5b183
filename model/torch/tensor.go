//go:build torch && linux && cgo

package torch

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// tensor is a tensor that we own: free drops it. The zero value is none.
type tensor struct{ handle libtch.Ctensor }

// The numbers of libtorch's types (c10/core/ScalarType.h).
const (
	float16  = 5
	float32s = 6
	float64s = 7
	bfloat16 = 15
)

// newTensor makes a tensor of float32 zeros on a device.
func newTensor(shape []int64, device int) (tensor, error) {
	var t tensor
	libtch.AtgZeros(&t.handle, shape, len(shape), float32s, int32(device))
	return t, lastError("making a tensor")
}

// tensorOf makes a tensor on a device with the values of a slice.
func tensorOf(values []float32, shape []int64, device int) (tensor, error) {
	host, err := newTensor(shape, cpu)
	if err != nil {
		return tensor{}, err
	}
	defer host.free()
	copy(host.memory(len(values)), values)
	return host.on(device)
}

// memory is a host tensor's own memory, valid until free. Only the tensor's
// maker may ask, who knows that it is contiguous and how many float32 it has.
func (t tensor) memory(values int) []float32 {
	return unsafe.Slice((*float32)(libtch.AtDataPtr(t.handle)), values)
}

// first returns the first rows of a tensor; both share memory.
func (t tensor) first(rows int) (view tensor, err error) {
	libtch.AtgNarrow(&view.handle, t.handle, 0, 0, int64(rows))
	return view, lastError("taking a batch's rows")
}

// on returns the tensor on a device: another handle of the same, or a copy.
func (t tensor) on(device int) (there tensor, err error) {
	libtch.AtgTo(&there.handle, t.handle, int32(device))
	return there, lastError("moving a tensor to the device")
}

// free drops the tensor; its memory goes with its last handle.
func (t tensor) free() {
	if t.handle != nil {
		libtch.AtFree(t.handle)
	}
}

// expect checks the tensor's shape.
func (t tensor) expect(shapes ...[]int64) error {
	var got [maxDimensions]int64
	n := libtch.AtDim(t.handle)
	if n > maxDimensions {
		return &Error{Doing: "reading the scores", Problem: fmt.Sprintf("the module returned %d dimensions; expected the shape %v", n, shapes[0])}
	}
	if n > 0 {
		libtch.AtShape(t.handle, unsafe.Pointer(&got[0]))
		if err := lastError("reading the scores"); err != nil {
			return err
		}
	}
	for _, shape := range shapes {
		if slices.Equal(got[:n], shape) {
			return nil
		}
	}
	return &Error{Doing: "reading the scores", Problem: fmt.Sprintf("the module returned the shape %v; expected %v", got[:n], shapes[0])}
}

// copyTo writes the values, of any floating type, into dst, which is as long
// as the tensor.
func (t tensor) copyTo(dst []float32) error {
	const doing = "reading the scores"
	switch kind := libtch.AtScalarType(t.handle); kind {
	case float32s:
	case float16, float64s, bfloat16:
		var single tensor
		libtch.AtgToDtype(&single.handle, t.handle, float32s, 0, 0)
		if err := lastError(doing); err != nil {
			return err
		}
		defer single.free()
		t = single
	default:
		return &Error{Doing: doing, Problem: fmt.Sprintf("the module returned numbers of type %s; expected a floating type", kindName(kind))}
	}
	libtch.AtCopyData(t.handle, unsafe.Pointer(&dst[0]), uint(len(dst)), 4)
	return lastError(doing)
}

func kindName(kind int32) string {
	names := []string{"uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex32", "complex64", "complex128", "bool"}
	if kind >= 0 && int(kind) < len(names) {
		return names[kind]
	}
	return fmt.Sprintf("number %d", kind)
}
