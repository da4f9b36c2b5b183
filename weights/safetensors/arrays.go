package safetensors

import (
	"encoding/binary"
	"math"
)

// Array is an array of any type, as the file holds it: in little-endian order.
type Array struct {
	name  string
	Type  string // such as "I32"
	Shape []int
	Data  []byte // a part of the file
}

// Arrays finds the arrays of a safetensors file that lies in memory, and its
// metadata. It checks what Read does but types and shapes, which an array is asked
// for by Int32s and the like. Errors are *weights.BundleError.
func Arrays(file []byte) (arrays map[string]Array, metadata map[string]string, err error) {
	if len(file) < 8 {
		return nil, nil, wrong("header", "the file has %d bytes; too short for a safetensors file", len(file))
	}
	n, data := binary.LittleEndian.Uint64(file), file[8:]
	if n > uint64(len(data)) {
		return nil, nil, wrong("header", "claims %d bytes, but only %d follow: the file is truncated, or is no safetensors file", n, len(data))
	}
	header, data := data[:n], data[n:]
	parts, metadata, err := readHeader(header, int64(len(data)), func(string) bool { return false })
	if err != nil {
		return nil, nil, err
	}
	arrays = make(map[string]Array, len(parts))
	for _, p := range parts {
		arrays[p.name] = Array{p.name, string(p.dtype), p.shape, data[p.begin:p.end:p.end]}
	}
	return arrays, metadata, nil
}

// Int32s are the numbers of an array of type I32, in the file.
type Int32s []byte

// At returns number i.
func (v Int32s) At(i int) int32 { return int32(binary.LittleEndian.Uint32(v[4*i:])) }

// Len is how many there are.
func (v Int32s) Len() int { return len(v) / 4 }

// Float64s are the numbers of an array of type F64, in the file.
type Float64s []byte

// At returns number i.
func (v Float64s) At(i int) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(v[8*i:]))
}

// Len is how many there are.
func (v Float64s) Len() int { return len(v) / 8 }

// Int32s returns the numbers of an array of one dimension and of type I32.
func (a Array) Int32s() (Int32s, error) { return a.of("I32", 4) }

// Float64s returns the numbers of an array of one dimension and of type F64.
func (a Array) Float64s() (Float64s, error) { return a.of("F64", 8) }

// Bytes returns the numbers of an array of one dimension and of type U8.
func (a Array) Bytes() ([]byte, error) { return a.of("U8", 1) }

func (a Array) of(dtype string, width int) ([]byte, error) {
	if n := len(a.Data) / width; a.Type != dtype || len(a.Shape) != 1 || a.Shape[0] != n || n*width != len(a.Data) {
		return nil, wrong("array "+a.name, "is of type %q and shape %v, in %d bytes; expected one dimension of %s", a.Type, a.Shape, len(a.Data), dtype)
	}
	return a.Data, nil
}
