package onnx

import (
	"math"

	"penstock/model/prepare"
)

// scaler lowers nodes Scaler: (x − offset) · scale.
func scaler(l *lowering, n *Node, in []*value) (*value, error) {
	v := in[0]
	if err := v.prepared(); err != nil {
		return nil, err
	}
	offset, scale := n.Floats("offset"), n.Floats("scale")
	for _, all := range [][]float32{offset, scale} {
		if len(all) != 1 && len(all) != len(v.cells) {
			return nil, cannot("has %d numbers for %d features", len(all), len(v.cells))
		}
	}
	cells, err := l.step(prepare.Scale, v.cells, offset, scale)
	return row(Float, cells), err
}

// prepared says that a value is a row of numbers that no network has had yet.
func (v *value) prepared() error {
	if v.cells == nil || v.elem == String || !v.flat() {
		return cannot("is of something else than a row of numbers as the client sends them")
	}
	return nil
}

// imputer lowers nodes Imputer.
func imputer(l *lowering, n *Node, in []*value) (*value, error) {
	v := in[0]
	if err := v.prepared(); err != nil {
		return nil, err
	}
	by, replaced := n.Floats("imputed_value_floats"), n.Float("replaced_value_float", 0)
	if n.Has("imputed_value_int64s") {
		by, replaced = nil, float32(n.Int("replaced_value_int64", 0))
		for _, x := range n.Ints("imputed_value_int64s") {
			by = append(by, float32(x))
		}
	}
	if len(by) != 1 && len(by) != len(v.cells) {
		return nil, cannot("has %d numbers for %d features", len(by), len(v.cells))
	}
	cells, err := l.step(prepare.Impute, v.cells, []float32{replaced}, by)
	return row(v.elem, cells), err
}

// normalizer lowers nodes Normalizer. One after probabilities that sum to one already
// is no more than rounding.
func normalizer(l *lowering, n *Node, in []*value) (*value, error) {
	v, norm := in[0], n.Text("norm", "MAX")
	if v.engine != nil {
		e := *v.engine
		switch {
		case norm != "L1":
			return nil, cannot("divides scores by a norm %s; L1 is known here", norm)
		case e.parts:
			return v, nil
		case e.probable() && e.finish == prepare.AsIs && e.width > 1:
			e.finish, e.parts = prepare.Parts, true
			return of(v.elem, &e), nil
		}
		return nil, cannot("divides scores that are no probabilities")
	}
	if err := v.prepared(); err != nil {
		return nil, err
	}
	kind, known := map[string]prepare.Kind{"L1": prepare.Normalise, "L2": prepare.Unit, "MAX": prepare.Peak}[norm]
	if !known {
		return nil, cannot("has a norm %q; expected L1, L2 or MAX", norm)
	}
	cells, err := l.step(kind, v.cells, nil, nil)
	return row(Float, cells), err
}

// binarizer lowers nodes Binarizer.
func binarizer(l *lowering, n *Node, in []*value) (*value, error) {
	if err := in[0].prepared(); err != nil {
		return nil, err
	}
	cells, err := l.step(prepare.Greater, in[0].cells, []float32{n.Float("threshold", 0)}, nil)
	return row(in[0].elem, cells), err
}

// clip lowers nodes Clip of a row.
func clip(l *lowering, n *Node, in []*value) (*value, error) {
	v := in[0]
	if err := v.prepared(); err != nil {
		return nil, err
	}
	low, high := n.Float("min", -math.MaxFloat32), n.Float("max", math.MaxFloat32)
	for i, bound := range []*float32{&low, &high} {
		if i+1 >= len(in) || in[i+1] == nil {
			continue
		}
		numbers, err := in[i+1].numbers(1)
		if err != nil {
			return nil, err
		}
		if len(numbers) != 1 {
			return nil, cannot("has bounds that are no single numbers")
		}
		*bound = float32(numbers[0])
	}
	cells, err := l.step(prepare.Clip, v.cells, []float32{low}, []float32{high})
	return row(v.elem, cells), err
}

// arithmetic lowers Add, Sub, Mul and Div of a row, or of a network's values, and a
// constant.
func arithmetic(l *lowering, n *Node, in []*value) (*value, error) {
	if len(in) != 2 || in[0] == nil || in[1] == nil {
		return nil, cannot("takes %d inputs; expected two", len(in))
	}
	if made := curved(l, n.Op, in[0], in[1]); made != nil {
		return made, nil
	}
	v, by, turned := in[0], in[1], false
	if v.constant != nil {
		v, by, turned = by, v, true
	}
	if v.constant != nil || !v.flat() || v.elem == String || len(v.shape) == 0 {
		return nil, cannot("is of two constants, of strings, or of rows that are no list of numbers")
	}
	if err := l.spend(2 * v.width()); err != nil {
		return nil, err
	}
	numbers, err := by.numbers(v.width())
	if err != nil {
		return nil, err
	}
	if v.engine != nil {
		e, err := v.engine.affine(n.Op, numbers, turned)
		if err != nil {
			return nil, err
		}
		return of(v.elem, e), nil
	}
	if v.elem.whole() {
		return nil, cannot("computes with whole numbers")
	}
	kinds := map[string][2]prepare.Kind{
		"Add": {prepare.Add, prepare.Add}, "Mul": {prepare.Multiply, prepare.Multiply},
		"Sub": {prepare.Subtract, prepare.From}, "Div": {prepare.Divide, prepare.Under},
	}
	kind := kinds[n.Op][0]
	if turned {
		kind = kinds[n.Op][1]
	}
	cells, err := l.step(kind, v.cells, float32s(numbers), nil)
	return row(v.elem, cells), err
}
