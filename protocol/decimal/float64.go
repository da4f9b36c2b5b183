package decimal

import (
	"bytes"
	"math"
	"strconv"
	"unsafe"
)

// exactText is the longest number that Float64 reads exactly: no float64 needs
// as many characters, and strconv is soon done with as few.
const exactText = 64

// ParseFloat64 reads the JSON number at b[i:], which Parse has read before, as
// Float64 does, and returns the index after it. Most numbers are a whole number
// that float64 holds, over a power of ten that it holds: their quotient is
// rounded once.
func ParseFloat64(b []byte, i int) (f float64, next int) {
	start := i
	if b[i] == '-' {
		i++
	}
	mantissa, end := readDigits(b, i, 0)
	digits, fraction := end-i, 0
	if end < len(b) && b[end] == '.' {
		first := end + 1
		mantissa, end = readDigits(b, first, mantissa)
		fraction = end - first
	}
	if digits+fraction > 19 || mantissa > 1<<53 || fraction > 22 || end < len(b) && b[end]|0x20 == 'e' {
		end = Skip(b, start)
		f, _ = Float64(b[start:end])
		return f, end
	}
	f = float64(mantissa) / pow10[22+fraction]
	if b[start] == '-' {
		f = -f
	}
	return f, end
}

// Float64 returns the value of a JSON number, which Skip has checked, for what is
// no feature: a label, a deadline. It is the nearest float64, or, of a number of
// more than 64 characters, one at most a few units in the last place away:
// reading those exactly would cost a sender nothing and us much. ok is false
// beyond the range of float64.
func Float64(text []byte) (f float64, ok bool) {
	if len(text) <= exactText {
		f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(text), len(text)), 64)
		return f, err == nil
	}
	text, negative := bytes.CutPrefix(text, []byte{'-'})
	exp := 0
	if e := bytes.IndexAny(text, "eE"); e >= 0 {
		exp, _ = parseExponent(text, e+1)
		text = text[:e]
	}
	d, exp := split(text, exp)
	n := min(chunk, len(d.whole)+len(d.fraction))
	f = float64Of(d.value(0, n), exp+len(d.whole)-n)
	if negative {
		f = -f
	}
	return f, !math.IsInf(f, 0)
}

// float64Of returns about w × 10^q.
func float64Of(w uint64, q int) float64 {
	const least = -300 // 10 to this power, times w, is no subnormal
	f := float64(w)
	switch {
	case w == 0:
		return 0
	case 0 > q && q >= -22:
		return f / pow10[22-q] // the quotient of two that are exact is rounded once
	case q < least:
		return f * 1e-300 * math.Pow10(max(q-least, 2*least))
	}
	return f * math.Pow10(q)
}
