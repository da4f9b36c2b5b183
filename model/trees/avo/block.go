package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// block is a function that takes a block of rows, one in each lane of a register,
// through trees.
//
// It compares at every node, which knows no branches, and plays a tournament from
// the lowest nodes up: each node passes on the way that was found by the child that
// the row goes to, with its own step before it.
type block struct {
	*build.Context
	ranks, nodes reg.Register
}

const nodeBytes = 8 // of heaps.nodes: where the ranks are, and the code

func newBlock(c *build.Context, name, kind string) (b block, at, stride, trees reg.Register) {
	c.Function(name)
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr("func(at *uint32, ranks *uint16, nodes *uint64, trees, stride int)")
	c.Doc(name + " writes the slots that a block of rows arrives at; see " + kind + ".")
	c.Pragma("noescape")
	b = block{c, c.Load(c.Param("ranks"), c.GP64()), c.Load(c.Param("nodes"), c.GP64())}
	return b, c.Load(c.Param("at"), c.GP64()), c.Load(c.Param("stride"), c.GP64()), c.Load(c.Param("trees"), c.GP64())
}

// node is where node i is.
func (b block) node(i int) operand.Mem { return operand.Mem{Base: b.nodes, Disp: i * nodeBytes} }

// rank is where the rows' ranks are that node i asks for.
func (b block) rank(i int) operand.Mem {
	offset := b.GP64()
	b.MOVL(b.node(i), offset.As32())
	return operand.Mem{Base: b.ranks, Index: offset, Scale: 1}
}

// loop runs body for each tree.
func (b block) loop(at, stride, trees reg.Register, body func()) {
	b.Label("tree")
	body()
	b.ADDQ(stride, at)
	b.ADDQ(operand.U32(nodeBytes<<depth), b.nodes)
	b.DECQ(trees)
	b.JNZ(operand.LabelRef("tree"))
	b.VZEROUPPER()
	b.RET()
}

func avx512Block(c *build.Context) {
	b, at, stride, trees := newBlock(c, "avx512Block", "blockFunc")
	steps := make([]reg.VecVirtual, depth) // 2ⁱ in each lane
	for i := range steps {
		value, step := c.GP32(), c.ZMM()
		c.MOVL(operand.U32(1<<i), value)
		c.VPBROADCASTW(value, step)
		steps[i] = step
	}
	var way func(i, height int) reg.VecVirtual
	way = func(i, height int) reg.VecVirtual {
		var left, right reg.VecVirtual
		if height > 0 {
			left, right = way(2*i, height-1), way(2*i+1, height-1)
		}
		code, goes := c.ZMM(), c.K()
		c.VPBROADCASTW(b.node(i).Offset(4), code)
		c.VPCMPW(operand.U8(2), b.rank(i), code, goes) // code ≤ rank: right
		if height == 0 {
			found := c.ZMM()
			c.VMOVDQU16_Z(steps[0], goes, found)
			return found
		}
		c.VMOVDQU16(right, goes, left)
		c.VPADDW(steps[height], left, goes, left)
		return left
	}
	b.loop(at, stride, trees, func() {
		found := way(1, depth-1)
		wide, upper := c.ZMM(), c.YMM()
		c.VPMOVZXWD(found.AsY(), wide)
		c.VMOVDQU32(wide, operand.Mem{Base: at})
		c.VEXTRACTI64X4(operand.Imm(1), found, upper)
		c.VPMOVZXWD(upper, wide)
		c.VMOVDQU32(wide, operand.Mem{Base: at, Disp: 64})
	})
}

func avx2Block(c *build.Context) {
	b, at, stride, trees := newBlock(c, "avx2Block", "blockFunc")
	all := c.YMM() // the slot of a row that never goes left
	value := c.GP32()
	c.MOVL(operand.U32(1<<depth-1), value)
	low := c.XMM()
	c.VMOVD(value, low)
	c.VPBROADCASTW(low, all)
	var way func(i, height int) reg.VecVirtual
	way = func(i, height int) reg.VecVirtual {
		var left, right reg.VecVirtual
		if height > 0 {
			left, right = way(2*i, height-1), way(2*i+1, height-1)
		}
		code := c.YMM()
		c.VPBROADCASTW(b.node(i).Offset(4), code)
		c.VPCMPGTW(b.rank(i), code, code) // code > rank: −1 where left
		if height == 0 {
			return code
		}
		found := c.YMM()
		c.VPBLENDVB(code, left, right, found)
		c.VPSLLW(operand.Imm(uint64(height)), code, code)
		c.VPADDW(code, found, found)
		return found
	}
	b.loop(at, stride, trees, func() {
		found := way(1, depth-1)
		c.VPADDW(all, found, found)
		wide, upper := c.YMM(), c.XMM()
		c.VPMOVZXWD(found.AsX(), wide)
		c.VMOVDQU(wide, operand.Mem{Base: at})
		c.VEXTRACTI128(operand.Imm(1), found, upper)
		c.VPMOVZXWD(upper, wide)
		c.VMOVDQU(wide, operand.Mem{Base: at, Disp: 32})
	})
}
