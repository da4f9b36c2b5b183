package quality_test

import (
	"encoding/json"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"penstock/quality"
)

// TestWrittenIDs: what is kept of an id is written as JSON of the same text or number,
// and read as what was kept.
func TestWrittenIDs(t *testing.T) {
	for kept, want := range map[string]string{
		`1`: `1`, `1.0`: `1.0`, `-2e3`: `-2e3`, `"a-17"`: `"a-17"`, `""`: `""`,
		`"käufer "2""`: `"käufer \"2\""`, `"a\b"`: `"a\\b"`, `"\"`: `"\\"`, `"""`: `"\""`,
	} {
		if got := quality.WrittenID(kept); got != want || quality.KeptID(got) != kept {
			t.Errorf("%s is written as %s, and read as %s; expected %s", kept, got, quality.KeptID(got), want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.SampledFrom([]rune{'"', '\\', 'n', 'ü'}), rapid.RuneFrom(nil, unicode.L, unicode.Zs))).Draw(t, "text")
		kept := `"` + text + `"`
		written := quality.WrittenID(kept)
		var read string
		if err := json.Unmarshal([]byte(written), &read); err != nil || read != text {
			t.Fatalf("%s: %q, %v", written, read, err)
		}
		if again := quality.KeptID(written); again != kept {
			t.Fatalf("%s is read as %s; expected %s", written, again, kept)
		}
	})
}
