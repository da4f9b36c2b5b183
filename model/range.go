package model

import (
	"math"
	"slices"
)

// Reference tells what rows of a model usually hold, from a sample of those that it
// was trained on.
type Reference struct {
	Rows     int     // in the sample
	Features []Range // one for each
}

// Range is what a sample has of one feature.
type Range struct {
	// Min, Median and Max are of the values that were there, in the client's units;
	// NaN where none was, and for categories.
	Min, Median, Max float64
	// Missing is the share of rows without the value.
	Missing float64
	// Counts are the rows of each category, and of one more for those that are in no
	// list; nil for numbers.
	Counts []int
	// Bins divide what the feature may hold.
	Bins Bins
}

// NewReference measures rows, row-major, NaN for what is missing and the index of its
// category for a category.
func NewReference(s Spec, rows []float64) Reference {
	n := len(rows) / s.Features
	r := Reference{Rows: n, Features: make([]Range, s.Features)}
	values, held := make([]float64, 0, n), make([]float32, n)
	for feature := range r.Features {
		values = values[:0]
		for row := range n {
			x := rows[row*s.Features+feature]
			if !math.IsNaN(x) {
				values = append(values, x)
			}
			held[row] = float32(x - s.ShiftOf(feature)) // as rows hold it
		}
		at := &r.Features[feature]
		*at = Range{Min: math.NaN(), Median: math.NaN(), Max: math.NaN(), Missing: float64(n-len(values)) / float64(n)}
		at.Bins = NewBins(held, s.categories(feature), s.ShiftOf(feature))
		if len(s.Columns) > 0 && s.Columns[feature].Kind == Category {
			at.Counts = make([]int, len(s.Columns[feature].Categories)+1)
			for _, x := range values {
				at.Counts[min(int(x), len(at.Counts)-1)]++
			}
			continue
		}
		if len(values) > 0 {
			slices.Sort(values)
			at.Min, at.Median, at.Max = values[0], values[len(values)/2], values[len(values)-1]
		}
	}
	return r
}

// categories is how many a feature has; 0 for a number.
func (s Spec) categories(feature int) int {
	if len(s.Columns) == 0 {
		return 0
	}
	return len(s.Columns[feature].Categories)
}
