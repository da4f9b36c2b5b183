package outputs

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestHighestIsTheFirstOfTheHighest(t *testing.T) {
	zero, minusZero := float32(0), float32(math.Copysign(0, -1))
	cases := []struct {
		scores []float32
		class  int
	}{
		{[]float32{0.5}, 0},
		{[]float32{0.1, 0.7, 0.2}, 1},
		{[]float32{0.4, 0.2, 0.4}, 0},
		{[]float32{0, 0, 0}, 0},
		{[]float32{0, 0, math.SmallestNonzeroFloat32}, 2},
		{[]float32{1, math.MaxFloat32}, 1},
		{[]float32{minusZero, zero}, 0},
		{[]float32{zero, minusZero}, 0},
		{[]float32{-2, -1, -1}, 1},
		{[]float32{-math.MaxFloat32, -3}, 1},
		{[]float32{-1, 0.25, -2}, 1},
	}
	for _, c := range cases {
		if class, score := highest(c.scores); class != c.class || score != c.scores[c.class] {
			t.Errorf("highest(%v) = %d, %v; want %d", c.scores, class, score, c.class)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		score := rapid.OneOf(rapid.Float32Range(0, 1), rapid.SampledFrom([]float32{0, 0.5, 1}))
		scores := rapid.SliceOfN(score, 1, 100).Draw(t, "scores")
		want := slices.Index(scores, slices.Max(scores))
		if class, _ := highest(scores); class != want {
			t.Fatalf("highest(%v) = %d; want %d", scores, class, want)
		}
	})
}
