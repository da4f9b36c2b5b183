package protocol

import "penstock/protocol/decimal"

// shift takes a number off each feature of the message that was decoded last,
// an array of numbers. What float32 would round away beside a large number is kept:
// the decimals are read once more, as float64, and become float32 when the number is
// off. Only features with another shift than zero are read again.
func (d *Decoder) shift(row *Row) *Error {
	shift := row.Shift
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
	return row.checkShifted(features)
}

// shiftBinary takes a number off each feature of a binary request. A byte times scale
// is a float64 until then. A float32 is what it is: what it could not hold beside a
// large number is lost already.
func (a *Ask) shiftBinary(row *Row) *Error {
	for first := 0; first < len(a.Features); first += row.Features {
		for i, s := range row.Shift {
			x := float64(a.Features[first+i])
			if a.dtype == DTypeUint8 {
				x = float64(a.values[first+i]^byte(a.mask>>(8*((first+i)%4)))) * row.Uint8Scale
			}
			a.Features[first+i] = float32(x - s)
		}
	}
	return row.checkShifted(a.Features)
}

func (r *Row) checkShifted(values []float32) *Error {
	features := r.Features
	for i, v := range values {
		if v-v != 0 && v == v { // infinite
			return Errorf(BadFeatures, "row %d, entry %d is outside the range of float32 once the model's mean is taken off", i/features, i%features)
		}
	}
	return nil
}
