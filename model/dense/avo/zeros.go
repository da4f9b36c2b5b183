package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// find emits, a vector of inputs at a time,
//
//	for k in inputs: if any src[r][k] ≠ 0: masks[k] = 1, offsets[found] = first + k · bytes of a vector; found++
func find(c *build.Context, set instructionSet) {
	w := writer{Context: c, set: set}
	offsetTable(c, set)
	w.Function(set.name + "Find")
	w.Attributes(attr.NOSPLIT)
	w.SignatureExpr("func(offsets *uint32, masks *uint16, src *float32, rows, srcStride, vectors, columns uintptr, first uint32) (found uintptr)")
	w.Doc(set.name + "Find finds the inputs that are not zero in all rows; see findFunc.")
	w.Pragma("noescape")

	offsets, masks, src, stride := w.loaded("offsets"), w.loaded("masks"), w.loaded("src"), w.loaded("srcStride")
	left := w.loaded("vectors")
	last := set.mask(w)
	magnitude, offset, step := set.vector(w), set.vector(w), set.vector(w)
	w.VPBROADCASTD(operand.NewDataAddr(operand.NewStaticSymbol("offsets"), 4*set.lanes+4), magnitude)
	w.VPBROADCASTD(operand.NewDataAddr(operand.NewStaticSymbol("offsets"), 4*set.lanes), step)
	first := w.GP32()
	w.MOVL(w.param("first"), first)
	w.VPBROADCASTD(first, offset)
	w.VPADDD(operand.NewDataAddr(operand.NewStaticSymbol("offsets"), 0), offset, offset)
	found := w.GP64()
	w.XORQ(found, found)

	// vector ors together a vector of every row, as or does it.
	vector := func(label string, or func(row operand.Mem, all reg.VecVirtual)) {
		all, row, rows := set.vector(w), w.GP64(), w.loaded("rows")
		w.VPXORD(all, all, all)
		w.MOVQ(src, row)
		w.Label(label)
		or(operand.Mem{Base: row}, all)
		w.ADDQ(stride, row)
		w.DECQ(rows)
		w.JNZ(operand.LabelRef(label))

		chosen, bits, together := w.K(), w.GP32(), set.vector(w)
		w.VPTESTMD(magnitude, all, chosen)
		w.KMOVW(chosen, operand.Mem{Base: masks})
		w.VPCOMPRESSD_Z(offset, chosen, together)
		w.VMOVDQU32(together, operand.Mem{Base: offsets, Index: found, Scale: 4})
		w.VPADDD(step, offset, offset)
		w.KMOVW(chosen, bits)
		w.POPCNTL(bits, bits)
		w.ADDQ(bits.As64(), found)
		w.ADDQ(operand.Imm(2), masks)
	}
	w.JMP(operand.LabelRef("left"))
	w.Label("whole")
	vector("wholeRow", func(row operand.Mem, all reg.VecVirtual) { w.VPORD(row, all, all) })
	w.ADDQ(operand.Imm(uint64(set.bytes())), src)
	w.Label("left")
	w.DECQ(left)
	w.JNZ(operand.LabelRef("whole"))
	vector("lastRow", func(row operand.Mem, all reg.VecVirtual) {
		x := set.vector(w)
		set.maskedLoad(w, row, last, x)
		w.VPORD(x, all, all)
	})
	w.Store(found, w.Return("found"))
	w.VZEROUPPER()
	w.RET()
}

// compact emits, a vector of inputs at a time,
//
//	for k in inputs: if masks[k]: values[found] = row[k]; found++
func compact(c *build.Context, set instructionSet) {
	w := writer{Context: c, set: set}
	w.Function(set.name + "Compact")
	w.Attributes(attr.NOSPLIT)
	w.SignatureExpr("func(values *float32, masks *uint16, row *float32, vectors, columns uintptr) (found uintptr)")
	w.Doc(set.name + "Compact moves a row's chosen inputs together; see compactFunc.")
	w.Pragma("noescape")

	values, masks, row, left := w.loaded("values"), w.loaded("masks"), w.loaded("row"), w.loaded("vectors")
	last := set.mask(w)
	keep := func(x reg.VecVirtual) {
		chosen, bits := w.K(), w.GP32()
		w.KMOVW(operand.Mem{Base: masks}, chosen)
		w.VCOMPRESSPS_Z(x, chosen, x)
		w.VMOVUPS(x, operand.Mem{Base: values})
		w.KMOVW(chosen, bits)
		w.POPCNTL(bits, bits)
		w.LEAQ(operand.Mem{Base: values, Index: bits.As64(), Scale: 4}, values)
		w.ADDQ(operand.Imm(2), masks)
	}
	w.JMP(operand.LabelRef("left"))
	w.Label("whole")
	keep(w.loadedVector(operand.Mem{Base: row}))
	w.ADDQ(operand.Imm(uint64(set.bytes())), row)
	w.Label("left")
	w.DECQ(left)
	w.JNZ(operand.LabelRef("whole"))
	x := set.vector(w)
	set.maskedLoad(w, operand.Mem{Base: row}, last, x)
	keep(x)
	w.SUBQ(w.param("values"), values)
	w.SHRQ(operand.Imm(2), values)
	w.Store(values, w.Return("found"))
	w.VZEROUPPER()
	w.RET()
}

// offsetTable holds the offsets of a first vector, how far on the next is, and
// the bits of a float32 but its sign.
func offsetTable(c *build.Context, set instructionSet) {
	c.StaticGlobal("offsets")
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for k := range set.lanes {
		c.AppendDatum(operand.U32(k * set.bytes()))
	}
	c.AppendDatum(operand.U32(set.lanes * set.bytes()))
	c.AppendDatum(operand.U32(0x7fffffff))
}
