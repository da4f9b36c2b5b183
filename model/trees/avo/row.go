package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// avx512Row writes the function that takes one row through trees.
//
// All 63 nodes of a tree are compared at once: the row's ranks lie in two registers,
// from which a permutation takes each node's, and comparing gives a bit for each
// node. The walk is then over bits: from node i to 2i, or 2i+1 where its bit is set,
// which is to shift the bit into i.
func avx512Row(c *build.Context) {
	c.Function("avx512Row")
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr("func(at *uint32, ranks, nodes *uint16, trees, stride int)")
	c.Doc("avx512Row writes the slots that one row arrives at; see rowFunc.")
	c.Pragma("noescape")
	at := c.Load(c.Param("at"), c.GP64())
	ranks := c.Load(c.Param("ranks"), c.GP64())
	nodes := c.Load(c.Param("nodes"), c.GP64())
	trees := c.Load(c.Param("trees"), c.GP64())
	stride := c.Load(c.Param("stride"), c.GP64())
	low, high := c.ZMM(), c.ZMM()
	c.VMOVDQU64(operand.Mem{Base: ranks}, low)
	c.VMOVDQU64(operand.Mem{Base: ranks, Disp: 64}, high)

	one := func(nodes operand.Mem) {
		masks := [2]reg.Register{c.K(), c.K()}
		for half := range masks {
			values := c.ZMM()
			c.VMOVDQU64(nodes.Offset(64*half), values) // which ranks
			c.VPERMI2W(high, low, values)
			c.VPCMPW(operand.U8(5), nodes.Offset(128+64*half), values, masks[half]) // not less: right
		}
		both, bits, i := c.K(), c.GP64(), c.GP64()
		c.KUNPCKDQ(masks[0], masks[1], both)
		c.KMOVQ(both, bits)
		c.MOVL(operand.U32(1), i.As32())
		for range depth {
			c.BTQ(i, bits)
			c.ADCQ(i, i)
		}
		c.SUBL(operand.Imm(1<<depth), i.As32())
		c.MOVL(i.As32(), operand.Mem{Base: at})
		c.ADDQ(stride, at)
	}
	const unrolled = 4
	c.Label("several")
	c.CMPQ(trees, operand.Imm(unrolled))
	c.JL(operand.LabelRef("rest"))
	for u := range unrolled {
		one(operand.Mem{Base: nodes, Disp: 256 * u})
	}
	c.ADDQ(operand.U32(256*unrolled), nodes)
	c.SUBQ(operand.Imm(unrolled), trees)
	c.JMP(operand.LabelRef("several"))
	c.Label("rest")
	c.TESTQ(trees, trees)
	c.JZ(operand.LabelRef("done"))
	one(operand.Mem{Base: nodes})
	c.ADDQ(operand.U32(256), nodes)
	c.DECQ(trees)
	c.JMP(operand.LabelRef("rest"))
	c.Label("done")
	c.VZEROUPPER()
	c.RET()
}
