package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gatherSignature is that of dense's gatherFunc, whose comment tells what the
// parameters mean.
const gatherSignature = "func(values *float32, offsets *uint32, row *float32, vectors, columns uintptr) (found uintptr)"

// notEqual is true where either is NaN.
const notEqual = 4

// gather emits, a vector at a time,
//
//	for k in row: if row[k] ≠ 0: values[found], offsets[found] = row[k], k · bytes of a vector; found++
//
// AVX2 has no instruction that moves chosen lanes together.
func gather(c *build.Context, set instructionSet) {
	w := writer{Context: c, set: set}
	offsetTable(c, set)
	w.Function(set.name + "Gather")
	w.Attributes(attr.NOSPLIT)
	w.SignatureExpr(gatherSignature)
	w.Doc(set.name + "Gather finds a row's values that are not zero; see gatherFunc.")
	w.Pragma("noescape")

	values, offsets, row := w.loaded("values"), w.loaded("offsets"), w.loaded("row")
	left := w.loaded("vectors")
	zero, offset, step := w.set.vector(w), w.set.vector(w), w.set.vector(w)
	w.VPXORD(zero, zero, zero)
	w.VMOVDQU32(operand.NewDataAddr(operand.NewStaticSymbol("offsets"), 0), offset)
	w.VPBROADCASTD(operand.NewDataAddr(operand.NewStaticSymbol("offsets"), 4*set.lanes), step)
	found := w.GP64()
	w.XORQ(found, found)

	keep := func(x reg.VecVirtual) {
		chosen, bits, together := w.K(), w.GP32(), w.set.vector(w)
		w.VCMPPS(operand.Imm(notEqual), zero, x, chosen)
		w.VCOMPRESSPS_Z(x, chosen, together)
		w.VMOVUPS(together, operand.Mem{Base: values, Index: found, Scale: 4})
		w.VPCOMPRESSD_Z(offset, chosen, together)
		w.VMOVDQU32(together, operand.Mem{Base: offsets, Index: found, Scale: 4})
		w.VPADDD(step, offset, offset)
		w.KMOVW(chosen, bits)
		w.POPCNTL(bits, bits)
		w.ADDQ(bits.As64(), found)
	}
	w.JMP(operand.LabelRef("left"))
	w.Label("vector")
	keep(w.loadedVector(operand.Mem{Base: row}))
	w.ADDQ(operand.Imm(uint64(set.bytes())), row)
	w.Label("left")
	w.DECQ(left)
	w.JNZ(operand.LabelRef("vector"))
	last := w.set.vector(w)
	w.set.maskedLoad(w, operand.Mem{Base: row}, w.set.mask(w), last)
	keep(last)
	w.Store(found, w.Return("found"))
	w.VZEROUPPER()
	w.RET()
}

// offsetTable holds the offsets of a first vector, and how far on the next is.
func offsetTable(c *build.Context, set instructionSet) {
	c.StaticGlobal("offsets")
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for k := range set.lanes {
		c.AppendDatum(operand.U32(k * set.bytes()))
	}
	c.AppendDatum(operand.U32(set.lanes * set.bytes()))
}
