package dense

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Where there is AVX-512 there is AVX2, and as both add up in the same order,
// with the same rounding, they agree to the last bit.
func TestTileSetsAgree(t *testing.T) {
	found := vectorKernels()
	if len(found) < 2 {
		t.Skipf("this processor has %d of the two instruction sets", len(found))
	}
	rapid.Check(t, func(t *rapid.T) {
		s := shape{rapid.IntRange(1, 64).Draw(t, "rows"), rapid.IntRange(1, 70).Draw(t, "in"), rapid.IntRange(1, 300).Draw(t, "out")}
		l, src := s.operands(rapid.Uint64().Draw(t, "seed"), ReLU)
		want := found[0].run(l, src, false)
		if got := found[1].run(l, src, false); !slices.EqualFunc(got, want, sameSum) {
			t.Fatalf("%s: %v; %s: %v", found[1].name, got, found[0].name, want)
		}
	})
}

// batch relies on this: any width that a tile of many rows has, one of fewer
// rows has too, and each can do a whole panel.
func TestTilesGetNarrower(t *testing.T) {
	for name, tiles := range map[string][][]farFunc{"avx512": avx512Far, "avx2": avx2Far} {
		for i, widths := range tiles {
			if len(widths) < 2 || i > 0 && len(widths) > len(tiles[i-1]) {
				t.Errorf("%s: tiles of %d rows have %d widths", name, i+1, len(widths))
			}
		}
	}
}
