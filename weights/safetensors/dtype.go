package safetensors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// dtype is how a safetensors file writes a number.
type dtype string

// width is the bytes of one number, or 0 for what is not supported.
func (d dtype) width() int64 {
	switch d {
	case "F32":
		return 4
	case "F16":
		return 2
	}
	return 0
}

// decode fills values from r, through a buffer.
func (d dtype) decode(values []float32, r io.Reader, buffer []byte) error {
	width := int(d.width())
	for done := 0; done < len(values); {
		n := min(len(values)-done, len(buffer)/width)
		raw := buffer[:n*width]
		if _, err := io.ReadFull(r, raw); err != nil {
			return fmt.Errorf("cannot be read: %w", err)
		}
		for i := range n {
			x := d.number(raw[i*width:])
			if x-x != 0 { // NaN and the infinities
				return errors.New("has a value that is NaN or infinite; export the model again")
			}
			values[done+i] = x
		}
		done += n
	}
	return nil
}

func (d dtype) number(raw []byte) float32 {
	if d == "F16" {
		return float16(binary.LittleEndian.Uint16(raw))
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(raw))
}

// float16 widens an IEEE 754 binary16 number; float32 holds each exactly.
func float16(bits uint16) float32 {
	sign := uint32(bits>>15) << 31
	exponent, fraction := uint32(bits>>10)&0x1f, uint32(bits)&0x3ff
	switch exponent {
	case 0: // zero and subnormal: fraction × 2⁻²⁴
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)/(1<<24)))
	case 0x1f: // infinity and NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
