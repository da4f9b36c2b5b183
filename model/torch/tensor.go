//go:build torch && linux && cgo

package torch

import (
	"fmt"
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// tensor is a tensor that we own: free drops it.
type tensor struct{ handle libtch.Ctensor }

// The numbers of libtorch's types (c10/core/ScalarType.h).
const (
	float16  = 5
	float32s = 6
	float64s = 7
	bfloat16 = 15
)

// memory is a host tensor's own memory, valid until free. Only the tensor's
// maker may ask, who knows that it is contiguous and how many float32 it has.
func (t tensor) memory(values int) []float32 {
	return unsafe.Slice((*float32)(libtch.AtDataPtr(t.handle)), values)
}

// on returns the tensor on a device: another handle of the same, or a copy.
func (t tensor) on(device int) (there tensor, err error) {
	libtch.AtgTo(&there.handle, t.handle, int32(device))
	return there, lastError("moving a tensor to the device")
}

// free drops the tensor; its memory goes with its last handle.
func (t tensor) free() { libtch.AtFree(t.handle) }

const reading = "reading the scores"

// dimensions are the sizes of a tensor, in memory that is used again.
type dimensions struct {
	sizes [maxDimensions]int64
	n     int
}

func (d *dimensions) of(t tensor) error {
	n := libtch.AtDim(t.handle)
	if n > maxDimensions {
		return &Error{Doing: reading, Problem: fmt.Sprintf("the module returned %d dimensions; expected 1 or 2", n)}
	}
	if d.n = int(n); n == 0 {
		return nil
	}
	libtch.AtShape(t.handle, unsafe.Pointer(&d.sizes[0]))
	return lastError(reading)
}

// expect checks for rows × width; of one value a row, the second dimension may
// be missing where that is said.
func (d *dimensions) expect(rows, width int) error {
	got := d.sizes[:d.n]
	switch {
	case d.n == 2 && got[0] == int64(rows) && got[1] == int64(width):
		return nil
	case width == 1 && d.n == 1 && got[0] == int64(rows):
		return nil
	}
	return &Error{Doing: reading, Problem: fmt.Sprintf("the module returned the shape %v; expected [%d %d]", got, rows, width)}
}

// copyTo writes the values, of any floating type and on any device, into dst,
// which is as long as the tensor. C is not given Go's memory to write into:
// what else lies beside dst is not ours to know. plain is room for a handle.
func (t tensor) copyTo(dst []float32, plain *tensor) error {
	switch kind := libtch.AtScalarType(t.handle); kind {
	case float32s, float16, float64s, bfloat16:
	default:
		return &Error{Doing: reading, Problem: fmt.Sprintf("the module returned numbers of type %s; expected a floating type", kindName(kind))}
	}
	// Another handle of the same tensor, where that is what is wanted already.
	libtch.AtgToDtypeLayout(&plain.handle, t.handle, float32s, cpu, 0, 0)
	if err := lastError(reading); err != nil {
		return err
	}
	converted := *plain
	defer converted.free()
	libtch.AtgContiguous(&plain.handle, converted.handle)
	if err := lastError(reading); err != nil {
		return err
	}
	defer plain.free()
	copy(dst, plain.memory(len(dst)))
	return nil
}

func kindName(kind int32) string {
	names := []string{"uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex32", "complex64", "complex128", "bool"}
	if kind >= 0 && int(kind) < len(names) {
		return names[kind]
	}
	return fmt.Sprintf("number %d", kind)
}
