package decimal

import (
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// ParseFloat64 is strconv's value of what a program writes of a number, and ends
// where the number does.
func TestParseFloat64(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, text string) {
		want, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for _, after := range []string{"", ",1", "]", " "} {
			got, next := ParseFloat64([]byte("["+text+after), 1)
			if math.Float64bits(got) != math.Float64bits(want) || next != 1+len(text) {
				t.Fatalf("%s: %v, ending at %d; want %v, ending at %d", text, got, next, want, 1+len(text))
			}
		}
	}
	for _, text := range []string{"0", "-0", "0.0", "-0.00", "1", "9007199254740992", "9007199254740993", "18446744073709551616",
		"123456789012345678901234567890", "1732212000.064", "0.1", "-0.30000000000000004", "1e5", "1E-5", "1.5e+22", "0.0000000000000000000000001",
		"1.7976931348623157e308", "5e-324"} {
		check(t, text)
	}
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.OneOf(rapid.Float64Range(-1e300, 1e300), rapid.Float64Range(-1e6, 1e6)).Draw(t, "x")
		format := rapid.SampledFrom([]byte("eg")).Draw(t, "format")
		if math.Abs(x) < 1e20 && math.Abs(x) > 1e-20 {
			format = 'f'
		}
		check(t, strconv.FormatFloat(x, format, rapid.IntRange(-1, 17).Draw(t, "digits"), 64))
	})
}
