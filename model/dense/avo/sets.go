package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// instructionSet is what differs between AVX-512 and AVX2. The last vector of
// a tile has as many columns as the parameter of that name says; masked loads
// and stores touch nothing past them.
type instructionSet struct {
	name   string
	lanes  int // float32 values in a vector
	shapes []shape
	vector func(writer) reg.VecVirtual
	mask   func(writer) reg.Register

	maskedLoad  func(w writer, from operand.Mem, mask reg.Register, to reg.VecVirtual)
	maskedStore func(w writer, from reg.VecVirtual, mask reg.Register, to operand.Mem)
	// slowMaskedStore is set where a plain store is worth a branch: AMD's
	// processors take a dozen cycles and more for AVX2's masked one.
	slowMaskedStore bool
}

func (set instructionSet) bytes() int { return 4 * set.lanes }

func (set instructionSet) function(s shape) string {
	return fmt.Sprintf("%sTile%dx%d", set.name, s.rows, s.vectors)
}

// avx512 has 32 vector registers: at most 24 sums, two vectors of weights and
// the numbers of a few rows.
func avx512() instructionSet {
	return instructionSet{
		name: "avx512", lanes: 16,
		shapes: shapes([]int{16, 8, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2}),
		vector: func(w writer) reg.VecVirtual { return w.ZMM() },
		mask: func(w writer) reg.Register {
			ones, mask := w.GP32(), w.K()
			w.MOVL(operand.I32(-1), ones)
			w.BZHIL(w.loaded("columns").As32(), ones, ones)
			w.KMOVW(ones, mask)
			return mask
		},
		maskedLoad: func(w writer, from operand.Mem, mask reg.Register, to reg.VecVirtual) {
			w.VMOVUPS_Z(from, mask, to)
		},
		maskedStore: func(w writer, from reg.VecVirtual, mask reg.Register, to operand.Mem) {
			w.VMOVUPS(from, mask, to)
		},
	}
}

// avx2 has 16: at most 12 sums.
func avx2() instructionSet {
	return instructionSet{
		name: "avx2", lanes: 8, slowMaskedStore: true,
		shapes: shapes([]int{8, 4, 4, 2, 2, 2}),
		vector: func(w writer) reg.VecVirtual { return w.YMM() },
		mask: func(w writer) reg.Register {
			window, offset, mask := w.GP64(), w.loaded("columns"), w.YMM()
			w.LEAQ(operand.NewDataAddr(operand.NewStaticSymbol("maskWindow"), 0), window)
			w.NEGQ(offset)
			w.VMOVUPS(operand.Mem{Base: window, Index: offset, Scale: 4, Disp: 32}, mask)
			return mask
		},
		maskedLoad: func(w writer, from operand.Mem, mask reg.Register, to reg.VecVirtual) {
			w.VMASKMOVPS(from, mask, to)
		},
		maskedStore: func(w writer, from reg.VecVirtual, mask reg.Register, to operand.Mem) {
			w.VMASKMOVPS(from, mask, to)
		},
	}
}

// shapes lists, for one row and for two and so on, the tiles from one vector
// up to the widest.
func shapes(widest []int) []shape {
	var all []shape
	for i, most := range widest {
		for vectors := 1; vectors <= most; vectors *= 2 {
			all = append(all, shape{i + 1, vectors})
		}
	}
	return all
}

// maskWindow is eight lanes that are on and eight that are off. Eight lanes
// from 8 − n on are the mask of n columns.
func maskWindow(c *build.Context) {
	c.StaticGlobal("maskWindow")
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for range 8 {
		c.AppendDatum(operand.U32(0xffffffff))
	}
	for range 8 {
		c.AppendDatum(operand.U32(0))
	}
}
