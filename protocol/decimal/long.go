package decimal

import (
	"bytes"
	"math/bits"
)

// chunk is how many digits 64 bits hold. A midpoint of two float32 values has at
// most 113 significant digits: behind limbs chunks of digits it only counts
// whether there is another than zero.
const (
	chunk = 19
	limbs = 7
)

// digits are the significant digits of a number, before and after its point:
// what leads is not zero.
type digits struct{ whole, fraction []byte }

// long returns the bits of a number of more than 19 digits times 10^exp,
// correctly rounded to float32, infinity included. The first 19 digits and
// their successor, between which it lies, nearly always round to one value; else
// the number is compared with the midpoint of the two.
func long(text []byte, exp int) uint32 {
	d, exp := split(text, exp)
	count := len(d.whole) + len(d.fraction)
	exp += len(d.whole)
	w := d.value(0, min(chunk, count))
	if count <= chunk {
		return scale(w, exp-count)
	}
	lower, upper := scale(w, exp-chunk), scale(w+1, exp-chunk)
	if lower == upper {
		return lower
	}
	switch order := d.compare(w, exp, lower); {
	case order < 0:
		return lower
	case order > 0:
		return upper
	}
	return lower + lower&1 // a tie
}

// split takes leading zeros away.
func split(text []byte, exp int) (digits, int) {
	whole, fraction, _ := bytes.Cut(text, []byte{'.'})
	if whole = trimZeros(whole); len(whole) > 0 {
		return digits{whole, fraction}, exp
	}
	rest := trimZeros(fraction)
	return digits{nil, rest}, exp - (len(fraction) - len(rest))
}

func trimZeros(b []byte) []byte {
	i := 0
	for i+8 <= len(b) && string(b[i:i+8]) == "00000000" {
		i += 8
	}
	for i < len(b) && b[i] == '0' {
		i++
	}
	return b[i:]
}

// value returns n ≤ 19 digits, from the one at i, as a number.
func (d digits) value(i, n int) uint64 {
	if n == 0 {
		return 0
	}
	whole := d.whole[min(i, len(d.whole)):]
	whole = whole[:min(n, len(whole))]
	w := number(0, whole)
	if n -= len(whole); n > 0 {
		w = number(w, d.fraction[max(i-len(d.whole), 0):][:n])
	}
	return w
}

// number appends the digits of b to w.
func number(w uint64, b []byte) uint64 {
	for len(b) >= 8 {
		w, _ = readDigits(b[:8], 0, w)
		b = b[8:]
	}
	for _, c := range b {
		w = w*10 + uint64(c-'0')
	}
	return w
}

// compare tells whether 0.digits × 10^exp, which begins with the 19 digits w,
// is less than, equal to or more than the midpoint between the float32 with the
// bits lower and the next.
func (d digits) compare(w uint64, exp int, lower uint32) int {
	count := len(d.whole) + len(d.fraction)
	taken := min(count, chunk*limbs)
	var number, middle integer
	number.set(w)
	for i := chunk; i < taken; i += chunk {
		n := min(chunk, taken-i)
		number.multiply(pow10Int[n], d.value(i, n))
	}
	// number × 10^q is compared with middle × 2^k.
	q := exp - taken
	k := max(int(lower>>23), 1) - 151
	middle.set(2*uint64(lower&(1<<23-1)|min(lower>>23, 1)<<23) + 1)
	number.timesFive(q)
	middle.timesFive(-q)
	number.shift(q - k)
	middle.shift(k - q)
	order := number.compare(&middle)
	if order == 0 && taken < count && !d.zerosFrom(taken) {
		return 1
	}
	return order
}

// zerosFrom reports whether only zeros follow, from the digit at i.
func (d digits) zerosFrom(i int) bool {
	whole := d.whole[min(i, len(d.whole)):]
	fraction := d.fraction[max(i-len(d.whole), 0):]
	return len(trimZeros(whole)) == 0 && len(trimZeros(fraction)) == 0
}

// integer holds n words of a number, the lowest first. What compare does with
// it takes less than 450 bits.
type integer struct {
	words [limbs + 1]uint64
	n     int
}

func (x *integer) set(w uint64) { x.words[0], x.n = w, 1 }

// multiply makes x × factor + add of x.
func (x *integer) multiply(factor, add uint64) {
	for i := range x.n {
		high, low := bits.Mul64(x.words[i], factor)
		var c uint64
		x.words[i], c = bits.Add64(low, add, 0)
		add = high + c
	}
	if add != 0 {
		x.words[x.n] = add
		x.n++
	}
}

// timesFive multiplies x by 5^n, if n is above zero.
func (x *integer) timesFive(n int) {
	const most = 27 // 5²⁷ is the last that 64 bits hold
	for ; n > most; n -= most {
		x.multiply(pow5Int[most], 0)
	}
	if n > 0 {
		x.multiply(pow5Int[n], 0)
	}
}

// shift multiplies x by 2^n, if n is above zero.
func (x *integer) shift(n int) {
	for ; n >= 64; n -= 64 {
		copy(x.words[1:], x.words[:x.n])
		x.words[0] = 0
		x.n++
	}
	if n > 0 {
		x.multiply(1<<n, 0)
	}
}

func (x *integer) compare(y *integer) int {
	for i := max(x.n, y.n) - 1; i >= 0; i-- {
		if x.words[i] != y.words[i] {
			if x.words[i] < y.words[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// pow5Int holds 5ⁿ at n.
var pow5Int = makePow5Int()

func makePow5Int() (powers [28]uint64) {
	for i, p := 0, uint64(1); i < len(powers); i, p = i+1, p*5 {
		powers[i] = p
	}
	return powers
}
