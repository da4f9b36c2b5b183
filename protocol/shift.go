package protocol

import "penstock/protocol/decimal"

// Shift takes a number off each feature of the message that was decoded last,
// shift having one for every feature of a row. What float32 would round away
// beside a large number is kept: the decimals are read once more, as float64, and
// become float32 when the number is off. Only features with another shift than
// zero are read again.
//
// The frame that was given to Decode must still be there.
func (d *Decoder) Shift(shift []float64) *Error {
	b, features := d.s.b, d.m.Features
	at := 0 // of a row
	for i, n := d.featuresAt, 0; n < len(features); i++ {
		if c := b[i]; c != '-' && c-'0' >= 10 {
			continue // a bracket, a comma or a space: all else was refused
		}
		x, end := decimal.ParseFloat64(b, i)
		if s := shift[at]; s != 0 {
			features[n] = float32(x - s)
		}
		i = end - 1
		n++
		if at++; at == len(shift) {
			at = 0
		}
	}
	return checkShifted(features, len(shift))
}

// AppendShifted is AppendFeatures for a model that has a number to take off each
// feature. A byte times scale is a float64 until then. A float32 is what it is:
// what it could not hold beside a large number is lost already.
func (m *BinaryMessage) AppendShifted(dst []float32, features int, scale float64, shift []float64) ([]float32, *Error) {
	start := len(dst)
	dst, err := m.AppendFeatures(dst, features, float32(scale))
	if err != nil {
		return dst, err
	}
	values := dst[start:]
	for row := 0; row < len(values); row += features {
		for i, s := range shift {
			x := float64(values[row+i])
			if m.DType == DTypeUint8 {
				x = float64(m.Values[row+i]^byte(m.Mask>>(8*((row+i)%4)))) * scale
			}
			values[row+i] = float32(x - s)
		}
	}
	if err := checkShifted(values, features); err != nil {
		return dst[:start], err
	}
	return dst, nil
}

func checkShifted(values []float32, features int) *Error {
	for i, v := range values {
		if v-v != 0 { // infinite
			return Errorf(BadFeatures, "row %d, entry %d is outside the range of float32 once the model's mean is taken off", i/features, i%features)
		}
	}
	return nil
}
