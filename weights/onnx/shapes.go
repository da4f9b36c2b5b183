package onnx

import "slices"

// same lowers nodes that change nothing here: Identity, Dropout, ZipMap.
func same(_ *lowering, _ *Node, in []*value) (*value, error) { return in[0], nil }

// zipMap drops the maps: the scores are what is wanted. It has the classes' names.
func zipMap(_ *lowering, n *Node, in []*value) (*value, error) {
	v := in[0]
	if v.engine == nil {
		return nil, cannot("makes maps of what is no scores")
	}
	e := *v.engine
	if labels := labelsOf(n, "classlabels_int64s", "classlabels_strings"); len(labels) == e.width {
		e.labels = labels
	}
	return of(v.elem, &e), nil
}

// cast lowers a node Cast.
func cast(l *lowering, n *Node, in []*value) (*value, error) {
	v, to := in[0], ElemType(n.Int("to", 0))
	switch {
	case v.constant != nil:
		if !to.real() && !to.whole() || v.elem == String {
			return nil, cannot("makes %v of %v", to, v.elem)
		}
		if to == Float && v.elem == Float {
			return v, nil
		}
		t := *v.constant
		if err := l.spend(t.Len()); err != nil {
			return nil, err
		}
		numbers, err := t.Numbers()
		if err != nil {
			return nil, err
		}
		t.Elem, t.numbers, t.raw, t.message = to, numbers, nil, nil
		return &value{elem: to, shape: v.shape, constant: &t}, nil
	case to == v.elem || to.real() && v.elem != String && !(v.elem == Double && v.engine != nil && to != Double):
		return v.like(to, v.shape...), nil
	case to.real() && v.elem == Double:
		return v.like(to, v.shape...), nil
	case to.whole() && to != Bool && v.elem.whole() && v.elem != Bool && v.cells != nil:
		return v.like(to, v.shape...), nil
	case (to == Int64 || to == Int32) && v.elem.real() && v.cells != nil:
		cells, err := l.step("truncate", v.cells, nil, nil)
		return row(to, cells).like(to, v.shape...), err
	}
	return nil, cannot("makes %v of %v", to, v.elem)
}

// flatten lowers nodes Flatten.
func flatten(_ *lowering, n *Node, in []*value) (*value, error) {
	v := in[0]
	if v.constant != nil || n.Int("axis", 1) != 1 {
		return nil, cannot("takes the batch apart, or a constant")
	}
	return v.like(v.elem, v.width()), nil
}

// reshape lowers nodes Reshape that leave the batch alone.
func reshape(_ *lowering, n *Node, in []*value) (*value, error) {
	v := in[0]
	to, err := list(n, "shape", in, 1)
	if err != nil {
		return nil, err
	}
	have, from := v.width(), 1
	if v.constant == nil {
		if len(to) == 0 {
			return nil, cannot("makes no rows")
		}
		if len(to) == 1 && to[0] == -1 && have == 1 {
			return v.like(v.elem), nil
		}
		if len(to) < 2 && have != 1 || to[0] != -1 && to[0] != 0 && to[0] != 1 || to[0] == -1 && slices.Contains(to[1:], -1) {
			return nil, cannot("makes the shape %d, and so mixes rows", to)
		}
	} else {
		from = 0
	}
	shape, err := rest(to[from:], have, v.shape, n.Int("allowzero", 0) != 0)
	if err != nil {
		return nil, err
	}
	if v.constant != nil {
		return v.reshaped(shape), nil
	}
	return v.like(v.elem, shape...), nil
}

// rest works out the dimensions of so many numbers, of which one may be -1.
func rest(to []int, have int, old []int, zeros bool) ([]int, error) {
	shape, known, open := slices.Clone(to), 1, -1
	for i, d := range shape {
		switch {
		case d == -1 && open < 0:
			open = i
			continue
		case d == 0 && !zeros && i < len(old):
			shape[i] = old[i]
		case d < 1:
			return nil, cannot("makes the shape %d", to)
		}
		known *= shape[i]
		if known > maxCells*maxRank || known < 0 {
			return nil, cannot("makes the shape %d", to)
		}
	}
	if open >= 0 && known > 0 {
		shape[open] = have / known
		known *= shape[open]
	}
	if known != have {
		return nil, cannot("makes the shape %d of %d numbers a row, and so mixes rows", to, have)
	}
	return shape, nil
}

// squeeze lowers nodes Squeeze and Unsqueeze, which take dimensions of one away or
// put them in.
func squeeze(_ *lowering, n *Node, in []*value) (*value, error) {
	axes, err := list(n, "axes", in, 1)
	if err != nil {
		return nil, err
	}
	v := in[0]
	if v.constant != nil {
		if len(v.shape) > 1 || len(axes) > 1 {
			return nil, cannot("is of a constant of several dimensions")
		}
		if n.Op == "Unsqueeze" {
			return v.reshaped(append([]int{1}, v.shape...)[:len(v.shape)+1]), nil
		}
		return v.reshaped(slices.DeleteFunc(slices.Clone(v.shape), func(d int) bool { return d == 1 })), nil
	}
	for _, axis := range axes {
		if axis == 0 {
			return nil, cannot("changes the batch")
		}
	}
	shape := slices.Clone(v.shape)
	if n.Op == "Unsqueeze" {
		for range axes {
			shape = append(shape, 1)
		}
		if len(shape) > maxRank || v.width() != 1 && len(axes) > 0 && slices.Min(axes) > 0 && slices.Max(axes) <= len(v.shape) {
			return nil, cannot("puts dimensions between others")
		}
		return v.like(v.elem, shape...), nil
	}
	shape = slices.DeleteFunc(shape, func(d int) bool { return d == 1 })
	if v.width() > 1 && len(axes) != len(v.shape)-len(shape) {
		shape = []int{v.width()}
	}
	return v.like(v.elem, shape...), nil
}
