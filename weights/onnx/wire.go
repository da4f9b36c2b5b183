package onnx

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a message, as it lies in the file.
type field struct {
	number protowire.Number
	kind   protowire.Type
	bits   uint64 // of a varint or a fixed number
	bytes  []byte // of all else: a part of the file, not a copy
}

// fields calls each for the fields of a message, in their order.
func fields(message []byte, each func(field) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return malformed(n)
		}
		message = message[n:]
		f := field{number: number, kind: kind}
		switch kind {
		case protowire.VarintType:
			f.bits, n = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(message)
			f.bits = uint64(bits)
		case protowire.Fixed64Type:
			f.bits, n = protowire.ConsumeFixed64(message)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(message)
		default: // groups, which ONNX has none of
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return malformed(n)
		}
		message = message[n:]
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

func malformed(n int) error {
	return fmt.Errorf("is no ONNX model, or a damaged one: %w", protowire.ParseError(n))
}

func (f field) float() float32 { return math.Float32frombits(uint32(f.bits)) }

// varints appends the numbers of a repeated field, which may be packed.
func (f field) varints(all []int64) ([]int64, error) {
	if f.kind != protowire.BytesType {
		return append(all, int64(f.bits)), nil
	}
	for packed := f.bytes; len(packed) > 0; {
		bits, n := protowire.ConsumeVarint(packed)
		if n < 0 {
			return nil, malformed(n)
		}
		all, packed = append(all, int64(bits)), packed[n:]
	}
	return all, nil
}

// floats is varints for float32.
func (f field) floats(all []float32) ([]float32, error) {
	if f.kind != protowire.BytesType {
		return append(all, f.float()), nil
	}
	for packed := f.bytes; len(packed) > 0; {
		bits, n := protowire.ConsumeFixed32(packed)
		if n < 0 {
			return nil, malformed(n)
		}
		all, packed = append(all, math.Float32frombits(bits)), packed[n:]
	}
	return all, nil
}

// doubles is varints for float64.
func (f field) doubles(all []float64) ([]float64, error) {
	if f.kind != protowire.BytesType {
		return append(all, math.Float64frombits(f.bits)), nil
	}
	for packed := f.bytes; len(packed) > 0; {
		bits, n := protowire.ConsumeFixed64(packed)
		if n < 0 {
			return nil, malformed(n)
		}
		all, packed = append(all, math.Float64frombits(bits)), packed[n:]
	}
	return all, nil
}
