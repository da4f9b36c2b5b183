package trees

import (
	"math"
	"slices"
)

// ranks turn a feature into how many of its thresholds are at most it: a small
// integer, which a threshold's own place among them decides for like the numbers
// themselves do. 16 bits of it make a register hold twice as many.
//
// Each column has the ranks of one feature, with what is missing ranked above all
// thresholds, which is right, or below, which is left.
type ranks struct {
	features, columns int
	// thresholds has those of one feature after the other: the last of each block
	// of 16, and then the blocks, filled up with infinities, and one of nothing else.
	thresholds []float32
	asked      []ranked
	sorted     map[int32][]float32 // by feature; nil once nodes have their codes
}

// ranked is a feature as rankFunc wants it.
type ranked struct {
	feature uint32    // where it is in a row, in bytes
	first   uint32    // where its thresholds are, in bytes
	vectors uint32    // how many there are of blocks' lasts, at least one
	columns [2]uint32 // which may be one and the same
	missing [2]uint32 // what is missing is in each column
	_       uint32
}

// rankFunc writes the ranks of a row's features, of which there is one at least:
// that of column c to to[c·stride].
type rankFunc func(to *uint16, row *float32, asked *uint32, thresholds *float32, features, stride int)

const (
	// mostThresholds is how many a feature may have: their ranks are int16, of
	// which the largest is for what is missing.
	mostThresholds = math.MaxInt16 - 32
	missingRight   = math.MaxInt16
	missingLeft    = 0
	rankBlock      = 16
)

// newRanks returns false where a node asks for more than x < threshold, or some
// feature has too many thresholds.
func newRanks(f *Forest) (*ranks, columnIndex, bool) {
	c, index, ok := comparedColumns(f)
	if !ok || f.Features > math.MaxInt32/4 {
		return nil, nil, false
	}
	r := &ranks{features: f.Features, columns: len(c.all), sorted: map[int32][]float32{}}
	for t := range f.Trees {
		for i := range f.Trees[t].Nodes {
			n := &f.Trees[t].Nodes[i]
			r.sorted[n.Feature] = append(r.sorted[n.Feature], n.Threshold)
		}
	}
	places := map[int32]int{}
	for i, column := range c.all {
		missing := uint32(missingRight)
		if column.missingLeft {
			missing = missingLeft
		}
		if at, known := places[column.feature]; known {
			r.asked[at].columns[1], r.asked[at].missing[1] = uint32(i), missing
			continue
		}
		places[column.feature] = len(r.asked)
		thresholds := r.sorted[column.feature]
		slices.Sort(thresholds)
		thresholds = slices.Compact(thresholds)
		r.sorted[column.feature] = thresholds
		if len(thresholds) > mostThresholds || len(r.thresholds) > math.MaxInt32/4 {
			return nil, nil, false
		}
		own := ranked{feature: 4 * uint32(column.feature), first: 4 * uint32(len(r.thresholds)),
			columns: [2]uint32{uint32(i), uint32(i)}, missing: [2]uint32{missing, missing}}
		own.vectors = r.lay(thresholds)
		r.asked = append(r.asked, own)
	}
	return r, index, true
}

// lay adds one feature's thresholds, and returns how many vectors their blocks' last
// ones are.
func (r *ranks) lay(thresholds []float32) uint32 {
	infinite := float32(math.Inf(1))
	filled := func(values []float32) []float32 {
		for len(values)%rankBlock != 0 {
			values = append(values, infinite)
		}
		return values
	}
	blocks := filled(slices.Clone(thresholds))
	var lasts []float32
	for i := rankBlock - 1; i < len(blocks); i += rankBlock {
		lasts = append(lasts, blocks[i])
	}
	lasts = filled(lasts)
	r.thresholds = append(append(r.thresholds, lasts...), blocks...)
	// A row's numbers are finite, and so never beyond all of lasts; these are for one
	// that is not.
	for range rankBlock * (len(lasts) - len(blocks)/rankBlock + 1) {
		r.thresholds = append(r.thresholds, infinite)
	}
	return uint32(len(lasts) / rankBlock)
}

// code is what a node compares with: ranks below it go left.
func (r *ranks) code(n *Node) uint16 {
	at, _ := slices.BinarySearch(r.sorted[n.Feature], n.Threshold)
	return uint16(at + 1)
}
