package onnx

import (
	"slices"

	"penstock/model/dense"
	"penstock/model/prepare"
)

// network is the value as a network's: one without layers yet where it is cells.
func (v *value) network() (*engine, error) {
	switch {
	case v.elem == String || v.elem.whole() && v.elem == Bool:
		return nil, cannot("is given %v", v.elem)
	case len(v.shape) != 1:
		return nil, cannot("is given rows of shape %d; expected a list of numbers", v.shape)
	case v.cells != nil:
		return &engine{from: v.cells, width: len(v.cells)}, nil
	case v.engine == nil || v.engine.forest != nil || v.engine.finish != prepare.AsIs || v.engine.curve != "":
		return nil, cannot("is given something else than a row, or a network's values")
	}
	return v.engine, nil
}

// last is the layer that the values come from, or nil.
func (e *engine) last() *dense.Layer {
	if len(e.layers) == 0 {
		return nil
	}
	return &e.layers[len(e.layers)-1]
}

// multiply puts a layer of weights [out][in] behind a network, and works into it what
// was left to do before. The layer takes over what it is given.
func (e *engine) multiply(l *lowering, weight, bias []float32, out int) (*engine, error) {
	in := e.width
	if e.add != nil {
		if bias == nil {
			bias = make([]float32, out)
		}
		for o := range out {
			sum := float64(bias[o])
			for i, w := range weight[o*in:][:in] {
				sum += float64(w) * e.add[i]
			}
			bias[o] = float32(sum)
		}
	}
	if e.mul != nil {
		for o := range out {
			for i, w := range weight[o*in:][:in] {
				weight[o*in+i] = float32(float64(w) * e.mul[i])
			}
		}
	}
	layers := slices.Concat(e.layers, []dense.Layer{{Weight: weight, Bias: bias, In: in, Out: out, Activation: dense.Identity}})
	return &engine{from: e.from, layers: layers, width: out}, l.spend(len(layers))
}

// affine is the network with x + a, x − a, a − x, x·a or x/a behind it.
func (e *engine) affine(op string, a []float64, turned bool) (*engine, error) {
	if e.forest != nil || e.finish != prepare.AsIs || e.curve != "" {
		return nil, cannot("computes with what is no network's value")
	}
	made := &engine{from: e.from, layers: e.layers, width: e.width, mul: make([]float64, e.width), add: make([]float64, e.width)}
	for i := range e.width {
		mul, add, x := 1.0, 0.0, a[min(i, len(a)-1)]
		if e.mul != nil {
			mul = e.mul[i]
		}
		if e.add != nil {
			add = e.add[i]
		}
		switch {
		case op == "Add":
			add += x
		case op == "Sub" && turned:
			mul, add = -mul, x-add
		case op == "Sub":
			add -= x
		case op == "Mul":
			mul, add = mul*x, add*x
		case op == "Div" && !turned:
			mul, add = mul/x, add/x
		default:
			return nil, cannot("divides by what a network makes")
		}
		made.mul[i], made.add[i] = mul, add
	}
	return made, nil
}

// settle works what is left to do into the last layer, or into one of its own. It
// changes no value that the engine stands for.
func (e *engine) settle(l *lowering) error {
	if e.mul == nil && e.add == nil {
		return nil
	}
	last := e.last()
	if last == nil || last.Activation != dense.Identity {
		return e.diagonal(l)
	}
	if err := l.spend(len(last.Weight) + last.Out + len(e.layers)); err != nil {
		return err
	}
	weight, bias := make([]float32, len(last.Weight)), make([]float32, last.Out)
	for o := range last.Out {
		sum := 0.0
		if last.Bias != nil {
			sum = float64(last.Bias[o])
		}
		bias[o] = float32(sum*e.mul[o] + e.add[o])
		for i, w := range last.Weight[o*last.In:][:last.In] {
			weight[o*last.In+i] = float32(float64(w) * e.mul[o])
		}
	}
	layers := slices.Clone(e.layers)
	layers[len(layers)-1].Weight, layers[len(layers)-1].Bias = weight, bias
	e.layers, e.mul, e.add = layers, nil, nil
	return nil
}

// mostDiagonal is how many values a layer may have that only scales them.
const mostDiagonal = 256

func (e *engine) diagonal(l *lowering) error {
	n := e.width
	if n > mostDiagonal {
		return cannot("scales %d values that no layer of weights is beside; up to %d are taken", n, mostDiagonal)
	}
	if err := l.spend(n * n); err != nil {
		return err
	}
	weight := make([]float32, n*n)
	for i := range n {
		weight[i*n+i] = 1
	}
	made, err := e.multiply(l, weight, nil, n)
	if err == nil {
		e.layers, e.mul, e.add = made.layers, nil, nil
	}
	return err
}

// with is the network with an activation behind it.
func (e *engine) with(l *lowering, a dense.Activation) (*engine, error) {
	if err := e.settle(l); err != nil {
		return nil, err
	}
	if last := e.last(); last == nil || last.Activation != dense.Identity {
		if err := e.identity(l); err != nil {
			return nil, err
		}
	}
	if err := l.spend(len(e.layers)); err != nil {
		return nil, err
	}
	layers := slices.Clone(e.layers)
	layers[len(layers)-1].Activation = a
	return &engine{from: e.from, layers: layers, width: e.width, parts: a == dense.Softmax}, nil
}

// identity puts a layer behind that changes nothing.
func (e *engine) identity(l *lowering) error {
	before := *e
	if err := before.diagonal(l); err != nil {
		return err
	}
	e.layers = before.layers
	return nil
}

// ends reports which activation the values come from, if nothing was done to them
// since.
func (e *engine) ends() dense.Activation {
	if e.last() == nil || e.mul != nil || e.add != nil {
		return dense.Identity
	}
	return e.last().Activation
}

// probable says that each score is a probability.
func (e *engine) probable() bool {
	if e.forest != nil {
		return e.parts || e.forest.Link.Kind == "sigmoid" || e.forest.Link.Kind == "softmax"
	}
	return e.ends() == dense.Sigmoid || e.ends() == dense.Softmax
}

// same says that two networks are one.
func (e *engine) same(other *engine) bool {
	a, b := e.last(), other.last()
	return a != nil && b != nil && len(e.layers) == len(other.layers) && a.Activation == b.Activation && &a.Weight[0] == &b.Weight[0]
}

// complement is what Concat makes of 1 − p and p, or nil.
func complement(in []*value) *engine {
	if len(in) != 2 || in[0].engine == nil || in[1].engine == nil {
		return nil
	}
	minus, p := in[0].engine, in[1].engine
	if p.width != 1 || p.ends() != dense.Sigmoid || !p.same(minus) || minus.mul == nil || minus.mul[0] != -1 || minus.add[0] != 1 {
		return nil
	}
	made := *p
	made.width, made.finish, made.parts = 2, prepare.Complement, true
	return &made
}
