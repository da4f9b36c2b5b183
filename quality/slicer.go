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
	// first bin whose bound is not below it, and beyond the last to one more. Names
	// are those of the bins, or of a category's values, of which Bounds has none.
	Bounds []float64
	Names  []string
}

// Bins is how many there are; what is missing, or no category that is known, is in
// the last.
func (s Slice) Bins() int {
	if len(s.Bounds) == 0 {
		return len(s.Names) + 1
	}
	return len(s.Bounds) + 2
}

// maxBins is how many bins a slice may have.
const maxBins = 250

// slicer finds the bins of rows.
type slicer struct {
	Slice
}

func (s *Store) slicerOf(m *Model) *slicer {
	cut, ok := s.cuts[m.Name]
	if !ok || cut.Bins() > maxBins {
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
		if i := int(value); i >= 0 && i < last && float64(i) == value {
			return uint8(i)
		}
		return uint8(last)
	}
	return uint8(sort.SearchFloat64s(s.Bounds, value))
}
