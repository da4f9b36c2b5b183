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

// batch is a batch of rows cut into tiles that lie one below the other.
type batch struct {
	*tiled
	dst, src []float32
	// count tiles have height rows, but the first taller of them one more: 13
	// rows are 7 and 6, not 12 and 1, because a tile costs its weights' way to
	// the processor, however low it is.
	count, height, taller int
	near                  bool // use the tiles for weights that are near
}

func (p *tiled) multiply(dst, src []float32, rows int, w *workspace) {
	if rows == 1 {
		p.multiplyRow(dst[:p.out], src[:p.in], w)
		return
	}
	backwards := w.backwards
	vectors := (p.out + p.set.lanes - 1) / p.set.lanes
	left := vectors
	// Two rows are not enough sums for a tile of near weights to be fast.
	if rows > 2 && bytes(nearVectors*p.set.lanes*p.in) <= nearBytes {
		b := p.cut(dst, src, rows, fewestRows-1+len(p.set.near))
		b.near = true
		for ; left >= nearVectors; left -= nearVectors {
			b.outputs((vectors-left)*p.set.lanes, nearVectors)
		}
		backwards = false
	}
	b := p.cut(dst, src, rows, fewestRows-1+len(p.set.tiles))
	for left > 0 {
		wide := 1 << (min(bits.Len(uint(left)), b.widths()) - 1)
		if backwards && left%2 == 1 {
			wide = 1 // the last panel, of half the width
		}
		first := vectors - left
		left -= wide
		if backwards {
			first = left
		}
		b.outputs(first*p.set.lanes, wide)
	}
}

// cut cuts a batch into tiles of at most so many rows.
func (p *tiled) cut(dst, src []float32, rows, most int) batch {
	count := (rows + most - 1) / most
	return batch{tiled: p, dst: dst[:rows*p.out], src: src[:rows*p.in], count: count, height: rows / count, taller: rows % count}
}

// widths returns how many widths of tiles there are for all heights of b.
func (b batch) widths() int {
	if b.taller > 0 {
		return len(b.set.tiles[b.height+1-fewestRows])
	}
	return len(b.set.tiles[b.height-fewestRows])
}

// outputs computes some vectors of outputs, from first on, of all rows. Cutting
// the inputs into parts leaves the order of the additions as it is.
func (b batch) outputs(first, vectors int) {
	rows := b.count*b.height + b.taller
	// A tile of less than 16 sums waits for its own results.
	depth := max(1, callWork/max(16, rows*vectors))
	for from := 0; from < b.in; from += depth {
		s := section{b.tiled, first, vectors, from, min(depth, b.in-from)}
		if b.taller > 0 {
			s.sum(b.tile(b.height+1, vectors), b.dst, b.src, b.taller)
		}
		above := b.taller * (b.height + 1)
		s.sum(b.tile(b.height, vectors), b.dst[above*b.out:], b.src[above*b.in:], b.count-b.taller)
	}
}

func (b batch) tile(height, vectors int) tileFunc {
	if b.near {
		return b.set.near[height-fewestRows]
	}
	return b.set.tiles[height-fewestRows][bits.Len(uint(vectors))-1]
}

// section is the part of a layer that one call works on: some vectors of
// outputs from first on, and depth inputs from from on.
type section struct {
	*tiled
	first, vectors, from, depth int
}

func (s section) sum(tile tileFunc, dst, src []float32, count int) {
	start, startStride := &s.bias[s.first], 0
	if s.from > 0 {
		start, startStride = &dst[s.first], s.out
	}
	floor := float32(math.Inf(-1))
	if s.from+s.depth == s.in {
		floor = s.floor
	}
	panel := min(s.vectors, vectorsPerPanel) * s.set.lanes
	last := s.first + (s.vectors-1)*s.set.lanes
	tile(&dst[s.first], &src[s.from], &s.weight[s.first*s.in+s.from*panel], start,
		uintptr(s.depth), uintptr(count),
		bytes(s.out), bytes(s.in), bytes(startStride), bytes(panel*s.in),
		uintptr(min(s.set.lanes, s.out-last)), floor)
}

// bytes is the size of n values.
func bytes(n int) uintptr { return 4 * uintptr(n) }
