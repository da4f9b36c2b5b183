package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// MostBins is how many bins the usual values of a feature are divided into at
// most; those for what is missing, out of range or never seen come on top.
const MostBins = 10

// fewestRows is how many rows of the sample a bin of many values has at least:
// with fewer, what is told about it is mostly chance.
const fewestRows = 50

// Bins divide what a feature may hold, with the number of rows that the sample had
// in each. They are made from the sample: of a number, quantiles, or a bin for each
// value where there are few of them. Of few categories each has a bin, of many the
// most frequent ones, and the others of the sample have one together.
//
// The order of bins is: of a number, below the sample's range, the usual ones, above
// the range, missing; of a category, the usual ones, those that are unknown or too rare
// for the sample to have shown them, missing.
type Bins struct {
	// Edges are of a number, increasing, one more than there are usual bins, in the
	// client's units. The first and the last are the ends of the sample's range, and
	// a bin has its lower edge and not its upper one. Nil where the sample has no number.
	Edges []float64
	// Groups has for each category the index of its bin; nil for numbers.
	Groups []int
	// Counts are the rows of the sample in each bin; of a column with many categories,
	// of those four fifths of them that did not choose the bins.
	Counts []int
}

// Missing is the index of the bin for what is missing.
func (b *Bins) Missing() int { return len(b.Counts) - 1 }

// Usual returns where the usual bins are: from the first, up to and without the end.
func (b *Bins) Usual() (first, end int) {
	if b.Groups != nil {
		return 0, len(b.Counts) - 2
	}
	return 1, len(b.Counts) - 2
}

// At returns the index of the bin of a value: NaN where it is missing, and the index
// of its category for a category. Shift is what was taken off the value (Spec.Shift).
func (b *Bins) At(x float32, shift float64) int {
	if x != x {
		return b.Missing()
	}
	if b.Groups != nil {
		if i := int(x); i >= 0 && i < len(b.Groups) {
			return b.Groups[i]
		}
		return len(b.Counts) - 2
	}
	at := 0
	for _, edge := range b.Edges {
		if x >= float32(edge-shift) {
			at++
		}
	}
	return at
}

// numberBins divides values, sorted, as rows hold them: shift was taken off.
func numberBins(values []float32, shift float64) Bins {
	if len(values) == 0 {
		return Bins{Counts: make([]int, 3)} // below, above, missing
	}
	low, high := values[0], values[len(values)-1]
	// A value is out of range if it is so by more than a client's rounding.
	margin := max(1e-3*(float64(high)-float64(low)), 1e-6*max(math.Abs(float64(low)), math.Abs(float64(high))), 1e-12*math.Abs(shift), 1e-30)
	edges := []float64{decimalBetween(float32(float64(low)-margin), low, shift)}
	for _, cut := range cuts(values) {
		edge := decimalBetween(values[cut-1], values[cut], shift)
		if edge > edges[len(edges)-1] {
			edges = append(edges, edge)
		}
	}
	last := decimalBetween(high, float32(float64(high)+margin), shift)
	for len(edges) > 1 && edges[len(edges)-1] >= last { // beside a shift, numbers lie less close
		edges = edges[:len(edges)-1]
	}
	edges = append(edges, last)
	return Bins{Edges: edges, Counts: make([]int, len(edges)+2)}
}

// cuts returns at which places sorted values are divided. Equal values stay together.
func cuts(values []float32) []int {
	var starts []int // of each distinct value but the first
	for i := 1; i < len(values); i++ {
		if values[i] != values[i-1] {
			starts = append(starts, i)
		}
	}
	if len(starts) < MostBins {
		return starts
	}
	return quantileCuts(starts, len(values))
}

// quantileCuts makes bins of about equal numbers of rows, beside which a value that is
// frequent has a bin of its own.
func quantileCuts(starts []int, n int) []int {
	const most = MostBins - 1
	starts = append([]int{0}, append(starts, n)...)
	frequent := func(i int) bool { return MostBins*(starts[i+1]-starts[i]) >= n }
	bins, rows := MostBins, n // for those that are not frequent
	for i := range starts[:len(starts)-1] {
		if frequent(i) {
			bins--
			rows -= starts[i+1] - starts[i]
		}
	}
	bins = max(bins, 1)
	want := max((rows+bins-1)/bins, fewestRows)
	var taken []int
	begin := 0
	for i := 1; i < len(starts)-1 && len(taken) < most; i++ {
		has, next := starts[i]-begin, starts[i+1]-starts[i]
		full := has >= want || 2*has >= want && 2*(has+next) > 3*want || frequent(i) || frequent(i-1)
		if full && has >= fewestRows && n-starts[i] >= fewestRows {
			begin = starts[i]
			taken = append(taken, begin)
		}
	}
	return taken
}

// decimalBetween returns a number which, as rows hold it, is above a and at most b. It is
// of few decimal digits, so that it is short to write, and near the middle, so that a
// client's rounding of a or b stays on its side.
func decimalBetween(a, b float32, shift float64) float64 {
	if math.IsInf(float64(b), 0) {
		return 10 * math.MaxFloat32 // no row holds as much
	}
	middle := float64(a) + (float64(b)-float64(a))/2 + shift
	for digits := range 17 {
		x, err := strconv.ParseFloat(strconv.FormatFloat(middle, 'e', digits, 64), 64)
		if held := float32(x - shift); err == nil && held > a && held <= b {
			return x
		}
	}
	return float64(b) + shift
}

// chosenBy is which part of a sample says how many categories are divided: each fifth
// row. Counts are of the others, since a category that was chosen for being frequent
// is so more in the rows that it was chosen by than in any others.
const chosenBy = 5

// categoryBins gives each of a few categories a bin, and of many the most frequent
// ones; the others that the sample has are together, and those that it does not have
// are with the unknown. Which are chosen is told by a part of the sample.
func categoryBins(sample []float32, categories int) Bins {
	groups := make([]int, categories)
	if categories <= MostBins {
		for i := range groups {
			groups[i] = i
		}
		return Bins{Groups: groups, Counts: make([]int, categories+2)}
	}
	counts := make([]int, categories)
	for i := 0; i < len(sample); i += chosenBy {
		if x := sample[i]; x >= 0 && int(x) < categories {
			counts[int(x)]++
		}
	}
	var seen []int
	for i, n := range counts {
		if n > 0 {
			seen = append(seen, i)
		}
	}
	slices.SortStableFunc(seen, func(a, b int) int { return cmp.Compare(counts[b], counts[a]) })
	usual := min(len(seen), MostBins)
	for i := range groups {
		groups[i] = usual // rare or unknown
	}
	for rank, category := range seen {
		groups[category] = min(rank, MostBins-1)
	}
	return Bins{Groups: groups, Counts: make([]int, usual+2)}
}

// NewBins makes bins of a sample of one feature: NaN for what is missing, and for a
// category, of which there are so many, its index; categories is 0 for a number.
// Shift is what was taken off the values (Spec.Shift).
func NewBins(sample []float32, categories int, shift float64) Bins {
	var b Bins
	if categories > 0 {
		b = categoryBins(sample, categories)
	} else {
		values := slices.DeleteFunc(slices.Clone(sample), func(x float32) bool { return x != x })
		slices.Sort(values)
		b = numberBins(values, shift)
	}
	for i, x := range sample {
		if categories > MostBins && i%chosenBy == 0 {
			continue
		}
		b.Counts[b.At(x, shift)]++
	}
	return b
}

// Check reports whether bins that were read from somewhere fit together, for a feature
// of so many categories; 0 for a number.
func (b *Bins) Check(categories int) error {
	wrong := func(format string, args ...any) error { return fmt.Errorf("bins: "+format, args...) }
	if len(b.Groups) != categories {
		return wrong("have groups of %d categories; expected %d", len(b.Groups), categories)
	}
	usual := len(b.Counts) - 2 // without unseen and missing
	if categories == 0 {
		usual--
		if n := len(b.Edges); n == 1 || usual != max(n-1, 0) {
			return wrong("have %d counts with %d edges; expected two more than edges, or three with none", len(b.Counts), n)
		}
	} else if len(b.Edges) > 0 {
		return wrong("have edges, which are for numbers")
	}
	if usual < 0 || usual > MostBins {
		return wrong("have %d counts; expected at most %d usual ones and those of their own", len(b.Counts), MostBins)
	}
	return b.checkEntries(usual, wrong)
}

func (b *Bins) checkEntries(usual int, wrong func(string, ...any) error) error {
	for i, edge := range b.Edges {
		if !finite(edge) || i > 0 && edge <= b.Edges[i-1] {
			return wrong("edge %d is %v; expected finite numbers, each above the one before", i, edge)
		}
	}
	for i, group := range b.Groups {
		if group < 0 || group > usual {
			return wrong("category %d is in group %d; expected 0 to %d", i, group, usual)
		}
	}
	for i, n := range b.Counts {
		if n < 0 || n > MostReferenceRows {
			return wrong("count %d is %d; expected 0 to %d", i, n, MostReferenceRows)
		}
	}
	return nil
}

// MostReferenceRows bounds the rows of a sample, so that sums and products of counts
// with rows are far from overflow.
const MostReferenceRows = 1 << 30
