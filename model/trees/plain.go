package trees

// plainKernel walks the nodes as they are, one row and one tree after the other. It
// knows every test, and runs whatever no other kernel is made for.
var plainKernel = kernel{"plain", func(f *Forest) (layout, [][]int32) {
	p := &plain{features: f.Features, trees: make([][]Node, len(f.Trees))}
	for i := range f.Trees {
		p.trees[i] = append([]Node(nil), f.Trees[i].Nodes...)
		for n := range p.trees[i] {
			node := &p.trees[i][n]
			node.Set = append([]uint32(nil), node.Set...)
		}
	}
	return p, nil
}}

type plain struct {
	features int
	trees    [][]Node
}

type plainWalker struct {
	*plain
	rows int
}

func (p *plain) walker(int) walker { return &plainWalker{plain: p} }

func (w *plainWalker) begin(_ []float32, rows int) { w.rows = rows }

func (w *plainWalker) walk(at []uint32, features []float32, first, trees int) {
	for t := range trees {
		nodes := w.trees[first+t]
		for r := range w.rows {
			at[t*w.rows+r] = arrive(nodes, features[r*w.features:][:w.features])
		}
	}
}

// arrive returns the leaf that a row arrives at.
func arrive(nodes []Node, row []float32) uint32 {
	if len(nodes) == 0 {
		return 0
	}
	for i := int32(0); ; {
		n := &nodes[i]
		i = n.Right
		if n.left(row[n.Feature]) {
			i = n.Left
		}
		if i < 0 {
			return uint32(^i)
		}
	}
}

// nearZero is how near to zero ZeroMissing takes a feature for missing.
const nearZero = float32(1e-35)

// left reports whether a feature goes left.
func (n *Node) left(x float32) bool {
	switch {
	case x != x || n.ZeroMissing && x >= -nearZero && x <= nearZero:
		return n.MissingLeft
	case n.Test == Less:
		return x < n.Threshold
	case n.Test == Equal:
		return x == n.Threshold
	}
	// −1 truncates to itself; what lies above it, to zero.
	if x <= -1 || max(x, 0) >= float32(32*len(n.Set)) {
		return false
	}
	category := uint32(max(x, 0))
	return n.Set[category/32]>>(category%32)&1 == 1
}

// depth is how many nodes the longest way passes.
func (t *Tree) depth() int {
	depths, deepest := make([]int32, len(t.Nodes)), int32(0)
	for i := range t.Nodes {
		depths[i]++
		deepest = max(deepest, depths[i])
		for _, child := range []int32{t.Nodes[i].Left, t.Nodes[i].Right} {
			if child >= 0 {
				depths[child] = depths[i]
			}
		}
	}
	return int(deepest)
}
