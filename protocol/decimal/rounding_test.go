package decimal_test

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"penstock/protocol/decimal"
)

// checkParse holds Parse to strconv.
func checkParse(t rapid.TB, text string) {
	t.Helper()
	got, end, state := decimal.Parse([]byte(text), 0)
	want, err := strconv.ParseFloat(text, 32)
	if end != len(text) || (err != nil) != (state == decimal.TooLarge) ||
		err == nil && math.Float32bits(got) != math.Float32bits(float32(want)) {
		t.Fatalf("%s is %v, to %d (%d); strconv says %v, %v", text, got, end, state, want, err)
	}
}

// Every float32 and every midpoint between two can be told from its neighbours,
// however the number is written.
func TestParseRoundsCorrectly(t *testing.T) {
	for name, draw := range map[string]func(*rapid.T) string{
		"any digits":        drawDigits,
		"midpoints":         func(t *rapid.T) string { return rewritten(t, drawMidpoint(t)) },
		"beside a midpoint": func(t *rapid.T) string { return rewritten(t, drawBeside(t)) },
		"cut midpoints": func(t *rapid.T) string {
			digits := drawMidpoint(t)
			return rewritten(t, digits.first(rapid.IntRange(15, 140).Draw(t, "length")))
		},
		"float32": func(t *rapid.T) string {
			return strconv.FormatFloat(float64(drawFloat(t)), 'g', rapid.IntRange(1, 25).Draw(t, "precision"), 64)
		},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { checkParse(t, draw(t)) })
		})
	}
}

// drawDigits are any digits with any exponent.
func drawDigits(t *rapid.T) string {
	return rapid.StringMatching(`-?(0|[1-9][0-9]{0,45})(\.0{0,60}[0-9]{1,45})?([eE][+-]?[0-9]{1,3})?`).Draw(t, "number")
}

// number is digits × 10^exponent.
type number struct {
	digits   string
	exponent int
}

func (n number) first(length int) number {
	if cut := len(n.digits) - length; cut > 0 {
		return number{n.digits[:length], n.exponent + cut}
	}
	return n
}

// drawFloat draws from all finite float32, and each exponent is as likely.
func drawFloat(t *rapid.T) float32 {
	exponent := rapid.Uint32Range(0, 254).Draw(t, "exponent")
	mantissa := rapid.OneOf(rapid.Uint32Range(0, 1<<23-1), rapid.SampledFrom([]uint32{0, 1, 1<<23 - 1})).Draw(t, "mantissa")
	return math.Float32frombits(exponent<<23 | mantissa)
}

// drawMidpoint is exactly between two float32, or the last and infinity.
func drawMidpoint(t *rapid.T) number {
	bits := math.Float32bits(drawFloat(t))
	exponent := max(int(bits>>23), 1) - 151
	middle := big.NewInt(2*int64(bits&(1<<23-1)|min(bits>>23, 1)<<23) + 1)
	if exponent >= 0 {
		return number{middle.Lsh(middle, uint(exponent)).String(), 0}
	}
	five := new(big.Int).Exp(big.NewInt(5), big.NewInt(int64(-exponent)), nil)
	return number{middle.Mul(middle, five).String(), exponent}
}

// drawBeside is a midpoint and a little more or less.
func drawBeside(t *rapid.T) number {
	n := drawMidpoint(t)
	zeros := rapid.IntRange(0, 150).Draw(t, "zeros")
	digits, _ := new(big.Int).SetString(n.digits+strings.Repeat("0", zeros), 10)
	digits.Add(digits, big.NewInt(rapid.SampledFrom([]int64{-1, 1}).Draw(t, "side")))
	return number{digits.String(), n.exponent - zeros}
}

// rewritten writes a number with its point and its exponent anywhere.
func rewritten(t *rapid.T, n number) string {
	digits, exponent := n.digits, n.exponent
	before := rapid.IntRange(0, len(digits)).Draw(t, "before the point")
	whole, fraction := digits[:before], digits[before:]
	exponent += len(fraction)
	if whole == "" {
		whole = "0"
		zeros := rapid.IntRange(0, 30).Draw(t, "zeros")
		fraction = strings.Repeat("0", zeros) + fraction
		exponent += zeros
	}
	fraction += strings.Repeat("0", rapid.IntRange(0, 30).Draw(t, "zeros at the end"))
	if fraction != "" {
		fraction = "." + fraction
	}
	sign := rapid.SampledFrom([]string{"", "-"}).Draw(t, "sign")
	return fmt.Sprintf("%s%s%se%d", sign, whole, fraction, exponent)
}

// Exponents and runs of zeros that cancel out are as good as neither.
func TestParseReadsLongZeros(t *testing.T) {
	const n = 200_000
	for text, want := range map[string]float32{
		"0." + strings.Repeat("0", n) + "15e200001":                 1.5,
		"25" + strings.Repeat("0", n) + "e-200000":                  25,
		"0." + strings.Repeat("0", n) + "e200001":                   0,
		"1" + strings.Repeat("0", n) + "e-400000":                   0,
		"1.000000059604644775390625" + strings.Repeat("0", n):       1,
		"1.000000059604644775390625" + strings.Repeat("0", n) + "1": 1.0000001,
	} {
		got, end, state := decimal.Parse([]byte(text), 0)
		if got != want || end != len(text) || state != decimal.OK {
			t.Errorf("%.30s… is %v, to %d (%d); want %v", text, got, end, state, want)
		}
	}
}
