package main

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// shape is one tile: how many rows of the batch by how many vectors of outputs
// are summed up in registers at once.
type shape struct{ rows, vectors int }

// instructionSet is what differs between AVX-512 and AVX2.
type instructionSet struct {
	name   string
	lanes  int // float32 values in a vector
	tiles  []shape
	vector func(*build.Context) reg.VecVirtual
	// load fills the sums of a tile; store applies the floor to them and
	// writes them. The last vector of a row has only as many columns as the
	// parameter of that name says; nothing past them is touched.
	load, store func(c *build.Context, t shape, sums [][]reg.VecVirtual)
	// prefetch is how many bytes of weights to ask for in advance.
	prefetch int
}

func (set instructionSet) bytes() int { return 4 * set.lanes }

func (set instructionSet) maxRows() int {
	most := 0
	for _, t := range set.tiles {
		most = max(most, t.rows)
	}
	return most
}

func (set instructionSet) function(t shape) string {
	return fmt.Sprintf("%sTile%dx%d", set.name, t.rows, t.vectors)
}

// signature is dense's tileFunc.
const signature = "func(dst, src, weight, start *float32, depth, count, dstStride, srcStride, startStride, panelStride, columns uintptr, floor float32)"

// emit writes the function of one tile:
//
//	for count tiles of t.rows rows each:
//		sums = start
//		for k in 0..depth: sums[r][v] += src[r][k] · weight[k][v], fused
//		dst = max(floor, sums)
//
// Each sum is one chain of fused multiply-adds in the order of k, whatever the
// tile: that is what makes a row's scores the same bits in every batch.
func (set instructionSet) emit(c *build.Context, t shape) {
	c.Function(set.function(t))
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr(signature)
	c.Doc(fmt.Sprintf("%s is a tile of %d rows and %d vectors of %d columns; see tileFunc.", set.function(t), t.rows, t.vectors, set.lanes))
	c.Pragma("noescape")

	src := c.Load(c.Param("src"), c.GP64())
	dst := c.Load(c.Param("dst"), c.GP64())
	start := c.Load(c.Param("start"), c.GP64())
	count := c.Load(c.Param("count"), c.GP64())
	_, _ = dst, start

	c.Label("tile")
	sums := make([][]reg.VecVirtual, t.rows)
	for r := range sums {
		for range t.vectors {
			sums[r] = append(sums[r], set.vector(c))
		}
	}
	_ = src
	_ = count
	_ = operand.Imm
	_ = strings.ToUpper
}
