package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// param is a parameter's place on the stack.
func (w writer) param(name string) operand.Mem {
	p, err := w.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

func (w writer) loaded(param string) reg.GPVirtual {
	r := w.GP64()
	w.MOVQ(w.param(param), r)
	return r
}

func (w writer) loadedVector(from operand.Op) reg.VecVirtual {
	v := w.set.vector(w)
	w.VMOVUPS(from, v)
	return v
}

func (w writer) broadcast(from operand.Mem) reg.VecVirtual {
	v := w.set.vector(w)
	w.VBROADCASTSS(from, v)
	return v
}

func (w writer) vectorAt(base reg.Register, v int) operand.Mem {
	return operand.Mem{Base: base, Disp: v * w.set.bytes()}
}

// weightAt is where vector v of the tile's weights is.
func (w writer) weightAt(panels []operand.Mem, v int) operand.Mem {
	return panels[v/vectorsPerPanel].Offset(v % vectorsPerPanel * w.set.bytes())
}

// strided returns n addresses, each a stride further than the one before. One
// register serves three of them, since an address may add once or twice the
// stride by itself. It may change base.
func (w writer) strided(base reg.GPVirtual, stride string, n int) []operand.Mem {
	addresses := []operand.Mem{{Base: base}}
	if n == 1 {
		return addresses
	}
	once := w.loaded(stride)
	for i := 1; i < n; i++ {
		if i%3 == 0 {
			next := w.GP64()
			w.LEAQ(operand.Mem{Base: once, Index: once, Scale: 2}, next)
			w.ADDQ(base, next)
			base = next
			addresses = append(addresses, operand.Mem{Base: base})
			continue
		}
		addresses = append(addresses, operand.Mem{Base: base, Index: once, Scale: uint8(i % 3)})
	}
	return addresses
}

// advance moves addresses that strided made.
func (w writer) advance(addresses []operand.Mem, bytes int) {
	for i := 0; i < len(addresses); i += 3 {
		w.ADDQ(operand.Imm(uint64(bytes)), addresses[i].Base)
	}
}
