package dense

import (
	"math"
	"unsafe"
)

// farFunc sums up a tile of some rows and some vectors of outputs:
//
//	dst[r][o] = max(floor, start[r][o] + Σ_k src[r][k] · weight[offsets[k]][o])
//
// for depth values of k, which may be none, each sum one chain of fused
// multiply-adds in the order of k. An offset is the index of an input times the
// bytes of one vector; it reads mostAhead of them more, to ask for weights in
// time. A NaN stays NaN. The last vector of a row has only columns outputs; what
// lies past them is neither read nor written. Strides are in bytes from one row
// (of weights: from one panel) to the next.
//
// The functions are assembly, which Go cannot preempt: a caller that asks for
// much in one call holds up every collection of garbage.
type farFunc func(dst, src, weight, start *float32, offsets *uint32, depth,
	dstStride, srcStride, startStride, panelStride, columns uintptr, floor float32)

// nearFunc sums up count tiles, one below the other in the batch, from depth
// inputs, at least one, whose weights lie one after the other. It is for weights
// that stay in the first-level cache.
type nearFunc func(dst, src, weight, start *float32, depth, count,
	dstStride, srcStride, startStride, panelStride, columns uintptr, floor float32)

// tileSet is what an instruction set offers: far[r-1][i] sums up r rows and 2ⁱ
// vectors. The more rows, the narrower is the widest. near[r-1] sums up r rows
// and nearVectors vectors.
type tileSet struct {
	lanes         int // float32 values in a vector
	far           [][]farFunc
	near          []nearFunc
	find          findFunc // nil, as compact is, where there is no instruction for it
	compact       compactFunc
	probabilities softmaxFunc
}

// Those of the generator.
const (
	vectorsPerPanel = 2
	nearVectors     = 4
)

// tiled is a layer packed for a set of tiles: panels of two vectors of outputs,
// each panel contiguous, [in][outputs of the panel]. Where one vector is left
// the last panel is of that width. What is missing from the last vector is
// filled up with zeros.
type tiled struct {
	set          tileSet
	in, out      int
	bias, weight []float32
	floor        float32  // 0 for a ReLU, else −∞
	offsets      []uint32 // of all inputs
}

func (set tileSet) pack(l Layer) (p product, activated bool) {
	t := &tiled{set: set, in: l.In, out: l.Out, bias: make([]float32, l.Out), floor: float32(math.Inf(-1))}
	if l.Activation == ReLU {
		t.floor, activated = 0, true
	}
	copy(t.bias, l.Bias)
	t.offsets = make([]uint32, l.In+mostAhead)
	for i := range t.offsets {
		t.offsets[i] = uint32(min(i, l.In-1)) * uint32(bytes(set.lanes))
	}
	vectors := (l.Out + set.lanes - 1) / set.lanes
	t.weight = aligned(vectors * set.lanes * l.In)
	for first := 0; first < l.Out; first += vectorsPerPanel * set.lanes {
		width := min(vectorsPerPanel, vectors-first/set.lanes) * set.lanes
		panel := t.weight[first*l.In:]
		for o := first; o < min(first+width, l.Out); o++ {
			for i, w := range l.Weight[o*l.In : (o+1)*l.In] {
				panel[i*width+o-first] = w
			}
		}
	}
	return t, activated
}

// aligned makes a slice that starts on a cache line, so that no vector of
// weights lies across two.
func aligned(n int) []float32 {
	const line = 64 / 4
	values := make([]float32, n+line-1)
	skip := -(uintptr(unsafe.Pointer(unsafe.SliceData(values))) / 4) % line
	return values[skip:][:n:n]
}
