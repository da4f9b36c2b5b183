package trees

import (
	"math/rand/v2"
	"strconv"

	"penstock/model"
)

// growth says what forests grow for a test.
type growth struct {
	trees, depth, features, sums int
	full                         float64 // chance that a node has children
	nodes                        int     // of a tree, at most; 0 is as many as depth allows
	vectors                      bool
	tests                        []Test
	missing, zeroMissing         bool
	sum                          Precision
	link                         Link
}

func (g growth) forest(seed uint64) *Forest {
	random := rand.New(rand.NewPCG(seed, 1))
	f := &Forest{Features: g.features, Sums: g.sums, Sum: g.sum, Link: g.link}
	for range g.sums {
		f.Begin = append(f.Begin, float64(float32(random.NormFloat64())))
	}
	for i := range g.trees {
		t := Tree{Sum: i % g.sums}
		if g.vectors {
			t.Sum = AllSums
		}
		g.grow(&t, random)
		for range (len(t.Nodes) + 1) * t.width(f) {
			t.Leaves = append(t.Leaves, float64(float32(random.NormFloat64())))
		}
		f.Trees = append(f.Trees, t)
	}
	return f
}

// grow adds nodes level by level, so that children come after their parents.
func (g growth) grow(t *Tree, random *rand.Rand) {
	type open struct {
		parent int32
		left   bool
		depth  int
	}
	leaves := int32(0)
	queue := []open{{parent: -1}}
	for len(queue) > 0 {
		at := random.IntN(len(queue))
		if g.nodes == 0 {
			at = 0
		}
		o := queue[at]
		queue = append(queue[:at], queue[at+1:]...)
		child := int32(len(t.Nodes))
		grows := o.depth < g.depth && random.Float64() < g.full && (g.nodes == 0 || len(t.Nodes) < g.nodes)
		if !grows {
			child = ^leaves
			leaves++
		} else {
			t.Nodes = append(t.Nodes, g.node(random))
			queue = append(queue, open{child, true, o.depth + 1}, open{child, false, o.depth + 1})
		}
		switch {
		case o.parent < 0:
		case o.left:
			t.Nodes[o.parent].Left = child
		default:
			t.Nodes[o.parent].Right = child
		}
	}
}

func (g growth) node(random *rand.Rand) Node {
	n := Node{
		Feature: int32(random.IntN(g.features)), Threshold: float32(random.IntN(9)-4) / 2,
		MissingLeft: g.missing && random.IntN(2) == 0, ZeroMissing: g.zeroMissing && random.IntN(3) == 0,
	}
	if random.IntN(2) == 0 {
		n.Threshold = float32(random.NormFloat64())
	}
	if len(g.tests) > 0 {
		n.Test = g.tests[random.IntN(len(g.tests))]
	}
	if n.Test == In {
		for range random.IntN(3) {
			n.Set = append(n.Set, random.Uint32())
		}
	}
	return n
}

// spec describes a forest that is served.
func spec(f *Forest) model.Spec {
	s := model.Spec{Name: "forest", Version: "1", Features: f.Features, Missing: true,
		Outputs: []model.Output{{Name: "prediction", Kind: model.Values, Width: f.Sums}}}
	switch {
	case f.Link.Kind == LinkSoftmax && f.Sums > 1:
		s.Outputs[0].Kind = model.Class
	case f.Link.Kind == LinkSigmoid:
		s.Outputs[0].Kind = model.Labels
	default:
		return s
	}
	for i := range f.Sums {
		s.Outputs[0].Classes = append(s.Outputs[0].Classes, strconv.Itoa(i))
	}
	return s
}
