package model

import "math"

// Finite reports whether none of the values is NaN or infinite. The exponent of
// those is all ones: adding one to it, and to no other, carries into the sign
// bit, which is looked at last.
func Finite(values []float32) bool {
	carried := func(v float32) uint32 { return math.Float32bits(v)&0x7f800000 + 0x00800000 }
	var carries uint32
	for ; len(values) >= 8; values = values[8:] {
		v := (*[8]float32)(values)
		carries |= carried(v[0]) | carried(v[1]) | carried(v[2]) | carried(v[3]) |
			carried(v[4]) | carried(v[5]) | carried(v[6]) | carried(v[7])
	}
	for _, v := range values {
		carries |= carried(v)
	}
	return carries < 1<<31
}
