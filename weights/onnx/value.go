package onnx

import (
	"penstock/model/dense"
	"penstock/model/prepare"
	"penstock/model/trees"
)

// value is what is known of one of the graph's: a constant, cells of the row that is
// being prepared, or what a network or a forest makes of them.
type value struct {
	elem ElemType
	// shape is a constant's; of all else it is a row's, without the batch.
	shape    []int
	constant *Tensor
	cells    []int32
	engine   *engine
}

// engine is a network so far, or a forest.
type engine struct {
	from   []int32
	layers []dense.Layer
	forest *trees.Forest
	// mul and add are what is done to the network's values and was not worked into a
	// layer yet; nil is nothing.
	mul, add []float64
	width    int
	finish   prepare.Finish
	labels   []string
	// parts says that the scores are probabilities that sum to one.
	parts bool
	// curve, where it is not empty, says that this is not of the engine's values but a
	// part of an activation that exporters write as several nodes.
	curve curve
}

func (v *value) width() int {
	width := 1
	for _, d := range v.shape {
		width *= d
	}
	return width
}

// flat says that a row of the value is a list of numbers.
func (v *value) flat() bool { return v.constant == nil && len(v.shape) <= 1 }

// like is a value that has the same elements and another shape or type.
func (v *value) like(elem ElemType, shape ...int) *value {
	again := *v
	again.elem, again.shape = elem, shape
	return &again
}

// row makes a value of cells.
func row(elem ElemType, cells []int32) *value {
	return &value{elem: elem, shape: []int{len(cells)}, cells: cells}
}

// of makes a value of an engine.
func of(elem ElemType, e *engine) *value {
	return &value{elem: elem, shape: []int{e.width}, engine: e}
}

// step adds a step of the cells of a value, and returns those that it makes.
func (l *lowering) step(kind prepare.Kind, cells []int32, a, b []float32) ([]int32, error) {
	if len(l.holes)+len(cells) > maxCells {
		return nil, cannot("makes a row of more than %d numbers", maxCells)
	}
	if err := l.spend(2 * len(cells)); err != nil {
		return nil, err
	}
	made := make([]int32, len(cells))
	for i, c := range cells {
		made[i] = int32(len(l.holes))
		hole := l.holes[c]
		switch kind {
		case prepare.Equal, prepare.Lookup, prepare.Truncate, prepare.Normalise, prepare.Unit, prepare.Peak:
			if hole >= 0 {
				l.never[hole] = true
			}
			hole = -1
		case prepare.Greater:
			hole = -1
		case prepare.Impute:
			if replaced := a[min(i, len(a)-1)]; replaced != replaced {
				hole = -1
			}
		}
		l.holes = append(l.holes, hole)
	}
	l.steps = append(l.steps, prepare.Step{Kind: kind, Of: cells, A: a, B: b})
	return made, nil
}

// numbers are a constant as it meets a row of a width: one number for each, or one for
// all.
func (v *value) numbers(width int) ([]float64, error) {
	if v.constant == nil {
		return nil, cannot("takes two values that both depend on the row; one is to be a constant")
	}
	n := v.constant.Len()
	last := 1
	if len(v.shape) > 0 {
		last = v.shape[len(v.shape)-1]
	}
	if n != 1 && (n != width || last != width) {
		return nil, cannot("takes a constant of shape %d beside rows of %d numbers", v.shape, width)
	}
	return v.constant.Numbers()
}

func float32s(wide []float64) []float32 {
	narrow := make([]float32, len(wide))
	for i, x := range wide {
		narrow[i] = float32(x)
	}
	return narrow
}
