package client

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"

	"penstock/protocol"
)

func appendRows(dst []byte, rows [][]float32) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, row := range rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendRow(dst, row, i); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// appendRow appends the shortest decimals that read back as the same float32.
// JSON has no NaN and no infinity: NaN, a feature that is missing, becomes null, and
// infinity is refused.
func appendRow(dst []byte, features []float32, row int) ([]byte, error) {
	const exponent = 0xff << 23
	dst = append(dst, '[')
	for i, f := range features {
		if i > 0 {
			dst = append(dst, ',')
		}
		if math.Float32bits(f) == 0 { // common in sparse rows, and much cheaper
			dst = append(dst, '0')
			continue
		}
		if math.Float32bits(f)&exponent == exponent { // NaN or infinity
			if f == f {
				return dst, infinite(row, i, float64(f))
			}
			dst = append(dst, "null"...)
			continue
		}
		dst = strconv.AppendFloat(dst, float64(f), 'g', -1, 32)
	}
	return append(dst, ']'), nil
}

func appendRows64(dst []byte, rows [][]float64) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, row := range rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendRow64(dst, row, i); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// appendRow64 appends every digit: a server that takes a mean off a feature does so
// before it rounds to float32.
func appendRow64(dst []byte, features []float64, row int) ([]byte, error) {
	dst = append(dst, '[')
	for i, f := range features {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch {
		case math.IsInf(f, 0):
			return dst, infinite(row, i, f)
		case math.IsNaN(f):
			dst = append(dst, "null"...)
		default:
			dst = strconv.AppendFloat(dst, f, 'g', -1, 64)
		}
	}
	return append(dst, ']'), nil
}

func infinite(row, entry int, f float64) error {
	return protocol.Errorf(protocol.BadFeatures, "row %d, entry %d is %v; send finite numbers, or NaN for what is missing", row, entry, f)
}

func appendByteRows(dst []byte, rows [][]byte) ([]byte, error) {
	for i, row := range rows {
		if len(row) != len(rows[0]) {
			return dst, ragged(i, len(rows[0]), len(row))
		}
		dst = append(dst, row...)
	}
	return dst, nil
}

func appendBinaryRows(dst []byte, rows [][]float32) (_ []byte, err error) {
	for i, row := range rows {
		if len(row) != len(rows[0]) {
			return dst, ragged(i, len(rows[0]), len(row))
		}
		if dst, err = appendBinaryRow(dst, row, i); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func ragged(row, want, got int) error {
	return protocol.WrongCount(protocol.BadFeatures, want, got, fmt.Sprintf("row %d is not as long as the first; rows of one binary frame are of one length", row))
}

// appendBinaryRow appends a row, in which NaN stands for what is missing.
func appendBinaryRow(dst []byte, features []float32, row int) ([]byte, error) {
	start := len(dst)
	dst = slices.Grow(dst, binaryFloatBytes*len(features))[:start+binaryFloatBytes*len(features)]
	out := dst[start:]
	for i, f := range features {
		if f-f != 0 && f == f { // infinity, but not NaN
			return dst, infinite(row, i, float64(f))
		}
		binary.LittleEndian.PutUint32(out[binaryFloatBytes*i:], math.Float32bits(f))
	}
	return dst, nil
}

func appendBinaryRows64(dst []byte, rows [][]float64) (_ []byte, err error) {
	for i, row := range rows {
		if len(row) != len(rows[0]) {
			return dst, ragged(i, len(rows[0]), len(row))
		}
		if dst, err = appendBinaryRow64(dst, row, i); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// appendBinaryRow64 appends a row as float32: a binary frame has no float64.
func appendBinaryRow64(dst []byte, features []float64, row int) ([]byte, error) {
	for i, f := range features {
		if math.IsInf(float64(float32(f)), 0) {
			return dst, protocol.Errorf(protocol.BadFeatures, "row %d, entry %d is %v, which is outside the range of float32 (±3.4e38)", row, i, f)
		}
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(f)))
	}
	return dst, nil
}
