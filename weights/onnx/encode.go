package onnx

import (
	"slices"
	"strconv"

	"penstock/model"
	"penstock/model/prepare"
)

// oneHot lowers nodes OneHotEncoder.
func oneHot(l *lowering, n *Node, in []*value) (*value, error) {
	v := in[0]
	if v.cells == nil {
		return nil, cannot("is of something else than a row")
	}
	lenient := n.Int("zeros", 1) != 0
	texts, whole := n.Texts("cats_strings"), n.Ints("cats_int64s")
	if (v.elem == String) != (len(texts) > 0) || len(texts)+len(whole) == 0 {
		return nil, cannot("encodes %v with %d strings and %d whole numbers", v.elem, len(texts), len(whole))
	}
	if v.elem != String && !lenient {
		return nil, cannot("refuses numbers that are none of its categories")
	}
	each := len(texts) + len(whole)
	if err := l.spend(3 * each * len(v.cells)); err != nil || each*len(v.cells) > maxCells {
		return nil, cannot("makes more than %d numbers of a row, or more than the file can have been written for", maxCells)
	}
	cells, equal := make([]int32, 0, each*len(v.cells)), make([]float32, 0, each*len(v.cells))
	for _, c := range v.cells {
		for _, text := range texts {
			cells, equal = append(cells, c), append(equal, float32(l.category(int(c), text)))
		}
		for _, x := range whole {
			cells, equal = append(cells, c), append(equal, float32(x))
		}
		if v.elem == String {
			l.unknown(int(c), lenient)
		}
	}
	if v.elem.real() { // it is made a whole number first
		var err error
		if cells, err = l.step(prepare.Truncate, cells, nil, nil); err != nil {
			return nil, err
		}
	}
	made, err := l.step(prepare.Equal, cells, equal, nil)
	if err != nil {
		return nil, err
	}
	encoded := row(Float, made)
	encoded.shape = append(slices.Clone(v.shape), each)
	return encoded, nil
}

// unknown notes what an encoder does with a category that it does not know: where one
// refuses it, the column does.
func (l *lowering) unknown(feature int, lenient bool) {
	c := &l.columns[feature]
	switch {
	case !lenient:
		c.Unknown = model.Refuse
	case c.Unknown == "":
		c.Unknown = model.Own
	}
}

// labelEncoder lowers nodes LabelEncoder that make numbers.
func labelEncoder(l *lowering, n *Node, in []*value) (*value, error) {
	v := in[0]
	if v.cells == nil {
		return nil, cannot("is of something else than a row")
	}
	if v.elem != String || !n.Has("keys_strings") {
		return nil, cannot("encodes %v; strings are known here", v.elem)
	}
	keys, elem := n.Texts("keys_strings"), Float
	values, missing := n.Floats("values_floats"), n.Float("default_float", 0)
	if n.Has("values_int64s") {
		elem, values, missing = Int64, nil, float32(n.Int("default_int64", -1))
		for _, x := range n.Ints("values_int64s") {
			values = append(values, float32(x))
		}
	}
	if len(keys) == 0 || len(keys) != len(values) {
		return nil, cannot("has %d keys and %d values", len(keys), len(values))
	}
	if err := l.spend(4 * len(keys) * len(v.cells)); err != nil {
		return nil, err
	}
	var made []int32
	for _, c := range v.cells {
		table := make([]float32, 0, len(keys))
		for i, key := range keys {
			at := l.category(int(c), key)
			for len(table) <= at {
				table = append(table, missing)
			}
			table[at] = values[i]
		}
		l.unknown(int(c), true)
		if err := l.spend(len(table)); err != nil {
			return nil, err
		}
		cells, err := l.step(prepare.Lookup, []int32{c}, table, []float32{missing})
		if err != nil {
			return nil, err
		}
		made = append(made, cells...)
	}
	return row(elem, made).like(elem, v.shape...), nil
}

// labelsOf are the names of classes, as one of two attributes has them.
func labelsOf(n *Node, whole, texts string) []string {
	if labels := n.Texts(texts); len(labels) > 0 {
		return labels
	}
	var labels []string
	for _, x := range n.Ints(whole) {
		labels = append(labels, strconv.FormatInt(x, 10))
	}
	return labels
}
