package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// down writes the function that takes many walks down to their leaves, each a step
// at a time: see nodes.go, of whose loop it is the same without checks. It asks the
// cache for each node one round before it is looked at.
func down(c *build.Context) {
	const walkBytes = 12
	c.Function("downX86")
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr("func(at, walks *uint32, count int, all *uint64, keys *int32, shift, mask uint32)")
	c.Doc("downX86 takes count walks, at least one, to their leaves.")
	c.Pragma("noescape")
	at := c.Load(c.Param("at"), c.GP64())
	walks := c.Load(c.Param("walks"), c.GP64())
	count := c.Load(c.Param("count"), c.GP64())
	all := c.Load(c.Param("all"), c.GP64())
	keys := c.Load(c.Param("keys"), c.GP64())
	shift := c.GP64()
	c.Load(c.Param("shift"), shift.As32())
	mask := c.GP64()
	c.Load(c.Param("mask"), mask.As32())
	end := c.GP64()
	c.IMUL3Q(operand.Imm(walkBytes), count, end)
	c.ADDQ(walks, end) // beyond the last walk

	step, node, next, column, side := c.GP64(), c.GP64(), c.GP64(), c.GP64(), c.GP64()
	c.Label("round")
	c.MOVQ(walks, step)
	c.Label("step")
	c.MOVL(operand.Mem{Base: step}, node.As32())
	c.MOVL(operand.Mem{Base: all, Index: node, Scale: 8, Disp: 4}, next.As32())
	c.TESTL(next.As32(), next.As32())
	c.JZ(operand.LabelRef("leaf"))
	c.MOVL(next.As32(), column.As32())
	c.ANDL(mask.As32(), column.As32())
	c.ADDL(operand.Mem{Base: step, Disp: 4}, column.As32())
	c.SHRXL(shift.As32(), next.As32(), next.As32())
	c.ADDL(node.As32(), next.As32())
	c.MOVL(operand.Mem{Base: keys, Index: column, Scale: 4}, column.As32())
	c.XORL(side.As32(), side.As32())
	c.CMPL(column.As32(), operand.Mem{Base: all, Index: node, Scale: 8})
	c.SETGE(side.As8())
	c.ADDL(side.As32(), next.As32())
	c.MOVL(next.As32(), operand.Mem{Base: step})
	c.PREFETCHT0(operand.Mem{Base: all, Index: next, Scale: 8})
	c.ADDQ(operand.Imm(walkBytes), step)
	c.CMPQ(step, end)
	c.JB(operand.LabelRef("step"))
	c.JMP(operand.LabelRef("round"))

	// A walk that arrived gives its place to the last one.
	c.Label("leaf")
	c.MOVL(operand.Mem{Base: all, Index: node, Scale: 8}, side.As32())
	c.MOVL(operand.Mem{Base: step, Disp: 8}, column.As32())
	c.MOVL(side.As32(), operand.Mem{Base: at, Index: column, Scale: 4})
	c.SUBQ(operand.Imm(walkBytes), end)
	c.MOVQ(operand.Mem{Base: end}, next)
	c.MOVL(operand.Mem{Base: end, Disp: 8}, column.As32())
	c.MOVQ(next, operand.Mem{Base: step})
	c.MOVL(column.As32(), operand.Mem{Base: step, Disp: 8})
	c.CMPQ(step, end)
	c.JB(operand.LabelRef("step"))
	c.CMPQ(walks, end)
	c.JB(operand.LabelRef("round"))
	c.RET()
}
