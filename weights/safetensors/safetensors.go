// Package safetensors reads files of tensors in the format of that name. It
// believes nothing that a file says of itself before it was compared with how
// large the file is.
package safetensors

import (
	"encoding/binary"
	"io"

	"penstock/weights"
)

// maxHeader bounds a safetensors header; an entry takes about a hundred bytes.
const maxHeader = 1 << 20

// Tensor is an array of float32, row-major.
type Tensor struct {
	Shape  []int
	Values []float32
}

// wrong is an error about a field of the file.
func wrong(field, format string, args ...any) error {
	return weights.Wrong("", field, format, args...)
}

// Read reads a safetensors file of size bytes: eight bytes of header
// length, a JSON header, and the tensors' data without gaps
// (github.com/huggingface/safetensors, "Format"). Of the tensors that are wanted
// it takes float32 and float16, turns both into float32, and refuses numbers that
// are not finite. Others, such as a counter that training left there, are of any
// type and come back without values.
//
// What a header claims is compared with size before memory is made: tensors
// take as much as their part of the file (float16: twice that), and reading
// takes a few times the header, which is at most maxHeader, and one buffer.
// Errors are *weights.BundleError.
func Read(r io.Reader, size int64, wanted func(name string) bool) (map[string]Tensor, error) {
	var length [8]byte
	if size < int64(len(length)) {
		return nil, wrong("header", "the file has %d bytes; too short for a safetensors file", size)
	}
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, wrong("header", "cannot be read: %w", err)
	}
	data := size - int64(len(length)) // header and tensors
	n := binary.LittleEndian.Uint64(length[:])
	if n > uint64(data) {
		return nil, wrong("header", "claims %d bytes, but only %d follow: the file is truncated, or is no safetensors file", n, data)
	}
	if n > maxHeader {
		return nil, wrong("header", "has %d bytes; at most %d are read", n, maxHeader)
	}
	header := make([]byte, n)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, wrong("header", "cannot be read: %w", err)
	}
	parts, _, err := readHeader(header, data-int64(n), wanted)
	if err != nil {
		return nil, err
	}
	tensors := make(map[string]Tensor, len(parts))
	buffer := make([]byte, min(64<<10, data-int64(n)))
	for _, p := range parts {
		if !p.wanted {
			if _, err := io.CopyN(io.Discard, r, p.end-p.begin); err != nil {
				return nil, wrong(p.field(), "cannot be read: %w", err)
			}
			tensors[p.name] = Tensor{Shape: p.shape}
			continue
		}
		values := make([]float32, p.count)
		if err := p.dtype.decode(values, r, buffer); err != nil {
			return nil, wrong(p.field(), "%w", err)
		}
		tensors[p.name] = Tensor{p.shape, values}
	}
	return tensors, nil
}
