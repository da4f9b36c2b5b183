package quality

import (
	"math"
	"slices"
	"sort"
)

// Slice is a column of a model's rows by whose value outcomes are told apart.
type Slice struct {
	Column int // of the row
	Name   string
	// Bounds are where the bins of a number end, ascending: a value belongs to the
	// first bin whose bound is not below it, and beyond the last to one more. A category has
	// no Bounds: its index is its bin. Names are those of the bins.
	Bounds []float64
	Names  []string
	// Shift is what was taken off the numbers of rows.
	Shift float64
}

// Bins is how many there are; what is missing, or no category that is known, is in
// the last.
func (s Slice) Bins() int { return len(s.Names) }

// MaxBins is how many bins a slice may have.
const MaxBins = 250

// slicer finds the bins of rows.
type slicer struct {
	Slice
}

func (s *Store) slicerOf(m *Model) *slicer {
	cut, ok := s.cuts[m.Name]
	if !ok || cut.Bins() > MaxBins {
		return nil
	}
	return &slicer{Slice: cut}
}

// of returns the bin of each row.
func (s *slicer) of(p *Prediction) []uint8 {
	bins := make([]uint8, p.Rows)
	if len(p.Features) < p.Rows*p.Columns || s.Column >= p.Columns {
		return slices.Repeat([]uint8{uint8(s.Bins() - 1)}, p.Rows)
	}
	for row := range bins {
		bins[row] = s.bin(float64(p.Features[row*p.Columns+s.Column]))
	}
	return bins
}

func (s *slicer) bin(value float64) uint8 {
	last := s.Bins() - 1
	switch {
	case math.IsNaN(value):
		return uint8(last)
	case len(s.Bounds) == 0:
		if i := int(value); value >= 0 && i < last && float64(i) == value {
			return uint8(i)
		}
		return uint8(last)
	}
	return uint8(sort.SearchFloat64s(s.Bounds, value+s.Shift))
}

// SliceOf is the column by which a model's outcomes are told apart.
func (s *Store) SliceOf(model string) (Slice, bool) {
	slice, ok := s.cuts[model]
	return slice, ok
}
