package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowSignature is that of dense's rowFunc, whose comment tells what the
// parameters mean.
const rowSignature = "func(dst, weight, start, values *float32, offsets *uint32, depth, panelStride, columns uintptr, floor float32)"

func (set instructionSet) rowFunction(vectors int) string {
	return fmt.Sprintf("%sRow%d", set.name, vectors)
}

// writeRow emits
//
//	sums = start
//	for k in 0..depth: sums[v] += values[k] · weight[offsets[k]][v], fused
//	dst = max(floor, sums)
//
// One row's product is as fast as its weights arrive; those of inputs that are
// zero are left where they are. As in a tile each sum is one chain of fused
// multiply-adds in the order of the inputs.
func (w writer) writeRow() {
	w.Function(w.set.rowFunction(w.vectors))
	w.Attributes(attr.NOSPLIT)
	w.SignatureExpr(rowSignature)
	w.Doc(fmt.Sprintf("%s sums up %d outputs of one row; see rowFunc.",
		w.set.rowFunction(w.vectors), w.vectors*w.set.lanes))
	w.Pragma("noescape")

	sums := w.rowOf(w.loaded("start"), w.set.mask(w))
	values, offsets, depth := w.loaded("values"), w.loaded("offsets"), w.loaded("depth")
	weights := w.strided(w.loaded("weight"), "panelStride", (w.vectors+vectorsPerPanel-1)/vectorsPerPanel)
	k := w.GP64()
	w.XORQ(k, k)
	w.JMP(operand.LabelRef("sumLeft"))
	w.Label("sum")
	offset := w.GP64()
	w.MOVL(operand.Mem{Base: offsets, Index: k, Scale: 4}, offset.As32())
	x := w.broadcast(operand.Mem{Base: values, Index: k, Scale: 4})
	here := w.displaced(weights, offset)
	for v, sum := range sums {
		w.VFMADD231PS(w.weightAt(here, v), x, sum)
	}
	w.INCQ(k)
	w.Label("sumLeft")
	w.CMPQ(k, depth)
	w.JNE(operand.LabelRef("sum"))

	w.store([][]reg.VecVirtual{sums}, w.loaded("dst"))
	w.VZEROUPPER()
	w.RET()
}

// displaced returns what strided made, further on by an offset that counts
// vectors' bytes: for panels of two vectors, twice as far.
func (w writer) displaced(addresses []operand.Mem, offset reg.Register) []operand.Mem {
	var moved []operand.Mem
	var base reg.GPVirtual
	for i, at := range addresses {
		if i%3 == 0 {
			base = w.GP64()
			w.LEAQ(operand.Mem{Base: at.Base, Index: offset, Scale: uint8(min(w.vectors, vectorsPerPanel))}, base)
		}
		at.Base = base
		moved = append(moved, at)
	}
	return moved
}
