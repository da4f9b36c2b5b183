//go:build !purego

package decimal

import (
	"math"
	"strings"
	"testing"
)

// FuzzRun holds the code in assembly to the portable one: it may stop sooner,
// but what it reads is the same.
func FuzzRun(f *testing.F) {
	if !vectors {
		f.Skip("no vectors on this processor")
	}
	for _, text := range []string{
		"0.4980392156862745, 0.0, 1.0, -12.5]}", "1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9],\"request_id\":17",
		"-0.123456789012345,0.1234567890123456,123456789012345,1234567890123456]",
		"16777217,16777217.0,16777217.00000001,9007199254740993,99999999999999999999]",
		"1.2.3]", "01]", "-]", ".5]", "1.]", "1e5,2]", "00.5,1]", "1 ,2]", "--1]", "1,,2]", "1, 2,  3]",
		"0.00000000000000000001,0.0000000000000000001,92233720368547758.08,9223372036854775808.5]",
		strings.Repeat("0,", 40) + "0.5," + strings.Repeat("0,", 9) + "-0,0]", strings.Repeat("0.0, ", 20) + "0.00, 0., 0.0]",
		strings.Repeat("0,", 15) + "00,0,0]", strings.Repeat("0.0, ", 6) + "0.0,0.0, 0.0 ,0.0]",
	} {
		f.Add([]byte(text), uint8(255))
		f.Add([]byte(text+"                                                                    "), uint8(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, room uint8) {
		var got, want [256]float32
		n, end := Run(got[:room], text)
		m, to := runPortably(want[:n], text) // n of them, if they are there
		if n > int(room) || m != n || n > 0 && end != to {
			t.Fatalf("%q: %d of %d, to %d; portably %d, to %d", text, n, room, end, m, to)
		}
		for i := range got {
			if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
				t.Fatalf("%q: number %d is %v; portably %v", text, i, got[i], want[i])
			}
		}
	})
}
