package decimal

import (
	"math/big"
	"math/bits"
)

// infinity is what a number beyond float32 is scaled to: bits of a float32.
const infinity = 0xff << 23

// Powers of ten by which 64 bits become a float32 that is neither zero nor
// infinite.
const (
	leastPower    = -65
	greatestPower = 38
)

// scale returns the bits of w × 10^q, correctly rounded to float32, infinity
// included. It multiplies w by 128 bits of the power of five, which always
// suffice (N. Mushtak, D. Lemire, Fast Number Parsing Without Fallback, 2023).
func scale(w uint64, q int) uint32 {
	switch {
	case w == 0 || q < leastPower:
		return 0
	case q > greatestPower:
		return infinity
	}
	zeros := bits.LeadingZeros64(w)
	high, low := product(w<<zeros, q)
	upper := int(high >> 63)
	shift := uint(upper + 64 - 26) // leaves 24 bits, one to round by, and one that may be zero
	mantissa := high >> shift
	exponent := 217706*q>>16 + 63 + upper - zeros + 127
	if exponent <= 0 {
		return subnormal(mantissa, exponent)
	}
	// A tie is rounded to even. Only these powers have ties: of others, five
	// does not divide what is left, or the product has too many digits.
	if low <= 1 && q >= -17 && q <= 10 && mantissa&3 == 1 && mantissa<<shift == high {
		mantissa &^= 1
	}
	mantissa = (mantissa + mantissa&1) >> 1
	// A carry out of the 24 bits raises the exponent by one.
	return min(uint32(exponent-1)<<23+uint32(mantissa), infinity)
}

// subnormal shifts a mantissa to the least exponent. There are no ties: they
// have more digits than w.
func subnormal(mantissa uint64, exponent int) uint32 {
	mantissa >>= min(1-exponent, 63)
	return uint32((mantissa + mantissa&1) >> 1)
}

// product returns the upper 128 bits of w × 5^q, as far as they are needed: w
// and the power are shifted up to their leading ones.
func product(w uint64, q int) (high, low uint64) {
	power := &powersOfFive[q-leastPower]
	high, low = bits.Mul64(w, power[0])
	const undecided = 1<<(64-26) - 1 // all bits beyond those that scale takes are ones
	if high&undecided == undecided {
		carry, _ := bits.Mul64(w, power[1])
		var c uint64
		low, c = bits.Add64(low, carry, 0)
		high += c
	}
	return high, low
}

var powersOfFive = makePowersOfFive()

// makePowersOfFive returns 128 bits of each power, the upper half first:
// truncated above one, where all are exact, and rounded up below.
func makePowersOfFive() (powers [greatestPower - leastPower + 1][2]uint64) {
	for i := range powers {
		q := i + leastPower
		p := new(big.Int).Exp(big.NewInt(5), big.NewInt(int64(max(q, -q))), nil)
		if q < 0 {
			n := uint(p.BitLen()) + 127
			p.Quo(new(big.Int).Lsh(big.NewInt(1), n), p)
			p.Add(p, big.NewInt(1))
		}
		p.Lsh(p, uint(128-p.BitLen()))
		powers[i][1] = new(big.Int).And(p, new(big.Int).SetUint64(1<<64-1)).Uint64()
		powers[i][0] = p.Rsh(p, 64).Uint64()
	}
	return powers
}
