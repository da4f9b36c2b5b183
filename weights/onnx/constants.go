package onnx

import "math"

// constant lowers a node Constant.
func constant(_ *lowering, n *Node, _ []*value) (*value, error) {
	t := n.Tensor("value")
	switch {
	case t != nil:
	case n.Has("value_float"):
		t = &Tensor{Elem: Float, numbers: []float64{float64(n.Float("value_float", 0))}}
	case n.Has("value_int"):
		t = &Tensor{Elem: Int64, numbers: []float64{float64(n.Int("value_int", 0))}}
	case n.Has("value_floats"):
		t = numbers(Float, nil)
		for _, x := range n.Floats("value_floats") {
			t.numbers = append(t.numbers, float64(x))
		}
		t.Shape = []int{len(t.numbers)}
	case n.Has("value_ints"):
		t = numbers(Int64, nil)
		for _, x := range n.Ints("value_ints") {
			t.numbers = append(t.numbers, float64(x))
		}
		t.Shape = []int{len(t.numbers)}
	default:
		return nil, cannot("holds something else than numbers")
	}
	return &value{elem: t.Elem, shape: t.Shape, constant: t}, nil
}

// numbers makes a tensor of one dimension.
func numbers(elem ElemType, all []float64) *Tensor {
	if all == nil {
		all = []float64{}
	}
	return &Tensor{Elem: elem, numbers: all, Shape: []int{len(all)}}
}

// shape lowers a node Shape: the batch is 0, which Reshape takes as it is.
func shape(_ *lowering, n *Node, in []*value) (*value, error) {
	v := in[0]
	if v.constant != nil || n.Has("start") || n.Has("end") {
		return nil, cannot("asks for a part of a shape, or that of a constant")
	}
	dims := []float64{0}
	for _, d := range v.shape {
		dims = append(dims, float64(d))
	}
	t := numbers(Int64, dims)
	return &value{elem: Int64, shape: t.Shape, constant: t}, nil
}

// whole decodes a constant of a few whole numbers, such as axes.
func (v *value) whole() ([]int, error) {
	if v == nil {
		return nil, nil
	}
	if v.constant == nil || !v.constant.Elem.whole() || v.constant.Len() > maxCells {
		return nil, cannot("takes an input that is no constant of whole numbers, where one is expected")
	}
	wide, err := v.constant.Numbers()
	if err != nil {
		return nil, err
	}
	all := make([]int, len(wide))
	for i, x := range wide {
		all[i] = int(max(min(x, math.MaxInt32), math.MinInt32))
	}
	return all, nil
}

// list is an attribute of whole numbers, or where newer versions have it as an input,
// that.
func list(n *Node, name string, in []*value, at int) ([]int, error) {
	if at < len(in) && in[at] != nil {
		return in[at].whole()
	}
	var all []int
	for _, x := range n.Ints(name) {
		all = append(all, int(max(min(x, math.MaxInt32), math.MinInt32)))
	}
	return all, nil
}

// transpose lowers a node Transpose of a constant of two dimensions.
func transpose(l *lowering, n *Node, in []*value) (*value, error) {
	v := in[0]
	if v.constant == nil || len(v.shape) != 2 {
		return nil, cannot("changes the order of a row's dimensions")
	}
	if perm := n.Ints("perm"); len(perm) == 2 && perm[0] == 0 {
		return v, nil
	}
	if err := l.spend(2 * v.constant.Len()); err != nil {
		return nil, err
	}
	from, err := v.constant.Numbers()
	if err != nil {
		return nil, err
	}
	rows, columns := v.shape[0], v.shape[1]
	to := make([]float64, len(from))
	for r := range rows {
		for c := range columns {
			to[c*rows+r] = from[r*columns+c]
		}
	}
	t := &Tensor{Elem: v.elem, numbers: to, Shape: []int{columns, rows}}
	return &value{elem: v.elem, shape: t.Shape, constant: t}, nil
}

// reshaped is a constant with another shape.
func (v *value) reshaped(shape []int) *value {
	t := *v.constant
	t.Shape = shape
	return &value{elem: v.elem, shape: shape, constant: &t}
}
