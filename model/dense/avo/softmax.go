package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// softmaxSignature is that of dense's softmaxFunc, whose comment tells what the
// parameters mean.
const softmaxSignature = "func(dst, src *float32, rows, vectors, columns, stride uintptr, coldness float64)"

// softmaxNumbers are what the loop over a row needs besides its registers.
// Those that an instruction takes from memory stand there four times, which is
// a vector of AVX2.
//
// c0 to c6 are the polynomial of model's exp: see there for where it comes from.
// Its relative error is below 7e-9.
var softmaxNumbers = []struct {
	name  string
	value float64
}{
	{"floor", -708}, // what is raised to less would be a denormal, or nothing
	{"perLn2", 1 / math.Ln2},
	// Adding it leaves in a number's low bits the integer nearest to it, and
	// 1023 more, which is how the exponent of a float64 counts.
	{"round", 1<<52 + 1<<51 + 1023},
	{"ln2", math.Ln2},
	{"c6", 0.0013933643522488035},
	{"c5", 0.008369150982490723},
	{"c4", 0.04166648739947962},
	{"c3", 0.16666523181133777},
	{"c2", 0.5},
	{"c1", 1},
	{"c0", 1},
}

// softmaxTable writes the numbers down.
func softmaxTable(c *build.Context) {
	for _, n := range softmaxNumbers {
		c.StaticGlobal("softmax_" + n.name)
		c.DataAttributes(attr.RODATA | attr.NOPTR)
		for range 4 {
			c.AppendDatum(operand.F64(n.value))
		}
	}
}

// softmaxWriter writes the softmax of one instruction set.
type softmaxWriter struct {
	writer
	numbers map[string]operand.Op
	nothing reg.VecVirtual // −∞ in every lane
	mask    reg.Register   // of the last vector
}

// softmax emits, for every row,
//
//	top = the largest logit
//	power[i] = e^(coldness·(src[i] − top)); sum += power[i]
//	dst[i] = power[i] · 1/sum, both factors rounded
//
// Powers and their sum are float64, half a vector of float32 at a time. What is
// missing from the last vector is −∞, whose power, e⁻⁷⁰⁸, is lost in a sum of 1
// and more. Nothing depends on the row's place, so a row's scores are the same
// bits in every batch.
//
// Any NaN makes its own power NaN, hence the sum, hence the row; so does +∞,
// which is subtracted from itself.
//
// A row's last vector stays in registers, and logits and scores are apart in
// memory: a masked store keeps all loads waiting that come near it.
func softmax(c *build.Context, set instructionSet) {
	w := softmaxWriter{writer: writer{Context: c, set: set}}
	w.Function(set.name + "Softmax")
	w.Attributes(attr.NOSPLIT)
	w.SignatureExpr(softmaxSignature)
	w.Doc(fmt.Sprintf("%sSoftmax turns rows of logits into probabilities; see softmaxFunc.", set.name))
	w.Pragma("noescape")

	src, dst, rows := w.loaded("src"), w.loaded("dst"), w.loaded("rows")
	w.mask = set.mask(w.writer)
	w.loadNumbers()
	w.Label("row")
	w.row(src, dst)
	w.ADDQ(w.param("stride"), src)
	w.ADDQ(w.param("stride"), dst)
	w.DECQ(rows)
	w.JNZ(operand.LabelRef("row"))
	w.VZEROUPPER()
	w.RET()
}

func (w *softmaxWriter) row(src, dst reg.GPVirtual) {
	at, to := w.GP64(), w.GP64()
	top := w.vector()
	w.VMOVAPS(w.nothing, top)
	w.MOVQ(src, at)
	w.wholeVectors("top", func() {
		w.VMAXPS(operand.Mem{Base: at}, top, top)
	}, at)
	last := w.vector()
	w.set.filledLoad(w.writer, operand.Mem{Base: at}, w.mask, w.nothing, last)
	w.VMAXPS(last, top, top)
	w.spread(top)

	sum := w.powers(last, top)
	w.MOVQ(src, at)
	w.MOVQ(dst, to)
	w.wholeVectors("power", func() {
		x := w.loadedVector(operand.Mem{Base: at})
		w.VADDPD(w.powers(x, top), sum, sum)
		w.VMOVUPS(x, operand.Mem{Base: to})
	}, at, to)
	w.reciprocal(sum)

	w.MOVQ(dst, to)
	w.wholeVectors("scale", func() {
		x := w.vector()
		w.VMULPS(operand.Mem{Base: to}, sum, x)
		w.VMOVUPS(x, operand.Mem{Base: to})
	}, to)
	w.VMULPS(last, sum, last)
	w.set.maskedStore(w.writer, last, w.mask, operand.Mem{Base: to})
}

func (w *softmaxWriter) vector() reg.VecVirtual { return w.set.vector(w.writer) }

// wholeVectors repeats body for all vectors of a row but the last, and moves
// addresses to it.
func (w *softmaxWriter) wholeVectors(pass string, body func(), addresses ...reg.GPVirtual) {
	left := w.loaded("vectors")
	w.JMP(operand.LabelRef(pass + "Left"))
	w.Label(pass)
	body()
	for _, at := range addresses {
		w.ADDQ(operand.Imm(uint64(w.set.bytes())), at)
	}
	w.Label(pass + "Left")
	w.DECQ(left)
	w.JNZ(operand.LabelRef(pass))
}

// loadNumbers gets the numbers to where instructions find them: with 32
// registers, into registers.
func (w *softmaxWriter) loadNumbers() {
	w.numbers = map[string]operand.Op{}
	inRegisters := map[string]bool{"floor": true, "round": true, "c6": true}
	for _, n := range softmaxNumbers {
		at := operand.NewDataAddr(operand.NewStaticSymbol("softmax_"+n.name), 0)
		w.numbers[n.name] = at
		if w.set.lanes == 16 || inRegisters[n.name] {
			v := w.vector()
			w.VBROADCASTSD(at, v)
			w.numbers[n.name] = v
		}
	}
	coldness := w.vector()
	w.VBROADCASTSD(w.param("coldness"), coldness)
	w.numbers["coldness"] = coldness

	bits := w.GP32()
	w.MOVL(operand.U32(math.Float32bits(float32(math.Inf(-1)))), bits)
	w.nothing = w.vector()
	w.VMOVD(bits, w.nothing.AsX())
	w.VBROADCASTSS(w.nothing.AsX(), w.nothing)
}

// spread leaves a vector's largest value in every lane, as float64. What it
// makes of a NaN does not matter.
func (w *softmaxWriter) spread(top reg.VecVirtual) {
	other := w.vector()
	for _, swap := range w.set.swaps {
		swap(w.writer, top, other)
		w.VMAXPS(other, top, top)
	}
	w.VCVTPS2PD(w.set.half(top), top)
}

// powers replaces logits by powers, rounded. It returns the sum, not rounded, of
// either half's.
func (w *softmaxWriter) powers(x, top reg.VecVirtual) (sum reg.VecVirtual) {
	high, sum := w.vector(), w.vector()
	w.set.upper(w.writer, x, w.set.half(high))
	for _, half := range []reg.VecVirtual{x, high} {
		w.VCVTPS2PD(w.set.half(half), half)
		w.power(half, top)
	}
	w.VADDPD(high, x, sum)
	for _, half := range []reg.VecVirtual{x, high} {
		w.set.narrow(w.writer, half, w.set.half(half))
	}
	w.set.join(w.writer, w.set.half(high), x)
	return sum
}

// power replaces x by e^(coldness·(x − top)). The larger of two is the second
// where one is NaN: NaN stays NaN.
func (w *softmaxWriter) power(x, top reg.VecVirtual) {
	k, r := w.vector(), w.vector()
	w.VSUBPD(top, x, x)
	w.VMULPD(w.numbers["coldness"], x, x)
	w.VMAXPD(x, w.numbers["floor"], r)
	w.VMOVAPD(w.numbers["round"], k)
	w.VFMADD231PD(w.numbers["perLn2"], r, k)
	w.VSUBPD(w.numbers["round"], k, x)
	w.VFNMADD231PD(w.numbers["ln2"], x, r)
	w.VMOVAPD(w.numbers["c6"], x)
	for _, c := range []string{"c5", "c4", "c3", "c2", "c1", "c0"} {
		w.VFMADD213PD(w.numbers[c], r, x)
	}
	w.VPSLLQ(operand.Imm(52), k, k)
	w.VMULPD(k, x, x)
}

// reciprocal replaces sum by 1/Σ of its lanes, as float32 in every lane.
func (w *softmaxWriter) reciprocal(sum reg.VecVirtual) {
	other := w.vector()
	for _, swap := range w.set.swaps[:len(w.set.swaps)-1] {
		swap(w.writer, sum, other)
		w.VADDPD(other, sum, sum)
	}
	w.VMOVSD(operand.NewDataAddr(operand.NewStaticSymbol("softmax_c0"), 0), other.AsX())
	w.VDIVSD(sum.AsX(), other.AsX(), sum.AsX())
	w.VCVTSD2SS(sum.AsX(), sum.AsX(), sum.AsX())
	w.VBROADCASTSS(sum.AsX(), sum)
}
