package dense

import (
	"math"
	"math/bits"
)

// callWork is how many multiplications of vectors one call of a tile may do,
// in order to be over within 100 µs: 50 µs with two a cycle at 2 GHz.
const callWork = 200_000

// nearBytes is how many bytes of weights count as near for one tile. They stay
// in 48 KiB of first-level cache while the rows pass by.
const nearBytes = 32 << 10

// cut says how rows are cut into tiles that lie one below the other: count of
// them have height rows, but the first taller of them one more. 13 rows are 7
// and 6, not 12 and 1, because a tile costs its weights' way to the processor,
// however low it is.
type cut struct{ count, height, taller int }

// cutInto cuts rows into tiles of at most so many.
func cutInto(rows, most int) cut {
	count := (rows + most - 1) / most
	return cut{count, rows / count, rows % count}
}

func (p *tiled) multiply(dst, src []float32, rows int, w *workspace) {
	dst, src = dst[:rows*p.out], src[:rows*p.in]
	vectors := (p.out + p.set.lanes - 1) / p.set.lanes
	left, backwards := vectors, w.backwards
	// One row or two are not enough sums for a tile of near weights to be fast.
	if rows > 2 && bytes(nearVectors*p.set.lanes*p.in) <= nearBytes {
		c := cutInto(rows, len(p.set.near))
		for ; left >= nearVectors; left -= nearVectors {
			p.nearOutputs(c, dst, src, (vectors-left)*p.set.lanes)
		}
		backwards = false
	}
	if left == 0 {
		return
	}
	c := cutInto(rows, len(p.set.far))
	strips := p.strips(c, src, left, w)
	widths := len(p.set.far[(rows-1)/c.count]) // those that the tallest has
	for left > 0 {
		wide := 1 << (min(bits.Len(uint(left)), widths) - 1)
		if backwards && left%2 == 1 {
			wide = 1 // the last panel, of half the width
		}
		first := vectors - left
		left -= wide
		if backwards {
			first = left
		}
		for i := range strips {
			p.farOutputs(&strips[i], dst, first*p.set.lanes, wide)
		}
	}
	clear(strips) // the rows are the caller's
}

// nearOutputs computes nearVectors vectors of outputs, from first on, of all
// rows.
func (p *tiled) nearOutputs(c cut, dst, src []float32, first int) {
	call := func(height, count int) {
		if count == 0 {
			return
		}
		p.set.near[height-1](&dst[first], &src[0], &p.weight[first*p.in], &p.bias[first],
			uintptr(p.in), uintptr(count),
			bytes(p.out), bytes(p.in), 0, bytes(vectorsPerPanel*p.set.lanes*p.in),
			p.columns(first, nearVectors), p.floor)
		dst, src = dst[count*height*p.out:], src[count*height*p.in:]
	}
	call(c.height+1, c.taller)
	call(c.height, c.count-c.taller)
}

// farOutputs computes some vectors of outputs, from first on, of the rows of a
// strip. Cutting the inputs into parts leaves the order of the additions as it
// is.
func (p *tiled) farOutputs(s *strip, dst []float32, first, vectors int) {
	tile := p.set.far[s.height-1][bits.Len(uint(vectors))-1]
	dst = dst[s.row*p.out+first:]
	panel := min(vectors, vectorsPerPanel) * p.set.lanes
	// A tile of less than 16 sums waits for its own results.
	depth := callWork / max(16, s.height*vectors)
	start, startStride, floor := &p.bias[first], 0, float32(math.Inf(-1))
	for from := 0; ; from += depth {
		part := min(depth, s.depth-from)
		if from+part == s.depth {
			floor = p.floor
		}
		tile(&dst[0], &s.values[from], &p.weight[first*p.in], start, &s.offsets[from],
			uintptr(part), bytes(p.out), bytes(s.stride), bytes(startStride), bytes(panel*p.in),
			p.columns(first, vectors), floor)
		if from+part == s.depth {
			return
		}
		start, startStride = &dst[0], p.out
	}
}

// columns is how many outputs the last of some vectors has, which start at the
// output first.
func (p *tiled) columns(first, vectors int) uintptr {
	return uintptr(min(p.set.lanes, p.out-first-(vectors-1)*p.set.lanes))
}

// bytes is the size of n values.
func bytes(n int) uintptr { return 4 * uintptr(n) }
