package trees

import (
	"math"
	"slices"
)

// ranks turn a feature into how many of its thresholds are at most it: a small
// integer, which a threshold's own place among them decides for like the numbers
// themselves do. 16 bits of it make a register hold twice as many.
type ranks struct {
	features int
	// keys has the thresholds of one asked feature after the other, in order; see key.
	keys  []int32
	asked []ranked
	// columns is how many there are: each a feature's ranks, with what is missing
	// ranked above all thresholds, which is right, or below, which is left.
	columns int
}

type ranked struct {
	feature     int32
	first, n    int32 // of keys
	right, left int32 // columns; −1 is none
}

const (
	// mostKeys is how many thresholds a feature may have: their ranks are int16, of
	// which the largest is for what is missing.
	mostKeys     = math.MaxInt16 - 1
	missingRight = math.MaxInt16
	missingLeft  = 0
)

// newRanks returns false where a node asks for more than x < threshold, or some
// feature has too many thresholds.
func newRanks(f *Forest) (*ranks, columnIndex, bool) {
	c, index, ok := comparedColumns(f)
	if !ok {
		return nil, nil, false
	}
	keys := map[int32][]int32{}
	for t := range f.Trees {
		for i := range f.Trees[t].Nodes {
			n := &f.Trees[t].Nodes[i]
			keys[n.Feature] = append(keys[n.Feature], key(n.Threshold))
		}
	}
	r := &ranks{features: f.Features, columns: len(c.all)}
	places := map[int32]int{}
	for i, column := range c.all {
		at, known := places[column.feature]
		if !known {
			own := keys[column.feature]
			slices.Sort(own)
			own = slices.Compact(own)
			if len(own) > mostKeys {
				return nil, nil, false
			}
			at = len(r.asked)
			places[column.feature] = at
			r.asked = append(r.asked, ranked{column.feature, int32(len(r.keys)), int32(len(own)), -1, -1})
			r.keys = append(r.keys, own...)
		}
		if column.missingLeft {
			r.asked[at].left = int32(i)
		} else {
			r.asked[at].right = int32(i)
		}
	}
	return r, index, true
}

// code is what a node compares with: ranks below it go left.
func (r *ranks) code(a *ranked, n *Node) uint16 {
	at, _ := slices.BinarySearch(r.keys[a.first:a.first+a.n], key(n.Threshold))
	return uint16(at + 1)
}

// places finds a feature in asked.
func (r *ranks) places() map[int32]*ranked {
	all := make(map[int32]*ranked, len(r.asked))
	for i := range r.asked {
		all[r.asked[i].feature] = &r.asked[i]
	}
	return all
}

// rank is how many keys are at most that of x. It has no branches to be mistaken
// about.
func rank(keys []int32, x float32) uint16 {
	k, low := int64(key(x)), 0
	for n := len(keys); n > 0; {
		half := (n + 1) >> 1
		// −1 where the key is at most k.
		low += half & int((int64(keys[low+half-1])-k-1)>>63)
		n -= half
	}
	return uint16(low)
}

// fill writes the ranks of one row: column i to to[i·stride].
func (r *ranks) fill(to []uint16, stride int, row []float32) {
	for i := range r.asked {
		a := &r.asked[i]
		x := row[a.feature]
		right, left := uint16(missingRight), uint16(missingLeft)
		if x == x {
			right = rank(r.keys[a.first:a.first+a.n], x)
			left = right
		}
		if a.right >= 0 {
			to[int(a.right)*stride] = right
		}
		if a.left >= 0 {
			to[int(a.left)*stride] = left
		}
	}
}
