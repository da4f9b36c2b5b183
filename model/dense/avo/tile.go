package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// shape is what a tile computes: how many rows of the batch by how many
// vectors of outputs it sums up in registers at once.
type shape struct{ rows, vectors int }

// vectorsPerPanel is how many vectors of weights lie side by side in a panel;
// dense's packing follows it. A tile of one vector reads a panel of half the
// width.
const vectorsPerPanel = 2

// writer writes the function of one shape.
//
// Each sum is one chain of fused multiply-adds in the order of the inputs,
// whatever the shape: that is what makes a row's scores the same bits in every
// batch. Speed comes from having many sums under way, at least eight where
// there is work for them (two units with a latency of four cycles each).
type writer struct {
	*build.Context
	shape
	set instructionSet
}

// begin starts a function. signature is that of dense's function type of that
// kind, whose comment tells what the parameters mean.
func (w writer) begin(name, signature, kind string) {
	w.Function(name)
	w.Attributes(attr.NOSPLIT)
	w.SignatureExpr(signature)
	w.Doc(fmt.Sprintf("%s sums up %d × %d; see %s.", name, w.rows, w.vectors*w.set.lanes, kind))
	w.Pragma("noescape")
}

// panels is how many panels of weights lie under a tile.
func (w writer) panels() int { return (w.vectors + vectorsPerPanel - 1) / vectorsPerPanel }

// panelBytes is the width of those panels.
func (w writer) panelBytes() int { return min(w.vectors, vectorsPerPanel) * w.set.bytes() }

// sums loads what the tile's sums start from.
func (w writer) sums(start reg.Register) [][]reg.VecVirtual {
	mask := w.set.mask(w)
	sums := make([][]reg.VecVirtual, w.rows)
	for r := range sums {
		sums[r] = make([]reg.VecVirtual, w.vectors)
		for v := range w.vectors - 1 {
			sums[r][v] = w.loadedVector(w.vectorAt(start, v))
		}
		last := w.set.vector(w)
		w.set.maskedLoad(w, w.vectorAt(start, w.vectors-1), mask, last)
		sums[r][w.vectors-1] = last
		w.ADDQ(w.param("startStride"), start)
	}
	return sums
}

// multiply adds the products of one number of each row.
func (w writer) multiply(sums [][]reg.VecVirtual, rows, weights []operand.Mem) {
	if w.rows <= w.vectors {
		w.rowsFirst(sums, rows, weights)
	} else {
		w.weightsFirst(sums, rows, weights)
	}
}

// rowsFirst keeps a number of every row in a register, while the weights pass
// through.
func (w writer) rowsFirst(sums [][]reg.VecVirtual, rows, weights []operand.Mem) {
	x := make([]reg.VecVirtual, w.rows)
	for r := range x {
		x[r] = w.broadcast(rows[r])
	}
	for v := range w.vectors {
		var weight operand.Op = w.weightAt(weights, v)
		if w.rows > 1 {
			weight = w.loadedVector(weight)
		}
		for r := range x {
			w.VFMADD231PS(weight, x[r], sums[r][v])
		}
	}
}

// weightsFirst keeps the weights in registers, while the rows pass through.
func (w writer) weightsFirst(sums [][]reg.VecVirtual, rows, weights []operand.Mem) {
	held := make([]reg.VecVirtual, w.vectors)
	for v := range held {
		held[v] = w.loadedVector(w.weightAt(weights, v))
	}
	for r := range rows {
		x := w.broadcast(rows[r])
		for v := range held {
			w.VFMADD231PS(held[v], x, sums[r][v])
		}
	}
}

// store writes max(floor, sum). The sum is the operand that VMAXPS returns
// when either is NaN: NaN must stay NaN, so that a model that fails is seen to
// fail.
func (w writer) store(sums [][]reg.VecVirtual, dst reg.Register) {
	floor := w.broadcast(w.param("floor"))
	for r := range sums {
		for _, sum := range sums[r] {
			w.VMAXPS(sum, floor, sum)
		}
	}
	if w.set.slowMaskedStore {
		w.CMPQ(w.param("columns"), operand.Imm(uint64(w.set.lanes)))
		w.JNE(operand.LabelRef("ragged"))
		w.storeRows(sums, dst, func(sum reg.VecVirtual, to operand.Mem) { w.VMOVUPS(sum, to) })
		w.JMP(operand.LabelRef("stored"))
		w.Label("ragged")
	}
	mask := w.set.mask(w)
	w.storeRows(sums, dst, func(sum reg.VecVirtual, to operand.Mem) { w.set.maskedStore(w, sum, mask, to) })
	w.Label("stored")
}

// storeRows stores the last vector of each row by last.
func (w writer) storeRows(sums [][]reg.VecVirtual, dst reg.Register, last func(reg.VecVirtual, operand.Mem)) {
	for _, row := range sums {
		for v, sum := range row[:w.vectors-1] {
			w.VMOVUPS(sum, w.vectorAt(dst, v))
		}
		last(row[w.vectors-1], w.vectorAt(dst, w.vectors-1))
		w.ADDQ(w.param("dstStride"), dst)
	}
}
