package trees

import (
	"fmt"
	"math"
	"slices"

	"penstock/model"
)

// check proves that a forest makes the scores of a spec, and that no walk through
// it leaves its slices or goes round in circles. It recurses nowhere: a tree may be
// as deep as it has nodes.
func (f *Forest) check(spec model.Spec) error {
	bad := func(tree, node int, format string, args ...any) error {
		return &ForestError{Model: spec.Name, Tree: tree, Node: node, Problem: fmt.Sprintf(format, args...)}
	}
	if f.Features != spec.Features {
		return bad(-1, -1, "the forest has %d features; the model has %d", f.Features, spec.Features)
	}
	if f.Sums != spec.Width() {
		return bad(-1, -1, "the forest gives %d scores; the model has %d", f.Sums, spec.Width())
	}
	if problem := f.sumsProblem(); problem != "" {
		return bad(-1, -1, "%s", problem)
	}
	var children []uint8
	for i := range f.Trees {
		t := &f.Trees[i]
		if problem := t.leavesProblem(f); problem != "" {
			return bad(i, -1, "%s", problem)
		}
		children = slices.Grow(children[:0], len(t.Nodes))[:len(t.Nodes)]
		clear(children)
		for n := range t.Nodes {
			if problem := t.nodeProblem(f, n, children); problem != "" {
				return bad(i, n, "%s", problem)
			}
		}
	}
	return nil
}

// sumsProblem returns what is wrong with what sums go through, or "".
func (f *Forest) sumsProblem() string {
	number := func(x float64) bool {
		return !math.IsNaN(x) && math.Abs(x) <= math.MaxFloat64 && (f.Sum == Float64 || finite32(x))
	}
	if f.Sum != Float32 && f.Sum != Float64 {
		return fmt.Sprintf("sums have precision %d; expected Float32 or Float64", f.Sum)
	}
	for _, v := range []struct {
		name   string
		values []float64
	}{{"begin", f.Begin}, {"add", f.Add}} {
		if n := len(v.values); n != 0 && n != f.Sums {
			return fmt.Sprintf("%s has %d numbers; expected none or %d", v.name, n, f.Sums)
		}
		for i, x := range v.values {
			if !number(x) {
				return fmt.Sprintf("%s of score %d is %v; expected a finite number", v.name, i, x)
			}
		}
	}
	if !number(f.Divide) || !number(f.Scale) {
		return fmt.Sprintf("sums are divided by %v and multiplied with %v; expected finite numbers", f.Divide, f.Scale)
	}
	if f.Sum == Float32 && f.Divide != 0 && float32(f.Divide) == 0 {
		return fmt.Sprintf("sums are divided by %v, which is zero in float32", f.Divide)
	}
	if !number(f.Link.Slope) {
		return fmt.Sprintf("the link's slope is %v; expected a finite number", f.Link.Slope)
	}
	if !slices.Contains(links, f.Link.Kind) {
		return fmt.Sprintf("the link is %q; expected one of %q", f.Link.Kind, links)
	}
	return ""
}

func (t *Tree) leavesProblem(f *Forest) string {
	if t.Sum != AllSums && (t.Sum < 0 || t.Sum >= f.Sums) {
		return fmt.Sprintf("adds to score %d; the forest has %d", t.Sum, f.Sums)
	}
	width := t.width(f)
	if len(t.Leaves) == 0 || len(t.Leaves)%width != 0 {
		return fmt.Sprintf("has %d leaf values; expected %d for each leaf, and a leaf at least", len(t.Leaves), width)
	}
	if len(t.Nodes) > math.MaxInt32/2 || len(t.Leaves)/width > math.MaxInt32 {
		return fmt.Sprintf("has %d nodes; expected at most %d", len(t.Nodes), math.MaxInt32/2)
	}
	for i, x := range t.Leaves {
		if math.IsNaN(x) || math.IsInf(x, 0) || f.Sum == Float32 && !finite32(x) {
			return fmt.Sprintf("leaf %d has the value %v; expected a finite number", i/width, x)
		}
	}
	return ""
}

// nodeProblem returns what is wrong with a node, or "". Nodes come before their
// children, and children counts who is a child of a node that came already.
func (t *Tree) nodeProblem(f *Forest, i int, children []uint8) string {
	n := &t.Nodes[i]
	switch {
	case i > 0 && children[i] == 0:
		return "is the child of no node before it"
	case n.Feature < 0 || int(n.Feature) >= f.Features:
		return fmt.Sprintf("asks for feature %d; the forest has %d", n.Feature, f.Features)
	case n.Test > In:
		return fmt.Sprintf("has test %d; expected Less, Equal or In", n.Test)
	case n.Test != In && n.Threshold != n.Threshold:
		return "has a threshold that is not a number"
	}
	for _, child := range []int32{n.Left, n.Right} {
		switch {
		case child < 0 && int(^child) >= len(t.Leaves)/t.width(f):
			return fmt.Sprintf("leads to leaf %d; the tree has %d", ^child, len(t.Leaves)/t.width(f))
		case child < 0:
		case int(child) >= len(t.Nodes):
			return fmt.Sprintf("leads to node %d; the tree has %d", child, len(t.Nodes))
		case int(child) <= i:
			return fmt.Sprintf("leads to node %d, which does not come after it", child)
		case children[child] > 0:
			return fmt.Sprintf("leads to node %d, which is another's child", child)
		default:
			children[child] = 1
		}
	}
	return ""
}

// width is how many values a leaf has.
func (t *Tree) width(f *Forest) int {
	if t.Sum == AllSums {
		return f.Sums
	}
	return 1
}

func finite32(x float64) bool {
	return math.Abs(float64(float32(x))) <= math.MaxFloat32
}
