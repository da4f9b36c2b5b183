package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// nearWriter writes tiles whose weights stay in the first-level cache while the
// rows pass by.
type nearWriter struct{ writer }

func (w nearWriter) name() string {
	return fmt.Sprintf("%sNear%dx%d", w.set.name, w.rows, w.vectors)
}

// write emits
//
//	repeat count times:
//		sums = start
//		for k in 0..depth: sums[r][v] += src[r][k] · weight[k][v], fused
//		dst = max(floor, sums)
//		go down by the tile's rows
func (w nearWriter) write() {
	w.begin(w.name(), "func(dst, src, weight, start *float32, depth, count, dstStride, srcStride, startStride, panelStride, columns uintptr, floor float32)", "nearFunc")
	src, dst := w.loaded("src"), w.loaded("dst")
	start, count := w.loaded("start"), w.loaded("count")
	w.Label("tile")
	sums := w.sums(start)
	w.all(sums, src)
	w.store(sums, dst)
	w.DECQ(count)
	w.JNZ(operand.LabelRef("tile"))
	w.VZEROUPPER()
	w.RET()
}

// all is the loop over depth. It leaves src at the next tile's rows.
func (w nearWriter) all(sums [][]reg.VecVirtual, src reg.Register) {
	weights := w.strided(w.loaded("weight"), "panelStride", w.panels())
	first := w.GP64()
	w.MOVQ(src, first)
	rows := w.strided(first, "srcStride", w.rows)
	depth := w.loaded("depth")

	w.Label("sum")
	w.multiply(sums, rows, weights)
	w.advance(rows, 4)
	w.advance(weights, w.panelBytes())
	w.DECQ(depth)
	w.JNZ(operand.LabelRef("sum"))

	down := w.loaded("srcStride")
	w.IMUL3Q(operand.Imm(uint64(w.rows)), down, down)
	w.ADDQ(down, src)
}
