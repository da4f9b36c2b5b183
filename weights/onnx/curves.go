package onnx

import (
	"math"

	"penstock/model/dense"
)

// curve is a part of an activation. Exporters write GELU as x·½·(1 + erf(x/√2)), and
// SiLU as x·sigmoid(x); an engine of a curve has the layers of x.
type curve string

const (
	erf       curve = "erf"         // erf(x/√2)
	onePlus   curve = "1 + erf"     // 1 + erf(x/√2)
	twice     curve = "x (1 + erf)" // x·(1 + erf(x/√2))
	half      curve = "half"        // ½·(1 + erf(x/√2))
	closeness       = 1e-5          // of what stands for √2 in the file
)

// errorFunction lowers nodes Erf, of a network's values over √2.
func errorFunction(_ *lowering, _ *Node, in []*value) (*value, error) {
	if e := in[0].engine; e != nil && e.forest == nil && e.curve == "" && e.last() != nil && e.mul != nil {
		x := *e
		x.unscale(1 / math.Sqrt2)
		x.curve = erf
		return of(in[0].elem, &x), nil
	}
	return nil, cannot("is no part of a GELU")
}

// unscale takes a factor off what is left to do.
func (e *engine) unscale(factor float64) {
	mul, add := make([]float64, e.width), make([]float64, e.width)
	for i := range e.width {
		mul[i], add[i] = e.mul[i]/factor, e.add[i]/factor
	}
	e.mul, e.add = mul, add
}

// about says that a scalar constant is near a number.
func (v *value) about(x float64) bool {
	if v.constant == nil || v.constant.Len() != 1 {
		return false
	}
	numbers, err := v.constant.Numbers()
	return err == nil && math.Abs(numbers[0]-x) < closeness
}

// scales reports whether a is x times factor, as far as is left to do after the same
// layers.
func scales(a, x *engine, factor float64) bool {
	if a.forest != nil || x.forest != nil || a.width != x.width || a.finish != "" || x.finish != "" || !a.same(x) {
		return false
	}
	at := func(all []float64, i int, none float64) float64 {
		if all == nil {
			return none
		}
		return all[i]
	}
	for i := range a.width {
		near := func(p, q float64) bool { return math.Abs(p-q*factor) <= closeness*(math.Abs(q)+1e-30) }
		if !near(at(a.mul, i, 1), at(x.mul, i, 1)) || !near(at(a.add, i, 0), at(x.add, i, 0)) {
			return false
		}
	}
	return true
}

// curved is what a node of arithmetic makes of a part of an activation, or nil.
func curved(l *lowering, op string, a, b *value) *value {
	if made := curvedBy(l, op, a, b); made != nil || op == "Div" || op == "Sub" {
		return made
	}
	return curvedBy(l, op, b, a)
}

func curvedBy(l *lowering, op string, a, b *value) *value {
	if a.engine == nil {
		return nil
	}
	e := a.engine
	step := func(to curve) *value {
		made := *e
		made.curve = to
		return of(a.elem, &made)
	}
	switch {
	case e.curve == erf && op == "Add" && b.about(1):
		return step(onePlus)
	case e.curve == onePlus && op == "Mul" && b.about(0.5):
		return step(half)
	case e.curve == twice && op == "Mul" && b.about(0.5):
		return e.becomes(l, a, dense.GELU)
	case op != "Mul" || b.engine == nil || b.engine.curve != "":
		return nil
	case e.curve == onePlus && scales(b.engine, e, 1):
		return step(twice)
	case e.curve == onePlus && scales(b.engine, e, 0.5), e.curve == half && scales(b.engine, e, 1):
		return e.becomes(l, a, dense.GELU)
	case e.curve == "" && e.ends() == dense.Sigmoid && b.engine.before(e):
		x := *b.engine
		return x.becomes(l, a, dense.SiLU)
	}
	return nil
}

// becomes is the network with an activation, or nil where it cannot be had.
func (e *engine) becomes(l *lowering, v *value, a dense.Activation) *value {
	x := *e
	x.curve = ""
	made, err := x.with(l, a)
	if err != nil {
		return nil
	}
	return of(v.elem, made)
}

// before says that other is this network with a sigmoid.
func (e *engine) before(other *engine) bool {
	a, b := e.last(), other.last()
	return a != nil && len(e.layers) == len(other.layers) && e.mul == nil && e.add == nil &&
		a.Activation == dense.Identity && &a.Weight[0] == &b.Weight[0]
}
