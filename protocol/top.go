package protocol

import (
	"math"
	"slices"
)

// topBuffer is what finding the best classes of a row needs, without an
// allocation for up to half as many of them.
const topBuffer = 32

// best returns the k first entries in order, from found, which is empty and has
// room for twice as many, or all. When that is full, the worse half goes, and
// nothing worse comes in any more: n scores in any order take n log k steps.
func best(found []uint64, scores []float32, k int) []uint64 {
	worst := uint64(math.MaxUint64)
	for class, score := range scores {
		e := entry(score, class)
		if e >= worst {
			continue
		}
		if len(found) == 2*k {
			slices.Sort(found)
			found = found[:k]
			worst = found[k-1]
			if e >= worst {
				continue
			}
		}
		found = append(found, e)
	}
	slices.Sort(found)
	return found[:k]
}

// entry orders classes as an integer: those of higher scores come first, then
// those of lower index, which is its lower half. Of floats without a sign the
// bits have the order of the floats, of those with one the reverse.
func entry(score float32, class int) uint64 {
	order := ^math.Float32bits(score+0) &^ (1 << 31)
	if score < 0 {
		order = math.Float32bits(score)
	}
	return uint64(order)<<32 | uint64(uint32(class))
}
