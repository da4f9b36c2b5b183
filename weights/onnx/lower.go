package onnx

import (
	"errors"
	"fmt"
	"slices"

	"penstock/model"
	"penstock/model/dense"
	"penstock/model/prepare"
	"penstock/model/trees"
)

// Lowered is a graph as the engines of this house run it: Program, and behind it a
// network of Layers or a Forest, whichever is there.
type Lowered struct {
	Features int
	// Columns are nil where the graph has one input of numbers, which have no names.
	Columns []model.Column
	// Missing says that every feature may be missing; else columns say which may.
	Missing bool
	Program prepare.Program
	Layers  []dense.Layer
	Forest  *trees.Forest
	// Outputs are of the whole. The classes are named "0", "1" and so on where the
	// file does not name them.
	Outputs []model.Output
	// Behind are the outputs of the network or the forest: others than Outputs where
	// Program.Finish makes the one of the other.
	Behind []model.Output
}

// CannotLower says which node keeps a graph from being lowered, and why.
type CannotLower struct {
	Node    string // its name, or that of its output; empty where it is none in particular
	Op      string // such as "Conv"
	Problem string
}

func (e *CannotLower) Error() string {
	if e.Op == "" {
		return e.Problem
	}
	return fmt.Sprintf("node %q, %s, %s", e.Node, e.Op, e.Problem)
}

func cannot(format string, args ...any) error {
	return &CannotLower{Problem: fmt.Sprintf(format, args...)}
}

// maxCells is as many numbers as one value of a row may have.
const maxCells = 1 << 20

// lowering is a graph on its way.
type lowering struct {
	graph  *Graph
	values map[string]*value
	steps  []prepare.Step
	inputs []*input
	// columns are of the features; index finds their categories.
	columns []model.Column
	index   map[int]map[string]int
	// holes has for each cell the feature whose NaN may be in it, or -1.
	holes []int32
	// never are the features that may not be missing whatever becomes of them.
	never map[int32]bool
	left  int // numbers that may still be made of the file's
}

// input is one of the graph's.
type input struct {
	Value
	first, width int // its features
}

// Lower makes of a graph what the engines of this house run. Its errors are
// *CannotLower: such a file may be fine, and is one for ONNX Runtime.
func (g *Graph) Lower() (*Lowered, error) {
	l := &lowering{
		graph: g, values: map[string]*value{}, never: map[int32]bool{}, index: map[int]map[string]int{},
		left: 4*g.size + 1<<16,
	}
	lowered, err := l.lower()
	if err == nil {
		return lowered, nil
	}
	if c, ok := errors.AsType[*CannotLower](err); ok {
		return nil, c
	}
	return nil, &CannotLower{Problem: err.Error()}
}

func (l *lowering) lower() (*Lowered, error) {
	g := l.graph
	target, err := g.Scores()
	if err != nil {
		return nil, err
	}
	for name, t := range g.Initialisers {
		l.values[name] = &value{elem: t.Elem, shape: t.Shape, constant: t}
	}
	if err := l.takeInputs(); err != nil {
		return nil, err
	}
	needed := g.needed(target.Name)
	for i := range g.Nodes {
		if !needed[i] {
			continue
		}
		if err := l.node(&g.Nodes[i]); err != nil {
			return nil, err
		}
	}
	v := l.values[target.Name]
	if v == nil || v.engine == nil {
		return nil, cannot("the output %q comes from no network and no forest of trees", target.Name)
	}
	return l.finish(target, v)
}

// Scores is the output that predictions are read from: the only one of numbers, with
// labels left out where there are scores beside them.
func (g *Graph) Scores() (Value, error) {
	scores := slices.Clone(g.Outputs)
	if len(scores) > 1 {
		scores = slices.DeleteFunc(scores, func(v Value) bool { return v.Elem == String || v.Elem.whole() })
	}
	if len(scores) != 1 {
		return Value{}, cannot("the graph has %d outputs of numbers, %.200q; expected one", len(scores), names(scores))
	}
	return scores[0], nil
}

func names(values []Value) (all []string) {
	for _, v := range values {
		all = append(all, v.Name)
	}
	return all
}

// needed marks the nodes that a value comes from. Nodes are in the order of running.
func (g *Graph) needed(target string) []bool {
	wanted, marks := map[string]bool{target: true}, make([]bool, len(g.Nodes))
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := &g.Nodes[i]
		if !slices.ContainsFunc(n.Outputs, func(o string) bool { return o != "" && wanted[o] }) {
			continue
		}
		marks[i] = true
		for _, name := range n.Inputs {
			wanted[name] = true
		}
	}
	return marks
}

// node lowers one node.
func (l *lowering) node(n *Node) error {
	name := n.Name
	if name == "" && len(n.Outputs) > 0 {
		name = n.Outputs[0]
	}
	wrap := func(err error) error {
		if c, ok := errors.AsType[*CannotLower](err); ok && c.Op == "" {
			return &CannotLower{Node: name, Op: n.Op, Problem: c.Problem}
		} else if ok {
			return c
		}
		return &CannotLower{Node: name, Op: n.Op, Problem: err.Error()}
	}
	op, known := operators[n.Domain+":"+n.Op]
	if !known {
		return wrap(cannot("is no part of a network of dense layers, of a forest of trees, or of what prepares rows for them"))
	}
	in := make([]*value, len(n.Inputs))
	for i, name := range n.Inputs {
		if in[i] = l.values[name]; in[i] == nil && name != "" {
			return wrap(cannot("takes %q, which nothing before it makes", name))
		}
	}
	if len(in) == 0 && n.Op != "Constant" || len(in) > 0 && in[0] == nil || len(n.Outputs) == 0 {
		return wrap(cannot("has no input or no output"))
	}
	made, err := op.lower(l, n, in)
	if err != nil {
		return wrap(err)
	}
	output := min(op.output, len(n.Outputs)-1)
	if l.values[n.Outputs[output]] != nil {
		return wrap(cannot("makes %q, which was made before", n.Outputs[output]))
	}
	l.values[n.Outputs[output]] = made
	return nil
}

// operator lowers nodes of one kind: its value is the one that it makes as the output
// of a number.
type operator struct {
	output int
	lower  func(l *lowering, n *Node, in []*value) (*value, error)
}

// spend takes from how many numbers may be made: a file of a few bytes may ask for
// many, by using one of its tensors often.
func (l *lowering) spend(numbers int) error {
	if numbers < 0 || numbers > l.left {
		return cannot("makes more numbers than the file can have been written for")
	}
	l.left -= numbers
	return nil
}
