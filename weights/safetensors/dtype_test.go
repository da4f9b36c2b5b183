package safetensors

import (
	"math"
	"testing"
)

// Every one of the 65,536 halves, against its definition.
func TestFloat16(t *testing.T) {
	for bits := range 1 << 16 {
		sign := 1 - 2*float64(bits>>15)
		exponent, fraction := bits>>10&31, float64(bits&1023)/1024
		var want float64
		switch {
		case exponent == 0:
			want = sign * math.Ldexp(fraction, -14)
		case exponent == 31 && fraction == 0:
			want = math.Inf(int(sign))
		case exponent == 31:
			want = math.NaN()
		default:
			want = sign * math.Ldexp(1+fraction, exponent-15)
		}
		got := float64(float16(uint16(bits)))
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("float16(%#04x) = %v; want %v", bits, got, want)
		}
	}
}
