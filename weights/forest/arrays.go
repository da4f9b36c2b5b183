package forest

import (
	"penstock/model/trees"
	"penstock/weights/safetensors"
)

// arrays are those of the file; see the package's documentation.
type arrays struct {
	nodes, leaves, sum        safetensors.Int32s
	feature, left, right, set safetensors.Int32s
	begin, words              safetensors.Int32s
	missing                   []byte
	threshold, value          safetensors.Float64s

	sets [][]uint32
}

func take(file map[string]safetensors.Array) (a arrays, err error) {
	named := func(name string) (safetensors.Array, bool) {
		array, ok := file[name]
		if !ok && err == nil {
			err = wrong("array "+name, "is missing")
		}
		return array, ok && err == nil
	}
	ints := func(name string, into *safetensors.Int32s) {
		if array, ok := named(name); ok {
			*into, err = array.Int32s()
		}
	}
	floats := func(name string, into *safetensors.Float64s) {
		if array, ok := named(name); ok {
			*into, err = array.Float64s()
		}
	}
	ints("tree.nodes", &a.nodes)
	ints("tree.leaves", &a.leaves)
	ints("tree.sum", &a.sum)
	ints("node.feature", &a.feature)
	floats("node.threshold", &a.threshold)
	if array, ok := named("node.missing"); ok {
		a.missing, err = array.Bytes()
	}
	ints("node.left", &a.left)
	ints("node.right", &a.right)
	floats("leaf.value", &a.value)
	if _, ok := file["node.set"]; ok {
		ints("node.set", &a.set)
		ints("set.begin", &a.begin)
		ints("set.words", &a.words)
	}
	if err != nil {
		return a, err
	}
	return a, a.check()
}

// check compares the arrays' lengths, and finds the sets.
func (a *arrays) check() error {
	count := a.feature.Len()
	for _, v := range []struct {
		name         string
		length, want int
	}{
		{"tree.leaves", a.leaves.Len(), a.nodes.Len()}, {"tree.sum", a.sum.Len(), a.nodes.Len()},
		{"node.threshold", a.threshold.Len(), count}, {"node.missing", len(a.missing), count},
		{"node.left", a.left.Len(), count}, {"node.right", a.right.Len(), count},
	} {
		if v.length != v.want {
			return wrong("array "+v.name, "has %d numbers; expected %d", v.length, v.want)
		}
	}
	if a.set == nil {
		return nil
	}
	if a.set.Len() != count {
		return wrong("array node.set", "has %d numbers; expected %d", a.set.Len(), count)
	}
	words := make([]uint32, a.words.Len())
	for i := range words {
		words[i] = uint32(a.words.At(i))
	}
	for i := range a.begin.Len() - 1 {
		from, to := int(a.begin.At(i)), int(a.begin.At(i+1))
		if from < 0 || from > to || to > len(words) {
			return wrong("array set.begin", "has %d before %d; expected growing numbers up to %d", from, to, len(words))
		}
		a.sets = append(a.sets, words[from:to:to])
	}
	return nil
}

// readTrees cuts the arrays into trees. That nodes make trees is for trees.New.
func readTrees(file map[string]safetensors.Array, sums int) ([]trees.Tree, error) {
	a, err := take(file)
	if err != nil {
		return nil, err
	}
	if most := a.nodes.Len() + a.value.Len(); sums > most {
		return nil, wrong(Format, "has outputs of %d scores; at most %d trees and values make them", sums, most)
	}
	nodes, values := make([]trees.Node, a.feature.Len()), make([]float64, a.value.Len())
	for i := range values {
		values[i] = a.value.At(i)
	}
	for i := range nodes {
		if nodes[i], err = a.node(i); err != nil {
			return nil, err
		}
	}
	all := make([]trees.Tree, a.nodes.Len())
	for i := range all {
		width, n, leaves := 1, int(a.nodes.At(i)), int(a.leaves.At(i))
		all[i].Sum = int(a.sum.At(i))
		if all[i].Sum == trees.AllSums {
			width = sums
		}
		if n < 0 || n > len(nodes) {
			return nil, wrong("array tree.nodes", "has %d for tree %d; expected 0 to %d, which are left", n, i, len(nodes))
		}
		if leaves < 1 || leaves > len(values)/width {
			return nil, wrong("array tree.leaves", "has %d for tree %d; expected 1 to %d, which are left", leaves, i, len(values)/width)
		}
		all[i].Nodes, nodes = nodes[:n:n], nodes[n:]
		all[i].Leaves, values = values[:leaves*width:leaves*width], values[leaves*width:]
	}
	if len(nodes) > 0 || len(values) > 0 {
		return nil, wrong("array tree.nodes", "leaves %d nodes and %d values that are of no tree", len(nodes), len(values))
	}
	return all, nil
}

func (a *arrays) node(i int) (trees.Node, error) {
	n := trees.Node{Feature: a.feature.At(i), MissingLeft: a.missing[i] != 0, Left: a.left.At(i), Right: a.right.At(i)}
	if a.set != nil && a.set.At(i) >= 0 {
		set := int(a.set.At(i))
		if set >= len(a.sets) {
			return n, wrong("array node.set", "has %d for node %d; there are %d sets", set, i, len(a.sets))
		}
		n.Test, n.Set = trees.In, a.sets[set]
		return n, nil
	}
	if x := a.threshold.At(i); x == x {
		n.Threshold = trees.AtMost(x)
		return n, nil
	}
	return n, wrong("array node.threshold", "has NaN for node %d", i)
}
