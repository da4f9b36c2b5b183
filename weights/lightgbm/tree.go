package lightgbm

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"penstock/model/trees"
)

// Bits of a node's decision_type.
const (
	categorical = 1
	defaultLeft = 2
	missingZero = 1 << 2
	missingNaN  = 2 << 2
	missingMask = 3 << 2
)

// readTrees reads the trees, which add to the sums in turn.
func readTrees(l *lines, sums int) ([]trees.Tree, error) {
	var all []trees.Tree
	var r treeReader
	for l.ends == "Tree=" {
		r.name = fmt.Sprintf("tree %d", len(all))
		fields, err := l.fields(r.name)
		if err != nil {
			return nil, err
		}
		t, err := r.read(fields)
		if err != nil {
			return nil, err
		}
		t.Sum = len(all) % sums
		all = append(all, t)
	}
	if len(all) == 0 || len(all)%sums != 0 {
		return nil, wrong("", "has %d trees; expected a multiple of num_tree_per_iteration, %d, and one at least", len(all), sums)
	}
	return all, nil
}

// treeReader has what reading one tree leaves for the next.
type treeReader struct {
	name                                   string
	feature, kind, left, right, boundaries []int64
	threshold                              []float64
}

func (r *treeReader) field(name string) string { return r.name + "." + name }

func (r *treeReader) read(fields map[string][]byte) (t trees.Tree, err error) {
	if linear := fields["is_linear"]; linear != nil && string(linear) != "0" {
		return t, wrong(r.field("is_linear"), "is %s; linear trees are not served natively: train with linear_tree=false, or serve the model by the Python engine", clip(linear))
	}
	// A leaf takes two bytes at least, so that the file bounds what n may be.
	leaves, err := integer(r.field("num_leaves"), fields["num_leaves"], 1, math.MaxInt32/2)
	if err != nil {
		return t, err
	}
	if t.Leaves, err = r.floats(fields, "leaf_value", leaves, nil); err != nil || leaves == 1 {
		return t, err
	}
	n := leaves - 1
	for _, v := range []struct {
		name string
		into *[]int64
	}{{"split_feature", &r.feature}, {"decision_type", &r.kind}, {"left_child", &r.left}, {"right_child", &r.right}} {
		if *v.into, err = r.ints(fields, v.name, n, (*v.into)[:0]); err != nil {
			return t, err
		}
	}
	if r.threshold, err = r.floats(fields, "threshold", n, r.threshold[:0]); err != nil {
		return t, err
	}
	sets, err := r.sets(fields)
	if err != nil {
		return t, err
	}
	t.Nodes = make([]trees.Node, n)
	for i := range t.Nodes {
		if t.Nodes[i], err = r.node(i, sets); err != nil {
			return t, err
		}
	}
	return t, nil
}

func (r *treeReader) node(i int, sets [][]uint32) (trees.Node, error) {
	n := trees.Node{Feature: int32(r.feature[i]), Left: int32(r.left[i]), Right: int32(r.right[i])}
	kind, threshold := r.kind[i], r.threshold[i]
	if kind&categorical != 0 {
		if !(threshold >= 0 && threshold < float64(len(sets))) {
			return n, wrong(r.field("threshold"), "of node %d is %v; expected one of its %d sets of categories", i, threshold, len(sets))
		}
		n.Test, n.Set = trees.In, sets[int(threshold)]
		return n, nil // what is missing is in no set
	}
	n.Threshold = trees.AtMost(threshold)
	switch kind & missingMask {
	case 0: // what is missing is taken for zero
		n.MissingLeft = threshold >= 0
	case missingZero:
		n.ZeroMissing, n.MissingLeft = true, kind&defaultLeft != 0
	case missingNaN:
		n.MissingLeft = kind&defaultLeft != 0
	default:
		return n, wrong(r.field("decision_type"), "of node %d is %d; expected 0 to 11", i, kind)
	}
	return n, nil
}

// sets are the tree's sets of categories: words of bits, and where each begins.
func (r *treeReader) sets(fields map[string][]byte) (sets [][]uint32, err error) {
	if fields["cat_boundaries"] == nil {
		return nil, nil
	}
	words, err := r.ints(fields, "cat_threshold", -1, nil)
	if err != nil {
		return nil, err
	}
	if r.boundaries, err = r.ints(fields, "cat_boundaries", -1, r.boundaries[:0]); err != nil {
		return nil, err
	}
	bits := make([]uint32, len(words))
	for i, word := range words {
		if word < 0 || word > math.MaxUint32 {
			return nil, wrong(r.field("cat_threshold"), "has the number %d; expected 32 bits", word)
		}
		bits[i] = uint32(word)
	}
	sets = make([][]uint32, 0, len(r.boundaries))
	for i := range len(r.boundaries) - 1 {
		from, to := r.boundaries[i], r.boundaries[i+1]
		if from < 0 || from > to || to > int64(len(bits)) {
			return nil, wrong(r.field("cat_boundaries"), "has %d before %d; expected growing numbers up to %d", from, to, len(bits))
		}
		sets = append(sets, bits[from:to:to])
	}
	return sets, nil
}

var space = []byte(" ")

// ints appends a field's integers, which are n, or any number where n is negative.
func (r *treeReader) ints(fields map[string][]byte, name string, n int, to []int64) ([]int64, error) {
	to = slices.Grow(to, bytes.Count(fields[name], space)+1)
	err := r.each(fields, name, n, func(word []byte) error {
		x, err := strconv.ParseInt(string(word), 10, 64)
		if name != "cat_threshold" && x != int64(int32(x)) {
			err = errors.New("too large")
		}
		to = append(to, x)
		return err
	})
	return to, err
}

func (r *treeReader) floats(fields map[string][]byte, name string, n int, to []float64) ([]float64, error) {
	to = slices.Grow(to, bytes.Count(fields[name], space)+1)
	err := r.each(fields, name, n, func(word []byte) error {
		x, err := strconv.ParseFloat(string(word), 64)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			err = errors.New("not finite")
		}
		to = append(to, x)
		return err
	})
	return to, err
}

func (r *treeReader) each(fields map[string][]byte, name string, n int, take func(word []byte) error) error {
	text, ok := fields[name]
	if !ok {
		return wrong(r.field(name), "is missing")
	}
	count := 0
	for len(text) > 0 {
		var word []byte
		if word, text, _ = bytes.Cut(text, space); len(word) == 0 {
			continue
		}
		if err := take(word); err != nil {
			return wrong(r.field(name), "has %q at place %d; expected a number", clip(word), count)
		}
		count++
	}
	if n >= 0 && count != n {
		return wrong(r.field(name), "has %d numbers; expected %d, as num_leaves says", count, n)
	}
	return nil
}

func integer(field string, text []byte, least, most int) (int, error) {
	if text == nil {
		return 0, wrong(field, "is missing")
	}
	x, err := strconv.Atoi(string(text))
	if err != nil || x < least || x > most {
		return 0, wrong(field, "is %q; expected a number, %d to %d", clip(text), least, most)
	}
	return x, nil
}
