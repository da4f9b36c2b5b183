package decimal

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// State says how the reading of a JSON number ended.
type State uint8

// What can become of a number.
const (
	OK       State = iota
	None           // no JSON number starts here
	TooLarge       // a number, but beyond float32
)

// Parse reads the JSON number at b[i:], correctly rounded to float32 (nearest,
// ties to even), and returns the index after it: i itself for None. Numbers too
// small for float32 round to zero or to a subnormal, as IEEE 754 says.
//
// Most numbers take a short path: at most 19 significant digits, times a power
// of ten from −22 to 22. Three roundings, of the digits, of the power and of
// their product, keep that within four units in the last place of a float64,
// and rounding it again to float32 is correct unless it lies that close to the
// midpoint of two neighbouring float32 values. Those, and all others, are scaled
// in integers (scale.go), longer numbers by their first digits if these tell
// (long.go): no text costs much more than its length.
func Parse(b []byte, i int) (float32, int, State) {
	start := i
	if i >= len(b) {
		return 0, start, None
	}
	sign := 0 // no branch: signs are as good as random
	if b[i] == '-' {
		sign = 1
	}
	i += sign
	var mantissa uint64
	exponent := 0

	first := i
	if i+1 < len(b) && b[i]-'0' < 10 && b[i+1]-'0' >= 10 { // nearly always
		mantissa = uint64(b[i] - '0')
		i++
	} else {
		mantissa, i = readDigits(b, i, 0)
	}
	digits := i - first
	if digits == 0 || digits > 1 && b[first] == '0' {
		return 0, start, None
	}
	if b[first] == '0' {
		digits = 0 // a leading zero is not a significant digit
	}
	if i < len(b) && b[i] == '.' {
		i++
		first = i
		mantissa, i = readDigits(b, i, mantissa)
		if i == first {
			return 0, start, None
		}
		digits += i - first
		exponent = first - i
	}
	last, exp := i, 0
	if i < len(b) && b[i]|0x20 == 'e' {
		if exp, i = parseExponent(b, i+1); i < 0 {
			return 0, start, None
		}
		exponent += exp
	}
	if digits > 19 {
		return withSign(long(b[start+sign:last], exp), sign, i)
	}
	if uint(exponent+22) <= 44 {
		f := float64(mantissa) * pow10[exponent+22]
		if f == 0 || roundsSafely(f) {
			f = math.Float64frombits(math.Float64bits(f) | uint64(sign)<<63)
			return float32(f), i, OK
		}
	}
	return withSign(scale(mantissa, exponent), sign, i)
}

// withSign makes what Parse returns of the bits of a float32 that may be
// infinite.
func withSign(bits uint32, sign, next int) (float32, int, State) {
	if bits == infinity {
		return 0, next, TooLarge
	}
	return math.Float32frombits(bits | uint32(sign)<<31), next, OK
}

// readDigits appends the decimal digits at b[i:] to mantissa, which wraps
// beyond 19 of them, and returns the position after them. It reads eight bytes
// at a time, which three multiplications join to pairs, fours and eights
// (D. Lemire, Number Parsing at a Gigabyte per Second, 2021, section 3).
func readDigits(b []byte, i int, mantissa uint64) (uint64, int) {
	for i+8 <= len(b) {
		x, n := eight(b[i:])
		if n == 0 {
			return mantissa, i
		}
		x <<= (64 - 8*n) & 63 // fewer digits than eight get zeros before them
		x = x * (10<<8 + 1) >> 8 & 0x00ff00ff00ff00ff
		x = x * (100<<16 + 1) >> 16 & 0x0000ffff0000ffff
		x = x * (10000<<32 + 1) >> 32
		mantissa = mantissa*pow10Int[n] + x
		i += n
		if n < 8 {
			return mantissa, i
		}
	}
	for i < len(b) && b[i]-'0' < 10 {
		mantissa = mantissa*10 + uint64(b[i]-'0')
		i++
	}
	return mantissa, i
}

// eight returns the first eight bytes of b, each xor '0', which is below ten
// for digits alone, and with how many digits they begin.
func eight(b []byte) (x uint64, n int) {
	const (
		each = 0x0101010101010101
		high = 0x80 * each
	)
	x = binary.LittleEndian.Uint64(b) ^ '0'*each
	others := (x&^uint64(high) + (0x80-10)*each | x) & high
	return x, bits.TrailingZeros64(others) / 8
}

// pow10Int holds 10ⁿ at n.
var pow10Int = [chunk + 1]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// parseExponent reads the sign and digits after an e. It saturates at what no
// number of digits before or after the point can make up for.
func parseExponent(b []byte, i int) (exp, next int) {
	sign := 1
	if i < len(b) && (b[i] == '+' || b[i] == '-') {
		if b[i] == '-' {
			sign = -1
		}
		i++
	}
	first := i
	for i < len(b) && b[i]-'0' < 10 {
		if exp < 100_000_000 {
			exp = exp*10 + int(b[i]-'0')
		}
		i++
	}
	if i == first {
		return 0, -1
	}
	return sign * exp, i
}

// roundsSafely reports whether a float64 within eight units of the true value
// rounds to the same float32 as the true value: it is a normal float32 and not
// beside the midpoint between two of them.
func roundsSafely(f float64) bool {
	const (
		lowBits  = 1<<29 - 1 // bits of a float64's mantissa that float32 lacks
		midpoint = 1 << 28
		margin   = 8
	)
	low := math.Float64bits(f) & lowBits
	return low-(midpoint-margin) > 2*margin && f > 0x1p-126 && f < 0x1p127
}

// pow10 holds 10ⁿ at n+22, rounded where it is no float64.
var pow10 = [...]float64{
	1e-22, 1e-21, 1e-20, 1e-19, 1e-18, 1e-17, 1e-16, 1e-15, 1e-14, 1e-13, 1e-12,
	1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1,
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}
