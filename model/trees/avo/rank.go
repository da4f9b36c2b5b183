package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rank writes the function that ranks one row's features.
//
// A feature's thresholds lie in blocks of 16. Counting the blocks' last thresholds
// that are at most x tells in which block to count those that are left: two steps
// where halving needs one for each bit.
//
// What is missing is above no threshold, since no comparison with it holds.
func rank(c *build.Context, set string) {
	wide := set == "avx512"
	name := set + "Rank"
	c.Function(name)
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr("func(to *uint16, row *float32, asked *uint32, thresholds *float32, features, stride int)")
	c.Doc(name + " ranks one row's features; see rankFunc.")
	c.Pragma("noescape")
	to := c.Load(c.Param("to"), c.GP64())
	row := c.Load(c.Param("row"), c.GP64())
	asked := c.Load(c.Param("asked"), c.GP64())
	thresholds := c.Load(c.Param("thresholds"), c.GP64())
	features := c.Load(c.Param("features"), c.GP64())
	stride := c.Load(c.Param("stride"), c.GP64())

	// member loads one of a feature's numbers; see ranks.asked.
	member := func(i int) reg.GPVirtual {
		r := c.GP64()
		c.MOVL(operand.Mem{Base: asked, Disp: 4 * i}, r.As32())
		return r
	}
	// count adds how many of 16 thresholds are at most x.
	count := func(x reg.VecVirtual, at operand.Mem, total reg.GPVirtual) {
		const atLeast = 13 // ordered: false where x is NaN
		if wide {
			k, bits := c.K(), c.GP32()
			c.VCMPPS(operand.U8(atLeast), at, x, k)
			c.KMOVW(k, bits)
			c.POPCNTL(bits, bits)
			c.ADDL(bits, total.As32())
			return
		}
		for half := range 2 {
			mask, bits := c.YMM(), c.GP32()
			c.VCMPPS(operand.U8(atLeast), at.Offset(32*half), x, mask)
			c.VMOVMSKPS(mask, bits)
			c.POPCNTL(bits, bits)
			c.ADDL(bits, total.As32())
		}
	}

	c.Label("feature")
	var x reg.VecVirtual = c.YMM()
	if wide {
		x = c.ZMM()
	}
	c.VBROADCASTSS(operand.Mem{Base: row, Index: member(0), Scale: 1}, x)
	from := member(1)
	c.ADDQ(thresholds, from)
	vectors := member(2)
	full := c.GP64()
	c.XORL(full.As32(), full.As32())
	c.Label("lasts")
	count(x, operand.Mem{Base: from}, full)
	c.ADDQ(operand.Imm(64), from)
	c.DECQ(vectors)
	c.JNZ(operand.LabelRef("lasts"))
	found, block := c.GP64(), c.GP64()
	c.MOVQ(full, found)
	c.SHLQ(operand.Imm(4), found)
	c.MOVQ(found, block)
	c.SHLQ(operand.Imm(2), block)
	c.ADDQ(from, block)
	count(x, operand.Mem{Base: block}, found)

	c.VUCOMISS(x.AsX(), x.AsX())
	for column := range 2 {
		place, missing := member(3+column), member(5+column)
		c.CMOVLPC(found.As32(), missing.As32())
		c.IMULQ(stride, place)
		c.MOVW(missing.As16(), operand.Mem{Base: to, Index: place, Scale: 2})
	}
	c.ADDQ(operand.Imm(32), asked)
	c.DECQ(features)
	c.JNZ(operand.LabelRef("feature"))
	c.VZEROUPPER()
	c.RET()
}
