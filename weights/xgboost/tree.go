package xgboost

import (
	"math"
	"slices"

	"penstock/model/trees"
)

// tree is a tree as the file has it: arrays with an entry for each node, of which
// the first is the root.
type tree struct {
	left, right, feature, defaultLeft, splitType []int32
	condition                                    []float32 // thresholds and leaves
	nodes, segments, sizes, categories           []int32   // of categorical splits
	width                                        int
	base, vectors                                []float32 // values of leaves that are vectors
}

// maxCategory is the library's own limit: whole numbers that a float32 tells apart.
const maxCategory = 1 << 24

func (f *file) readTree(s source) (trees.Tree, int, error) {
	var t tree
	readers := map[string]func() error{
		"left_children": ints(s, &t.left), "right_children": ints(s, &t.right),
		"split_indices": ints(s, &t.feature), "split_conditions": floats(s, &t.condition),
		"default_left": ints(s, &t.defaultLeft), "split_type": ints(s, &t.splitType),
		"categories": ints(s, &t.categories), "categories_nodes": ints(s, &t.nodes),
		"categories_segments": ints(s, &t.segments), "categories_sizes": ints(s, &t.sizes),
		"leaf_weights": floats(s, &t.vectors),
		"tree_param": func() error {
			return members(s, map[string]func() error{"size_leaf_vector": count(s, &t.width)})
		},
	}
	// Of trees whose leaves are numbers, they are in split_conditions too. Members
	// are sorted, so these come first.
	readers["base_weights"] = floats(s, &t.base)
	if err := members(s, readers); err != nil {
		return trees.Tree{}, 0, err
	}
	t.width = max(t.width, 1)
	if err := t.check(); err != nil {
		return trees.Tree{}, 0, err
	}
	made, err := t.convert(&f.budget)
	return made, t.width, err
}

// check refuses arrays of different lengths.
func (t *tree) check() error {
	n := len(t.left)
	if n == 0 {
		return wrong("left_children", "is empty or missing; expected an entry per node")
	}
	for _, a := range []struct {
		name string
		n    int
	}{
		{"right_children", len(t.right)}, {"split_indices", len(t.feature)},
		{"split_conditions", len(t.condition)}, {"default_left", len(t.defaultLeft)},
	} {
		if a.n != n {
			return wrong(a.name, "has %d entries; expected %d, as left_children has", a.n, n)
		}
	}
	if k := len(t.splitType); k != 0 && k != n { // 1.2 and before have none
		return wrong("split_type", "has %d entries; expected %d, one per node", k, n)
	}
	if k := len(t.nodes); len(t.segments) != k || len(t.sizes) != k {
		return wrong("categories_nodes", "has %d entries, categories_segments %d and categories_sizes %d; expected as many", k, len(t.segments), len(t.sizes))
	}
	return nil
}

// convert numbers inner nodes and leaves by levels, so that children follow their
// parent. Nodes that pruning has cut off are left out.
func (t *tree) convert(budget *int) (trees.Tree, error) {
	var made trees.Tree
	sets, err := t.sets(budget)
	if err != nil {
		return made, err
	}
	if t.left[0] < 0 {
		made.Leaves, err = t.leaf(nil, 0)
		return made, err
	}
	inner := 0
	for _, left := range t.left {
		if left >= 0 {
			inner++
		}
	}
	made.Nodes = make([]trees.Node, 0, inner)
	made.Leaves = make([]float64, 0, min((inner+1)*t.width, max(len(t.condition), len(t.vectors), len(t.base))))
	queue := make([]int32, 1, inner+1) // of inner nodes, in the order of made.Nodes
	seen := make([]bool, len(t.left))
	seen[0] = true
	for at := 0; at < len(queue); at++ {
		id := queue[at]
		node, err := t.node(id, sets)
		if err != nil {
			return made, err
		}
		for _, child := range []*int32{&node.Left, &node.Right} {
			c := *child
			if c < 0 || int(c) >= len(t.left) || seen[c] {
				return made, wrong("left_children", "or right_children has %d for node %d; expected another node of the %d, that no other leads to", c, id, len(t.left))
			}
			seen[c] = true
			if t.left[c] >= 0 {
				*child = int32(len(queue))
				queue = append(queue, c)
				continue
			}
			*child = ^int32(len(made.Leaves) / t.width)
			if made.Leaves, err = t.leaf(made.Leaves, c); err != nil {
				return made, err
			}
		}
		made.Nodes = append(made.Nodes, node)
	}
	made.Leaves = slices.Clip(made.Leaves)
	return made, nil
}

// node is an inner node with the children that the file gives it.
func (t *tree) node(id int32, sets map[int32][]uint32) (trees.Node, error) {
	n := trees.Node{
		Feature: t.feature[id], Test: trees.Less, Threshold: t.condition[id],
		MissingLeft: t.defaultLeft[id] != 0, Left: t.left[id], Right: t.right[id],
	}
	if len(t.splitType) == 0 || t.splitType[id] == 0 {
		if math.IsNaN(float64(n.Threshold)) {
			return n, wrong("split_conditions", "has NaN for node %d; expected a threshold", id)
		}
		return n, nil
	}
	// Here a category in the set goes right; a set of this house leads left.
	set, ok := sets[id]
	if !ok || t.splitType[id] != 1 {
		return n, wrong("split_type", "is %d for node %d; expected 0, or 1 and an entry in categories_nodes", t.splitType[id], id)
	}
	n.Test, n.Set, n.Threshold = trees.In, set, 0
	n.Left, n.Right, n.MissingLeft = n.Right, n.Left, !n.MissingLeft
	return n, nil
}

// leaf appends the value of a leaf, or its values.
func (t *tree) leaf(leaves []float64, id int32) ([]float64, error) {
	values, at := t.condition, int(id)
	switch {
	case t.width > 1 && len(t.vectors) > 0: // since 3.1
		values, at = t.vectors, int(t.right[id])
	case t.width > 1:
		values = t.base
	}
	if at < 0 || at >= len(values)/t.width {
		return nil, wrong("leaf_weights", "has %d numbers; expected %d for leaf %d", len(values), t.width, at)
	}
	for _, x := range values[at*t.width:][:t.width] {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return nil, wrong("split_conditions", "has %v for leaf %d; expected a finite number: train the model again, on labels that are", x, id)
		}
		leaves = append(leaves, float64(x))
	}
	return leaves, nil
}

// sets makes the sets of categories of nodes.
func (t *tree) sets(budget *int) (map[int32][]uint32, error) {
	if len(t.nodes) == 0 {
		return nil, nil
	}
	sets := make(map[int32][]uint32, len(t.nodes))
	for i, id := range t.nodes {
		begin, size := t.segments[i], t.sizes[i]
		if begin < 0 || size < 1 || int(begin)+int(size) > len(t.categories) {
			return nil, wrong("categories_segments", "has %d categories from %d on for node %d; there are %d", size, begin, id, len(t.categories))
		}
		of := t.categories[begin:][:size]
		if slices.Min(of) < 0 || slices.Max(of) >= maxCategory {
			return nil, wrong("categories", "has one of %d to %d; expected 0 to %d", slices.Min(of), slices.Max(of), maxCategory-1)
		}
		words := int(slices.Max(of))/32 + 1
		if *budget -= 4 * words; *budget < 0 {
			return nil, wrong("categories", "has numbers as large as %d in many small sets, which take too much memory; number the categories from 0 without gaps", slices.Max(of))
		}
		if _, twice := sets[id]; twice {
			return nil, wrong("categories_nodes", "has node %d twice", id)
		}
		set := make([]uint32, words)
		for _, c := range of {
			set[c/32] |= 1 << (c % 32)
		}
		sets[id] = set
	}
	return sets, nil
}
