package onnx

import (
	"math"

	"penstock/model/prepare"
	"penstock/model/trees"
)

// flatNode is a node of a tree as any version of the operators has it.
type flatNode struct {
	feature      int64
	mode         string
	value        float64
	yes, no      int // flat nodes, or where leaf, none
	tracks, leaf bool
	weights      []weight
}

// weight is what a leaf adds to a sum.
type weight struct {
	sum   int
	value float64
}

// ensemble makes a forest's trees of flat nodes.
type ensemble struct {
	nodes    []flatNode
	roots    []int
	features int
	sums     int
	seen     []bool
}

func (s *ensemble) trees(l *lowering) ([]trees.Tree, error) {
	s.seen = make([]bool, len(s.nodes))
	all := make([]trees.Tree, 0, len(s.roots))
	for _, root := range s.roots {
		t, err := s.tree(l, root)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// tree goes down from a root, without recursion: a tree may be as deep as the file is
// long. Parents come before their children.
func (s *ensemble) tree(l *lowering, root int) (trees.Tree, error) {
	t := trees.Tree{Sum: -2}
	var leaves []int
	type open struct {
		flat, parent int
		left         bool
	}
	for stack := []open{{root, -1, false}}; len(stack) > 0; {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if at.flat < 0 || at.flat >= len(s.nodes) || s.seen[at.flat] {
			return t, cannot("has trees whose nodes form no tree")
		}
		s.seen[at.flat] = true
		n := &s.nodes[at.flat]
		var index int32
		if n.leaf {
			index = ^int32(len(leaves))
			leaves = append(leaves, at.flat)
		} else {
			made, turned, err := n.node(s.features)
			if err != nil {
				return t, err
			}
			index = int32(len(t.Nodes))
			t.Nodes = append(t.Nodes, made)
			left, right := n.yes, n.no
			if turned {
				left, right = right, left
			}
			stack = append(stack, open{right, int(index), false}, open{left, int(index), true})
		}
		if at.parent >= 0 && at.left {
			t.Nodes[at.parent].Left = index
		} else if at.parent >= 0 {
			t.Nodes[at.parent].Right = index
		}
	}
	return t, s.leaves(l, &t, leaves)
}

// leaves writes the values of leaves: one for each where all are of one sum.
func (s *ensemble) leaves(l *lowering, t *trees.Tree, leaves []int) error {
	t.Sum = 0
	first := true
	for _, leaf := range leaves {
		for _, w := range s.nodes[leaf].weights {
			if first {
				t.Sum, first = w.sum, false
			} else if t.Sum != w.sum {
				t.Sum = trees.AllSums
			}
		}
	}
	each := 1
	if t.Sum == trees.AllSums {
		each = s.sums
	}
	if err := l.spend(2 * each * len(leaves)); err != nil {
		return err
	}
	t.Leaves = make([]float64, each*len(leaves))
	for i, leaf := range leaves {
		for _, w := range s.nodes[leaf].weights {
			if !(math.Abs(w.value) <= math.MaxFloat32) {
				return cannot("has a leaf whose value is no number")
			}
			at := i
			if each > 1 {
				at = i*each + w.sum
			}
			t.Leaves[at] += w.value
		}
	}
	return nil
}

// node makes a node that goes left where x < t or x == t, and says whether that is
// where the branch is not taken. NaN compares false, but for NEQ.
func (n *flatNode) node(features int) (made trees.Node, turned bool, err error) {
	if n.feature < 0 || n.feature >= int64(features) {
		return made, false, cannot("has a node of feature %d; there are %d", n.feature, features)
	}
	if math.IsNaN(n.value) {
		return made, false, cannot("has a node whose value is no number")
	}
	made = trees.Node{Feature: int32(n.feature), MissingLeft: n.tracks}
	switch n.mode {
	case "BRANCH_LEQ":
		made.Threshold = trees.AtMost(n.value)
	case "BRANCH_LT":
		made.Threshold = trees.Below(n.value)
	case "BRANCH_GT":
		made.Threshold, made.MissingLeft, turned = trees.AtMost(n.value), !n.tracks, true
	case "BRANCH_GTE":
		made.Threshold, made.MissingLeft, turned = trees.Below(n.value), !n.tracks, true
	case "BRANCH_EQ", "BRANCH_NEQ":
		made.Test, made.Threshold = trees.Equal, float32(n.value)
		if float64(made.Threshold) != n.value {
			return made, false, cannot("compares with %v, which float32 cannot hold", n.value)
		}
		if n.mode == "BRANCH_NEQ" {
			made.MissingLeft, turned = false, true
		}
	default:
		return made, false, cannot("has nodes of mode %q", n.mode)
	}
	return made, turned, nil
}

// forestOf makes a value of trees, and what follows their sums.
func (l *lowering) forestOf(v *value, s *ensemble, post string) (*engine, error) {
	if v.cells == nil || v.elem == String || len(v.shape) != 1 {
		return nil, cannot("is given something else than a row")
	}
	s.features = len(v.cells)
	all, err := s.trees(l)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, cannot("has no trees")
	}
	f := &trees.Forest{Features: s.features, Sums: s.sums, Trees: all}
	if v.elem == Double {
		f.Sum = trees.Float64
	}
	e := &engine{from: v.cells, forest: f, width: s.sums}
	switch post {
	case "NONE":
	case "LOGISTIC":
		f.Link.Kind = trees.LinkSigmoid
	case "SOFTMAX":
		f.Link.Kind, e.parts = trees.LinkSoftmax, true
	default:
		return nil, cannot("has the post_transform %q; expected NONE, LOGISTIC or SOFTMAX", post)
	}
	return e, nil
}

// complemented are the scores of two classes of the probability of the second.
func (e *engine) complemented() {
	e.width, e.finish, e.parts = 2, prepare.Complement, true
}

// votes reports whether a row's sums are probabilities that sum to one: each tree's
// leaves hold as much as each other, and all trees one.
func votes(f *trees.Forest) bool {
	total := 0.0
	for _, t := range f.Trees {
		if t.Sum != trees.AllSums {
			return false
		}
		whole := 0.0
		for i := 0; i < len(t.Leaves); i += f.Sums {
			sum := 0.0
			for _, x := range t.Leaves[i : i+f.Sums] {
				if x < 0 {
					return false
				}
				sum += x
			}
			if i == 0 {
				whole = sum
			} else if math.Abs(sum-whole) > 1e-4*whole {
				return false
			}
		}
		total += whole
	}
	return math.Abs(total-1) < 1e-3
}
