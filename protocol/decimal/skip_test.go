package decimal_test

import (
	"testing"

	"penstock/protocol/decimal"
)

// Skip and Parse agree on what is a number, and where it ends.
func FuzzSkip(f *testing.F) {
	for _, text := range []string{
		"", "-", "0", "-0", "00", "01", "1", "1.", "1.5", ".5", "-.5", "1e", "1e5", "1E+5", "1e-", "1.e5", "-12.50e-3,",
		"123456789", "1234567812345678", "0.12345678", "1e12345678", "12345678x", "1732212000123}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		end := decimal.Skip(text, 0)
		_, next, state := decimal.Parse(text, 0)
		if state == decimal.None {
			next = 0
		}
		if end != next {
			t.Fatalf("%q: skipped to %d, parsed to %d (%d)", text, end, next, state)
		}
	})
}
