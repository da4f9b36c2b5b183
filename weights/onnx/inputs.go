package onnx

import (
	"fmt"
	"slices"

	"penstock/model"
)

// takeInputs makes cells of the graph's inputs, one after the other.
func (l *lowering) takeInputs() error {
	for _, v := range l.graph.Inputs {
		width, err := v.rowWidth()
		if err != nil {
			return err
		}
		first := len(l.holes)
		if first+width > maxCells {
			return cannot("the input %q makes a row of more than %d features", v.Name, maxCells)
		}
		if err := l.spend(width); err != nil {
			return err
		}
		in := &input{Value: v, first: first, width: width}
		cells := make([]int32, width)
		for i := range cells {
			cells[i] = int32(first + i)
			hole := int32(-1)
			if v.Elem.real() {
				hole = cells[i]
			}
			l.holes = append(l.holes, hole)
		}
		l.inputs = append(l.inputs, in)
		made := row(v.Elem, cells)
		made.shape = []int{}
		for _, d := range v.Shape[min(1, len(v.Shape)):] {
			made.shape = append(made.shape, int(d))
		}
		if l.values[v.Name] != nil {
			return cannot("the input %q is there twice", v.Name)
		}
		l.values[v.Name] = made
	}
	if len(l.holes) == 0 {
		return cannot("the graph has no inputs")
	}
	l.columns = make([]model.Column, len(l.holes))
	return l.nameColumns()
}

// rowWidth is how many numbers of an input a row has.
func (v Value) rowWidth() (int, error) {
	if !v.Elem.real() && !v.Elem.whole() && v.Elem != String {
		return 0, cannot("the input %q is a tensor of %v; expected numbers that are float32, float64 or whole, or strings", v.Name, v.Elem)
	}
	if len(v.Shape) == 0 {
		return 0, cannot("the input %q does not say which shape it has", v.Name)
	}
	width := int64(1)
	for _, d := range v.Shape[1:] {
		if d < 0 {
			return 0, cannot("the input %q has the shape %d; only the first dimension, the batch, may be dynamic", v.Name, v.Shape)
		}
		if width *= d; width > maxCells {
			return 0, cannot("the input %q has the shape %d, more than %d numbers a row", v.Name, v.Shape, maxCells)
		}
	}
	return int(width), nil
}

// nameColumns names the features by their inputs.
func (l *lowering) nameColumns() error {
	seen := map[string]bool{}
	for _, in := range l.inputs {
		for i := range in.width {
			name := in.Name
			if in.width > 1 {
				name = fmt.Sprintf("%s_%d", in.Name, i)
			}
			if name == "" || seen[name] {
				return cannot("two columns would be called %q, or one nothing", name)
			}
			seen[name] = true
			l.columns[in.first+i] = model.Column{Name: name, Kind: model.Number}
			if in.Elem == String {
				l.columns[in.first+i].Kind = model.Category
			}
		}
	}
	return nil
}

// category returns a category's index in its column, which it is added to.
func (l *lowering) category(feature int, name string) int {
	c := &l.columns[feature]
	index := l.index[feature]
	if index == nil {
		index = map[string]int{}
		l.index[feature] = index
	}
	if _, known := index[name]; !known {
		index[name] = len(c.Categories)
		c.Categories = append(c.Categories, name)
	}
	return index[name]
}

// clientColumns are the columns as a client is to know them: none where there is one
// input of numbers and nothing to say of single ones. What the engine is given may
// hold NaN for a forest, and may not for a network.
func (l *lowering) clientColumns(e *engine) (columns []model.Column, missing bool, err error) {
	if e.forest == nil {
		for _, c := range e.from {
			if hole := l.holes[c]; hole >= 0 {
				l.never[hole] = true
			}
		}
	}
	missing = true
	for i := range l.columns {
		c := &l.columns[i]
		if c.Kind == model.Category && len(c.Categories) == 0 {
			return nil, false, cannot("the column %q holds strings, and no encoder says which", c.Name)
		}
		c.Missing = l.holes[i] >= 0 && !l.never[int32(i)]
		missing = missing && c.Missing
	}
	some := slices.ContainsFunc(l.columns, func(c model.Column) bool { return c.Kind == model.Category || c.Missing && !missing })
	if len(l.inputs) == 1 && !some {
		return nil, missing, nil
	}
	if missing {
		for i := range l.columns {
			l.columns[i].Missing = false
		}
	}
	return l.columns, missing, nil
}
