package onnx

import "slices"

// concat lowers nodes Concat and FeatureVectorizer: of parts of a row, or of constants
// that make a shape.
func concat(l *lowering, n *Node, in []*value) (*value, error) {
	if slices.Contains(in, nil) {
		return nil, cannot("leaves out an input")
	}
	if in[0].constant != nil {
		return concatConstants(l, in)
	}
	if e := complement(in); e != nil {
		return of(in[0].elem, e), nil
	}
	axis, rank := int(n.Int("axis", 1)), len(in[0].shape)
	if n.Op == "FeatureVectorizer" {
		axis = -1
	}
	elem, cells := in[0].elem, []int32(nil)
	for _, v := range in {
		if v.cells == nil || len(v.shape) != rank || rank > 0 && v.shape[rank-1] != len(v.cells) || axis != -1 && axis != max(rank, 1) {
			return nil, cannot("puts together what a network makes, or along another axis than the features")
		}
		if (v.elem == String) != (elem == String) {
			return nil, cannot("puts strings and numbers together")
		}
		if err := l.spend(len(v.cells)); err != nil {
			return nil, err
		}
		cells = append(cells, v.cells...)
		if v.elem.real() {
			elem = v.elem
		}
	}
	if len(cells) > maxCells {
		return nil, cannot("makes a row of more than %d numbers", maxCells)
	}
	if n.Op == "FeatureVectorizer" {
		elem = Float
	}
	made := row(elem, cells)
	for range rank - 1 { // the others are one each
		made.shape = append([]int{1}, made.shape...)
	}
	return made, nil
}

func concatConstants(l *lowering, in []*value) (*value, error) {
	var all []float64
	for _, v := range in {
		if v.constant == nil || len(v.shape) > 1 {
			return nil, cannot("puts a row and constants together, or constants of several dimensions")
		}
		if err := l.spend(v.constant.Len()); err != nil {
			return nil, err
		}
		numbers, err := v.constant.Numbers()
		if err != nil {
			return nil, err
		}
		all = append(all, numbers...)
	}
	t := numbers(in[0].elem, all)
	return &value{elem: in[0].elem, shape: t.Shape, constant: t}, nil
}

// pick chooses cells of a row.
func (l *lowering) pick(v *value, at []int) (*value, error) {
	if v.cells == nil || !v.flat() {
		return nil, cannot("chooses among what a network makes, or along another axis than the features")
	}
	if err := l.spend(len(at)); err != nil {
		return nil, err
	}
	cells := make([]int32, len(at))
	for i, a := range at {
		if a < 0 {
			a += len(v.cells)
		}
		if a < 0 || a >= len(v.cells) {
			return nil, cannot("chooses number %d of %d", a, len(v.cells))
		}
		cells[i] = v.cells[a]
	}
	return row(v.elem, cells), nil
}

// gather lowers nodes Gather.
func gather(l *lowering, n *Node, in []*value) (*value, error) {
	if len(in) != 2 || in[1] == nil {
		return nil, cannot("has no indices")
	}
	at, err := in[1].whole()
	if err != nil {
		return nil, err
	}
	v, axis := in[0], n.Int("axis", 0)
	if v.constant != nil {
		numbers, err := v.constant.Numbers()
		if err != nil {
			return nil, err
		}
		if len(v.shape) != 1 || len(at) != 1 || at[0] < -len(numbers) || at[0] >= len(numbers) {
			return nil, cannot("chooses several of a constant, or none")
		}
		t := &Tensor{Elem: v.elem, numbers: []float64{numbers[(at[0]+len(numbers))%len(numbers)]}, Shape: in[1].shape}
		return &value{elem: v.elem, shape: t.Shape, constant: t}, nil
	}
	if axis != 1 && axis != -1 || len(in[1].shape) > 1 {
		return nil, cannot("chooses along another axis than the features")
	}
	made, err := l.pick(v, at)
	if err == nil && len(in[1].shape) == 0 {
		made.shape = nil
	}
	return made, err
}

// extract lowers nodes ArrayFeatureExtractor.
func extract(l *lowering, _ *Node, in []*value) (*value, error) {
	if len(in) != 2 || in[1] == nil {
		return nil, cannot("has no indices")
	}
	at, err := in[1].whole()
	if err != nil {
		return nil, err
	}
	return l.pick(in[0], at)
}

// slice lowers nodes Slice along the features.
func slice(l *lowering, n *Node, in []*value) (*value, error) {
	v := in[0]
	starts, err1 := list(n, "starts", in, 1)
	ends, err2 := list(n, "ends", in, 2)
	axes, err3 := list(n, "axes", in, 3)
	steps, err4 := list(n, "steps", in, 4)
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			return nil, err
		}
	}
	if len(axes) == 0 && len(starts) == 1 && v.constant != nil {
		axes = []int{0}
	}
	if len(starts) != 1 || len(ends) != 1 || len(axes) != 1 || len(steps) > 1 || len(steps) == 1 && steps[0] != 1 {
		return nil, cannot("cuts along several axes, or in steps")
	}
	size := v.width()
	cut := func(at int) int {
		if at < 0 {
			at += size
		}
		return max(0, min(at, size))
	}
	if v.constant != nil {
		numbers, err := v.constant.Numbers()
		if err != nil || len(v.shape) != 1 || axes[0] != 0 {
			return nil, cannot("cuts a constant that is no list")
		}
		t := &Tensor{Elem: v.elem, numbers: numbers[min(cut(starts[0]), cut(ends[0])):cut(ends[0])]}
		t.Shape = []int{len(t.numbers)}
		return &value{elem: v.elem, shape: t.Shape, constant: t}, nil
	}
	if axes[0] != 1 && axes[0] != -1 {
		return nil, cannot("cuts along another axis than the features")
	}
	var at []int
	for i := cut(starts[0]); i < cut(ends[0]); i++ {
		at = append(at, i)
	}
	if len(at) == 0 {
		return nil, cannot("leaves nothing of the row")
	}
	return l.pick(v, at)
}
