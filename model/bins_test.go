package model_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"penstock/model"
)

// TestBins are samples whose bins can be told by hand.
func TestBins(t *testing.T) {
	nan := float32(math.NaN())
	repeat := func(times int, values ...float32) (all []float32) {
		for range times {
			all = append(all, values...)
		}
		return all
	}
	for name, c := range map[string]struct {
		sample     []float32
		categories int
		counts     []int
	}{
		"few values":         {repeat(3, 1, 2, 2, nan), 0, []int{0, 3, 6, 0, 3}},
		"one value":          {repeat(9, 0), 0, []int{0, 9, 0, 0}},
		"nothing":            {repeat(9, nan), 0, []int{0, 0, 9}},
		"few categories":     {[]float32{0, 1, 1, 3, nan}, 3, []int{1, 2, 0, 1, 1}},
		"largest number":     {repeat(2, math.MaxFloat32, -math.MaxFloat32), 0, []int{0, 2, 2, 0, 0}},
		"neighbours":         {repeat(2, 1, math.Nextafter32(1, 2)), 0, []int{0, 2, 2, 0, 0}},
		"mostly zero, 1 2 3": {append(repeat(900, 0), repeat(10, 1, 2, 3)...), 0, []int{0, 900, 10, 10, 10, 0, 0}},
	} {
		b := model.NewBins(c.sample, c.categories, 0)
		if !slices.Equal(b.Counts, c.counts) {
			t.Errorf("%s: %v of %+v; want %v", name, b.Counts, b, c.counts)
		}
		if err := b.Check(c.categories); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestQuantiles: many values make bins of about equally many rows, beside which a
// frequent one has its own.
func TestQuantiles(t *testing.T) {
	sample := make([]float32, 0, 2000)
	for i := range 1000 {
		sample = append(sample, float32(i)/1000, 5)
	}
	b := model.NewBins(sample, 0, 0)
	first, end := b.Usual()
	if end-first != model.MostBins {
		t.Fatalf("%d usual bins: %+v", end-first, b)
	}
	if b.Counts[end-1] != 1000 {
		t.Errorf("the frequent value shares its bin: %v", b.Counts)
	}
	for _, n := range b.Counts[first : end-1] {
		if n < 90 || n > 210 {
			t.Errorf("bins of %v rows", b.Counts)
		}
	}
}

// TestManyCategories: the most frequent ones have bins, and which they are is not told
// by the rows that are counted.
func TestManyCategories(t *testing.T) {
	const categories = 30
	var sample []float32
	for i := range 5000 {
		x := float32(i / 5 % 8) // eight that are frequent
		if i%50 < 5 {
			x = float32(8 + i/50%12)
		}
		sample = append(sample, x)
	}
	b := model.NewBins(sample, categories, 0)
	first, end := b.Usual()
	if end-first != model.MostBins {
		t.Fatalf("%d usual bins: %+v", end-first, b)
	}
	own := map[int]bool{}
	for i := range 8 {
		own[b.At(float32(i), 0)] = true
	}
	if len(own) != 8 {
		t.Errorf("the frequent categories are in %d bins", len(own))
	}
	if at := b.At(25, 0); at != end || b.At(categories, 0) != end || b.Counts[end] != 0 {
		t.Errorf("a category without rows is in bin %d of %d, which has %d rows", at, end, b.Counts[end])
	}
	sum := 0
	for _, n := range b.Counts {
		sum += n
	}
	if sum != 4000 {
		t.Errorf("%d rows were counted; want four fifths of 5,000", sum)
	}
}

// TestEdgesAreShort: edges of what was rounded are not nearer to the values than they
// must be, and have few digits.
func TestEdgesAreShort(t *testing.T) {
	var sample []float32
	for pixel := range 256 {
		sample = append(sample, float32(pixel)/255)
	}
	b := model.NewBins(sample, 0, 0)
	for _, x := range sample {
		rounded := float32(math.Round(float64(x)*1e5) / 1e5)
		if b.At(x, 0) != b.At(rounded, 0) {
			t.Errorf("%v and %v are in bins %d and %d of %v", x, rounded, b.At(x, 0), b.At(rounded, 0), b.Edges)
		}
	}
}

// TestBinsHoldTheSample: every row of a sample is in a bin, and none out of its range.
func TestBinsHoldTheSample(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shift := rapid.SampledFrom([]float64{0, 3, -1e9, 1_732_212_000}).Draw(t, "shift")
		value := rapid.OneOf(rapid.Float32Range(-1e6, 1e6), rapid.SampledFrom([]float32{0, 1, 2, float32(math.NaN())}))
		sample := rapid.SliceOfN(value, 1, 500).Draw(t, "sample")
		b := model.NewBins(sample, 0, shift)
		if err := b.Check(0); err != nil {
			t.Fatalf("%+v: %v", b, err)
		}
		counts := make([]int, len(b.Counts))
		for _, x := range sample {
			counts[b.At(x, shift)]++
		}
		if !slices.Equal(counts, b.Counts) {
			t.Fatalf("%v, counted again %v", b.Counts, counts)
		}
		if above := len(counts) - 2; counts[0] != 0 || counts[above] != 0 {
			t.Fatalf("rows of the sample are out of its range: %+v", b)
		}
	})
}
