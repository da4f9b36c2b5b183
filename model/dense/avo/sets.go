package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// instructionSet is what differs between AVX-512 and AVX2. The last vector of
// a tile has as many columns as the parameter of that name says; masked loads
// and stores touch nothing past them.
type instructionSet struct {
	name  string
	lanes int // float32 values in a vector
	// compresses is set where there are instructions that move chosen lanes
	// together.
	compresses bool
	// far are the tiles for weights that have to come from further away than the
	// first-level cache.
	far []shape
	// near is up to how many rows there are tiles for weights in it, of
	// nearVectors vectors.
	near   int
	vector func(writer) reg.VecVirtual
	mask   func(writer) reg.Register

	maskedLoad  func(w writer, from operand.Mem, mask reg.Register, to reg.VecVirtual)
	maskedStore func(w writer, from reg.VecVirtual, mask reg.Register, to operand.Mem)
	// filledLoad takes what the mask leaves out from another vector.
	filledLoad func(w writer, from operand.Mem, mask reg.Register, other, to reg.VecVirtual)

	// For sums over a vector, and for float64 of half as many lanes: swaps
	// exchange halves, then halves of halves, until every lane has met every
	// other; half names a vector's lower half, upper copies the upper one, and
	// join sets it; narrow rounds a vector of float64.
	swaps  []func(w writer, from, to reg.VecVirtual)
	half   func(v reg.VecVirtual) reg.VecVirtual
	upper  func(w writer, from, half reg.VecVirtual)
	join   func(w writer, half, to reg.VecVirtual)
	narrow func(w writer, from, half reg.VecVirtual)

	// slowMaskedStore is set where a plain store is worth a branch: AMD's
	// processors take a dozen cycles and more for AVX2's masked one.
	slowMaskedStore bool
}

func (set instructionSet) bytes() int { return 4 * set.lanes }

// avx512 has 32 vector registers: at most 24 sums, two vectors of weights and
// the numbers of a few rows.
func avx512() instructionSet {
	return instructionSet{
		name: "avx512", lanes: 16, compresses: true,
		far: shapes([]int{16, 8, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2}), near: 6,
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
		filledLoad: func(w writer, from operand.Mem, mask reg.Register, other, to reg.VecVirtual) {
			w.VMOVAPS(other, to)
			w.VMOVUPS(from, mask, to)
		},
		swaps: []func(w writer, from, to reg.VecVirtual){
			func(w writer, from, to reg.VecVirtual) { w.VSHUFF64X2(operand.Imm(0x4e), from, from, to) },
			func(w writer, from, to reg.VecVirtual) { w.VSHUFF64X2(operand.Imm(0xb1), from, from, to) },
			func(w writer, from, to reg.VecVirtual) { w.VPERMILPS(operand.Imm(0x4e), from, to) },
			func(w writer, from, to reg.VecVirtual) { w.VPERMILPS(operand.Imm(0xb1), from, to) },
		},
		half:   func(v reg.VecVirtual) reg.VecVirtual { return v.AsY().(reg.VecVirtual) },
		upper:  func(w writer, from, half reg.VecVirtual) { w.VEXTRACTF64X4(operand.Imm(1), from, half) },
		join:   func(w writer, half, to reg.VecVirtual) { w.VINSERTF64X4(operand.Imm(1), half, to, to) },
		narrow: func(w writer, from, half reg.VecVirtual) { w.VCVTPD2PS(from, half) },
	}
}

// avx2 has 16: at most 12 sums.
func avx2() instructionSet {
	return instructionSet{
		name: "avx2", lanes: 8, slowMaskedStore: true,
		far: shapes([]int{8, 4, 4, 2, 2, 2}), near: 3,
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
		filledLoad: func(w writer, from operand.Mem, mask reg.Register, other, to reg.VecVirtual) {
			w.VMASKMOVPS(from, mask, to)
			w.VBLENDVPS(mask, to, other, to)
		},
		swaps: []func(w writer, from, to reg.VecVirtual){
			func(w writer, from, to reg.VecVirtual) { w.VPERM2F128(operand.Imm(1), from, from, to) },
			func(w writer, from, to reg.VecVirtual) { w.VPERMILPS(operand.Imm(0x4e), from, to) },
			func(w writer, from, to reg.VecVirtual) { w.VPERMILPS(operand.Imm(0xb1), from, to) },
		},
		half:   func(v reg.VecVirtual) reg.VecVirtual { return v.AsX().(reg.VecVirtual) },
		upper:  func(w writer, from, half reg.VecVirtual) { w.VEXTRACTF128(operand.Imm(1), from, half) },
		join:   func(w writer, half, to reg.VecVirtual) { w.VINSERTF128(operand.Imm(1), half, to, to) },
		narrow: func(w writer, from, half reg.VecVirtual) { w.VCVTPD2PSY(from, half) },
	}
}

// nearVectors is the width of tiles for weights that are near. Nearly square,
// they load least for what they multiply: 6 × 4 take 10 vectors and broadcasts
// for 24 sums, 12 × 2 take 14. But what they load is mostly weights.
const nearVectors = 4

// nearShapes are the tiles of up to near rows and nearVectors vectors.
func (set instructionSet) nearShapes() []shape {
	var all []shape
	for rows := range set.near {
		all = append(all, shape{rows + 1, nearVectors})
	}
	return all
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
