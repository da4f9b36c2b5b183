package onnx

import (
	"math"

	"penstock/model/dense"
)

// gemm lowers nodes Gemm: alpha·A·B + beta·C.
func gemm(l *lowering, n *Node, in []*value) (*value, error) {
	if len(in) < 2 || in[1] == nil || n.Int("transA", 0) != 0 {
		return nil, cannot("turns the batch, or has no weights")
	}
	var bias *value
	if len(in) > 2 {
		bias = in[2]
	}
	return l.product(in[0], in[1], bias, n.Int("transB", 0) != 0, float64(n.Float("alpha", 1)), float64(n.Float("beta", 1)))
}

// matMul lowers nodes MatMul.
func matMul(l *lowering, _ *Node, in []*value) (*value, error) {
	if len(in) != 2 || in[1] == nil {
		return nil, cannot("has no weights")
	}
	return l.product(in[0], in[1], nil, false, 1, 1)
}

func (l *lowering) product(v, by, plus *value, turned bool, alpha, beta float64) (*value, error) {
	e, err := v.network()
	if err != nil {
		return nil, err
	}
	if by.constant == nil || len(by.shape) != 2 || by.elem != Float && by.elem != Double {
		return nil, cannot("multiplies by what is no constant of two dimensions")
	}
	rows, columns := by.shape[0], by.shape[1]
	if turned {
		rows, columns = columns, rows
	}
	if rows != e.width || columns == 0 {
		return nil, cannot("has weights of shape %d for rows of %d numbers", by.shape, e.width)
	}
	if err := l.spend(2 * rows * columns); err != nil {
		return nil, err
	}
	from, err := by.constant.Floats()
	if err != nil {
		return nil, err
	}
	weight := from
	if turned {
		if by.constant.numbers != nil { // which others may have too
			weight = append([]float32(nil), from...)
		}
	} else {
		weight = make([]float32, len(from))
		for r := range rows {
			for c := range columns {
				weight[c*rows+r] = from[r*columns+c]
			}
		}
	}
	if alpha != 1 {
		for i, w := range weight {
			weight[i] = float32(float64(w) * alpha)
		}
	}
	var bias []float32
	if plus != nil {
		numbers, err := plus.numbers(columns)
		if err != nil {
			return nil, err
		}
		bias = make([]float32, columns)
		for i := range bias {
			bias[i] = float32(beta * numbers[min(i, len(numbers)-1)])
		}
	}
	made, err := e.multiply(l, weight, bias, columns)
	if err != nil {
		return nil, err
	}
	return of(v.elem, made), nil
}

// batchNormalization lowers nodes BatchNormalization: scale·(x − mean)/√(var + ε) + b.
func batchNormalization(l *lowering, n *Node, in []*value) (*value, error) {
	if len(in) < 5 || n.Int("training_mode", 0) != 0 {
		return nil, cannot("learns, or lacks what it learned")
	}
	e, err := in[0].network()
	if err != nil {
		return nil, err
	}
	if err := l.spend(8 * e.width); err != nil {
		return nil, err
	}
	var has [4][]float64 // scale, bias, mean, variance
	for i := range has {
		if in[i+1] == nil {
			return nil, cannot("lacks an input")
		}
		if has[i], err = in[i+1].numbers(e.width); err != nil {
			return nil, err
		}
	}
	mul, add := make([]float64, e.width), make([]float64, e.width)
	epsilon := float64(n.Float("epsilon", 1e-5))
	for i := range e.width {
		at := func(all []float64) float64 { return all[min(i, len(all)-1)] }
		mul[i] = at(has[0]) / math.Sqrt(at(has[3])+epsilon)
		add[i] = at(has[1]) - at(has[2])*mul[i]
	}
	if e, err = e.affine("Mul", mul, false); err == nil {
		e, err = e.affine("Add", add, false)
	}
	if err != nil {
		return nil, err
	}
	return of(in[0].elem, e), nil
}

// activations are the operators that are one of a layer.
var activations = map[string]dense.Activation{
	"Relu": dense.ReLU, "Sigmoid": dense.Sigmoid, "Tanh": dense.Tanh, "Softplus": dense.Softplus,
	"Gelu": dense.GELU, "LeakyRelu": dense.LeakyReLU, "Elu": dense.ELU, "Softmax": dense.Softmax, "Swish": dense.SiLU,
}

// activation lowers the operators among activations.
func activation(l *lowering, n *Node, in []*value) (*value, error) {
	v, a := in[0], activations[n.Op]
	alpha := n.Float("alpha", map[string]float32{"LeakyRelu": 0.01, "Elu": 1, "Swish": 1}[n.Op])
	if axis := n.Int("axis", -1); n.Op == "Softmax" && axis != 1 && axis != -1 {
		return nil, cannot("is along another axis than the features")
	}
	if n.Op == "Gelu" && n.Text("approximate", "none") != "none" {
		return nil, cannot("approximates by tanh; the exact one is known here")
	}
	if n.Op == "Elu" && alpha != 1 || n.Op == "Swish" && alpha != 1 {
		return nil, cannot("has an alpha of %v; 1 is known here", alpha)
	}
	e, err := v.network()
	if err != nil {
		return nil, err
	}
	if n.Op == "LeakyRelu" && alpha != 0.01 {
		if e, err = e.leaky(l, alpha); err != nil {
			return nil, err
		}
		return of(v.elem, e), nil
	}
	if e, err = e.with(l, a); err != nil {
		return nil, err
	}
	return of(v.elem, e), nil
}

// leaky is max(x, 0) − alpha·max(−x, 0): a layer of both, and one that puts them
// together.
func (e *engine) leaky(l *lowering, alpha float32) (*engine, error) {
	n := e.width
	if n > mostDiagonal {
		return nil, cannot("has an alpha of %v; for rows of more than %d numbers, 0.01 is known here", alpha, mostDiagonal)
	}
	if err := e.settle(l); err != nil {
		return nil, err
	}
	if err := l.spend(4 * n * n); err != nil {
		return nil, err
	}
	both, together := make([]float32, 2*n*n), make([]float32, 2*n*n)
	for i := range n {
		both[i*n+i], both[(n+i)*n+i] = 1, -1
		together[i*2*n+i], together[i*2*n+n+i] = 1, -alpha
	}
	made, err := e.multiply(l, both, nil, 2*n)
	if err != nil {
		return nil, err
	}
	if made, err = made.with(l, dense.ReLU); err != nil {
		return nil, err
	}
	return made.multiply(l, together, nil, n)
}
