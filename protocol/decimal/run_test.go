package decimal_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"penstock/protocol/decimal"
)

// readAll reads the numbers of an array, from after its opening bracket, as the
// protocol does: by Run where it can, by Parse where it cannot.
func readAll(t *testing.T, text string) (values []float32, byRun int) {
	t.Helper()
	b := []byte(text)
	dst := make([]float32, 1000)
	for i := 0; ; i++ {
		for i < len(b) && b[i] == ' ' {
			i++
		}
		if n, end := decimal.Run(dst, b[i:]); n > 0 {
			values, byRun = append(values, dst[:n]...), byRun+n
			i += end
		} else {
			f, next, state := decimal.Parse(b, i)
			if state != decimal.OK {
				t.Fatalf("%.40q is no number (%d)", b[i:], state)
			}
			values = append(values, f)
			i = next
		}
		if i == len(b) || b[i] != ',' {
			return values, byRun
		}
	}
}

// What programs write is read by Run and not by Parse, and correctly rounded,
// wherever in the text it stands.
func TestRunReadsWhatProgramsWrite(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, number := range map[string]func() string{
		"seven digits":      func() string { return format(rng.NormFloat64(), 'f', 7) },
		"shortest float32":  func() string { return strconv.FormatFloat(float64(rng.Float32()+0.01), 'g', -1, 32) },
		"shortest float64":  func() string { return format(2*rng.Float64()-1+0.001*float64(rng.IntN(9)), 'f', -1) },
		"large float64":     func() string { return format(1e5*rng.NormFloat64(), 'f', -1) },
		"eighteen decimals": func() string { return format(rng.NormFloat64(), 'f', 18) },
		"whole":             func() string { return format(rng.NormFloat64()*1e6, 'f', 0) },
		"pixels":            func() string { return format(max(0, rng.Float64()*5-4), 'g', -1) },
		"mixed": func() string {
			return format(rng.NormFloat64()*math.Pow10(rng.IntN(6)), 'f', []int{0, 1, 3, 7, 12, 13, 14}[rng.IntN(7)])
		},
		"strokes":                  strokes(rng, "0"),
		"strokes as Python writes": strokes(rng, "0.0"),
		"zeros":                    func() string { return []string{"0", "0.0", "-0", "-0.000"}[rng.IntN(4)] },
	} {
		for _, comma := range []string{",", ", "} {
			t.Run(name+comma, func(t *testing.T) {
				all, byRun := 0, 0
				for range 300 {
					var numbers []string
					var want []float32
					for range 1 + rng.IntN(40) {
						numbers = append(numbers, number())
						f, err := strconv.ParseFloat(numbers[len(numbers)-1], 32)
						if err != nil {
							t.Fatal(err)
						}
						want = append(want, float32(f))
					}
					text := strings.Join(numbers, comma) + "]" + strings.Repeat("}", rng.IntN(200))
					got, n := readAll(t, text)
					if diff := cmp.Diff(bits(want), bits(got)); diff != "" {
						t.Fatalf("%s (-want +got)\n%s", text, diff)
					}
					all, byRun = all+len(got), byRun+n
				}
				if byRun < all*9/10 {
					t.Errorf("of %d numbers, Run left %d to Parse", all, all-byRun)
				}
			})
		}
	}
}

// strokes has runs of numbers between runs of zeros, as rows of images have.
func strokes(rng *rand.Rand, zero string) func() string {
	zeros, left := false, 0
	return func() string {
		for left == 0 {
			zeros, left = !zeros, rng.IntN(40)
		}
		left--
		if zeros {
			return zero
		}
		return format(rng.Float64(), 'g', -1)
	}
}

func format(f float64, verb byte, precision int) string {
	return strconv.FormatFloat(f, verb, precision, 64)
}

// bits tells zeros apart by their sign.
func bits(values []float32) []uint32 {
	out := make([]uint32, len(values))
	for i, v := range values {
		out[i] = math.Float32bits(v)
	}
	return out
}

func TestRunEndsAtTheLastNumber(t *testing.T) {
	for _, c := range []struct {
		text   string
		n, end int
	}{
		{"", 0, 0}, {"]", 0, 0}, {",", 0, 0}, {" 1,", 0, 0}, {"null]", 0, 0}, {"1", 0, 0}, {"1.5", 0, 0}, {"1:", 0, 0},
		{"1]", 1, 1}, {"1,", 1, 1}, {"1, ", 1, 1}, {"1,]", 1, 1}, {"1,2", 1, 1}, {"1, 2", 1, 1}, {"1,,2", 1, 1},
		{"1,02]", 1, 1}, {"1, -]", 1, 1}, {"1,2.]", 1, 1}, {"1,.2]", 1, 1}, {"1,+2]", 1, 1}, {"1,2.3.4]", 1, 1}, {"1,--2]", 1, 1},
		{"1,2-3]", 1, 1}, {"1,2 ]", 1, 1}, {"1,  2]", 1, 1}, {"1,\t2]", 1, 1}, {"1,00.5]", 1, 1}, {"1,-01]", 1, 1}, {"1,0x1]", 1, 1},
		{"1, 2]", 2, 4}, {"1,-2],3", 2, 4}, {"-0.5,25,3]", 3, 9},
		{strings.Repeat("0,", 8) + " 5,6]", 10, 20}, {strings.Repeat("0,", 8) + "  5]", 8, 15},
		{strings.Repeat("0.0, ", 6) + "5]", 7, 31}, {strings.Repeat("0.0, ", 6) + " 5]", 6, 28},
		{"1]2]", 1, 1}, {"1]2,3]", 1, 1}, {"0.12345678901234567]2]", 1, 19}, {"1,0.1234567890123456.7]", 1, 1},
	} {
		for _, after := range []string{"", strings.Repeat("}", 200)} { // to be read in one piece
			dst := make([]float32, 20)
			n, end := decimal.Run(dst, []byte(c.text+after))
			if n != c.n || n > 0 && end != c.end {
				t.Errorf("%q and %d bytes: %d numbers, to %d; want %d, to %d", c.text, len(after), n, end, c.n, c.end)
			}
		}
	}
}

func TestRunStopsWhereThereIsNoMoreRoom(t *testing.T) {
	for _, c := range []struct {
		number, comma string
		want          float32
	}{{"0.25", ",", 0.25}, {"0", ",", 0}, {"0.0", ", ", 0}} {
		each := c.number + c.comma
		text := []byte(strings.Repeat(each, 100))
		for room := range 100 {
			dst := slices.Repeat([]float32{9}, 100)
			n, end := decimal.Run(dst[:room], text)
			if n > room || n > 0 && end != n*len(each)-len(c.comma) || n < min(room, 1) {
				t.Errorf("%q: %d numbers, to %d, into room for %d", each, n, end, room)
			}
			for i, f := range dst {
				if i < n && f != c.want || i >= room && f != 9 {
					t.Fatalf("%q: room for %d: number %d of %d is %v", each, room, i, n, f)
				}
			}
		}
	}
}

// Digits beyond what 64 bits hold are not lost, and a sum of digits that wraps to
// zero is not taken for one.
func TestParseReadsLargeNumbers(t *testing.T) {
	for _, text := range []string{
		"18446744073709551616", "36893488147419103232.5", "-184467440737095516160", "18446744073709551616e5",
		"18446744073709551617", "340282346638528859811704183484516925440", "0.00000000000000000018446744073709551616",
	} {
		want, err := strconv.ParseFloat(text, 32)
		if err != nil {
			t.Fatal(err)
		}
		got, end, state := decimal.Parse([]byte(text), 0)
		if state != decimal.OK || end != len(text) || got != float32(want) {
			t.Errorf("%s is %v, to %d (%d); want %v", text, got, end, state, want)
		}
	}
}

// FuzzParse holds Parse to strconv wherever that reads the same text.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"0", "-0.5e-3", "18446744073709551616", "1e38", "16777217.00000001", "0.1234567890123456789", "-1E+400", "01", "1."} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, end, state := decimal.Parse([]byte(text), 0)
		if state == decimal.None {
			return
		}
		want, err := strconv.ParseFloat(text[:end], 32)
		if (err != nil) != (state == decimal.TooLarge) || err == nil && math.Float32bits(got) != math.Float32bits(float32(want)) {
			t.Errorf("%q is %v (%d); strconv says %v, %v", text[:end], got, state, want, err)
		}
	})
}
