package dense

import (
	"math"
	"math/bits"
)

// rowFunc sums up some vectors of outputs of one row:
//
//	dst[o] = max(floor, start[o] + Σ_k values[k] · weight[offsets[k]][o])
//
// for depth values of k, which may be none, each sum one chain of fused
// multiply-adds in the order of k. An offset is the index of an input times the
// bytes of one vector; panelStride is in bytes too. A NaN stays NaN. The last
// vector has only columns outputs, as a tile's has.
//
// Like a tile it cannot be preempted.
type rowFunc func(dst, weight, start, values *float32, offsets *uint32, depth, panelStride, columns uintptr, floor float32)

// gatherFunc finds what is not zero, of either sign, among the values of a row:
//
//	for k in row: if row[k] ≠ 0: values[found], offsets[found] = row[k], k · bytes of a vector; found++
//
// The row has vectors vectors, at least one, and the last columns values. What
// lies up to one vector past the last found may be overwritten.
type gatherFunc func(values *float32, offsets *uint32, row *float32, vectors, columns uintptr) (found uintptr)

// gather is a set's gatherFunc, or else the same in Go.
func (p *tiled) gather(w *workspace, row []float32) (found int) {
	if p.set.gather != nil {
		before := (len(row) - 1) / p.set.lanes // vectors
		return int(p.set.gather(&w.values[0], &w.offsets[0], &row[0], uintptr(before+1), uintptr(len(row)-before*p.set.lanes)))
	}
	values, offsets, offset := w.values[:len(row)], w.offsets[:len(row)], uint32(0)
	for _, x := range row {
		values[found], offsets[found] = x, offset
		offset += uint32(bytes(p.set.lanes))
		// One more, unless x is zero of either sign. A branch would be a guess,
		// and often wrong.
		magnitude := math.Float32bits(x) << 1
		found += int((magnitude | -magnitude) >> 31)
	}
	return found
}

// multiplyRow is multiply for one row. It leaves out inputs that are zero, as
// most pixels are and half of what a ReLU returns: alone, a row waits for the
// weights to arrive, and those of a zero need not. The sums are the same, since
// weights are finite; only a sum that is zero may have the other sign.
func (p *tiled) multiplyRow(dst, row []float32, w *workspace) {
	found := p.gather(w, row)
	vectors := (p.out + p.set.lanes - 1) / p.set.lanes
	for left := vectors; left > 0; {
		wide := 1 << (min(bits.Len(uint(left)), len(p.set.rows)) - 1)
		if w.backwards && left%2 == 1 {
			wide = 1 // the last panel, of half the width
		}
		first := vectors - left
		left -= wide
		if w.backwards {
			first = left
		}
		p.rowOutputs(dst, first*p.set.lanes, wide, found, w)
	}
}

// rowOutputs computes some vectors of outputs, from first on, in as many calls
// as callWork asks for.
func (p *tiled) rowOutputs(dst []float32, first, vectors, found int, w *workspace) {
	sum := p.set.rows[bits.Len(uint(vectors))-1]
	panel := min(vectors, vectorsPerPanel) * p.set.lanes
	columns := min(p.set.lanes, p.out-first-(vectors-1)*p.set.lanes)
	depth := callWork / max(16, vectors)
	start, floor := &p.bias[first], float32(math.Inf(-1))
	for from := 0; ; from += depth {
		count := min(depth, found-from)
		if from+count == found {
			floor = p.floor
		}
		sum(&dst[first], &p.weight[first*p.in], start, &w.values[from], &w.offsets[from],
			uintptr(count), bytes(panel*p.in), uintptr(columns), floor)
		if from+count == found {
			return
		}
		start = &dst[first]
	}
}
