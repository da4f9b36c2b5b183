package trees

import (
	"math"
	"math/bits"
)

// nodesKernel walks trees of any depth whose nodes all ask x < threshold. Nodes have
// eight bytes and children lie side by side, and many rows,
// or many trees of few rows, go down at once: while one waits for the memory, others
// move on.
var nodesKernel = kernel{"nodes", func(f *Forest) (layout, [][]int32) { return compileNodes(f, (*nodesWalker).down) }}

// nodes is a forest of comparisons.
type nodes struct {
	down    downFunc
	columns columns
	all     []compactNode
	roots   []uint32
	shift   uint // of compactNode.next
}

// downFunc takes walks, of which there may be none, to their leaves.
type downFunc func(w *nodesWalker, at []uint32, walks []walk)

// compactNode is an inner node or a leaf.
type compactNode struct {
	// threshold is a key (see key), and of a leaf the leaf's number.
	threshold int32
	// next has the column in its lower bits, and above how much further on the left
	// child lies; the right one follows it. Zero is a leaf.
	next uint32
}

func compileNodes(f *Forest, down downFunc) (layout, [][]int32) {
	c, index, ok := comparedColumns(f)
	if !ok {
		return nil, nil
	}
	n := &nodes{down: down, columns: c, shift: uint(bits.Len(uint(len(c.all))))}
	total := 0
	for i := range f.Trees {
		total += 2*len(f.Trees[i].Nodes) + 1
	}
	if total > math.MaxUint32 {
		return nil, nil
	}
	n.all = make([]compactNode, 0, total)
	for i := range f.Trees {
		n.roots = append(n.roots, uint32(len(n.all)))
		if !n.append(&f.Trees[i], index) {
			return nil, nil
		}
	}
	return n, nil
}

// append lays out a tree, and reports false where a child lies further on than a
// node can say. A node's children are followed by their own, 48 bytes in all, so that
// two steps mostly cost one line of the cache.
func (n *nodes) append(t *Tree, index columnIndex) bool {
	if len(t.Nodes) == 0 {
		n.all = append(n.all, compactNode{})
		return true
	}
	n.all = append(n.all, inner(&t.Nodes[0], index))
	type placed struct {
		node int32 // of the tree
		at   int   // in n.all
	}
	fits := true
	pair := func(parent placed) (children []placed) {
		node := &t.Nodes[parent.node]
		ahead := uint64(len(n.all)-parent.at) << n.shift
		fits = fits && ahead <= math.MaxUint32
		n.all[parent.at].next |= uint32(ahead)
		for _, child := range []int32{node.Left, node.Right} {
			if child < 0 {
				n.all = append(n.all, compactNode{threshold: ^child})
				continue
			}
			children = append(children, placed{child, len(n.all)})
			n.all = append(n.all, inner(&t.Nodes[child], index))
		}
		return children
	}
	for pending := []placed{{0, len(n.all) - 1}}; len(pending) > 0 && fits; {
		last := len(pending) - 1
		parent := pending[last]
		pending = pending[:last]
		for _, child := range pair(parent) {
			pending = append(pending, pair(child)...)
		}
	}
	return fits
}

// inner is a node that does not know yet where its children are.
func inner(node *Node, index columnIndex) compactNode {
	return compactNode{key(node.Threshold), index.of(node)}
}

// nodesWalker has the keys of rows, and the walks that are under way.
type nodesWalker struct {
	*nodes
	rows int
	keys []int32
	// Walk i is at node walks[i].node, with the row whose keys begin at row.
	walks []walk
}

type walk struct{ node, row, at uint32 }

// walks is how many go down at once. More than the processor's queue of misses is
// of no use; more than a few times that leaves the first-level cache.
const walksAtOnce = 64

func (n *nodes) walker(rows int) walker {
	return &nodesWalker{nodes: n, keys: make([]int32, rows*len(n.columns.all)), walks: make([]walk, walksAtOnce)}
}

func (w *nodesWalker) begin(features []float32, rows int) {
	w.rows = rows
	w.columns.keys(w.keys, features, rows)
}

func (w *nodesWalker) walk(at []uint32, _ []float32, first, trees int) {
	width := uint32(len(w.columns.all))
	n := 0
	for t := range trees {
		root := w.roots[first+t]
		row := uint32(0)
		for r := range w.rows {
			w.walks[n] = walk{root, row, uint32(t*w.rows + r)}
			row += width
			if n++; n == len(w.walks) {
				w.nodes.down(w, at, w.walks)
				n = 0
			}
		}
	}
	w.nodes.down(w, at, w.walks[:n])
}

// down takes walks to their leaves, each a step at a time.
func (w *nodesWalker) down(at []uint32, walks []walk) {
	all, keys, shift, mask := w.all, w.keys, w.shift&31, uint32(1)<<w.shift-1
	for len(walks) > 0 {
		for i := 0; i < len(walks); {
			step := &walks[i]
			n := all[step.node]
			if n.next == 0 {
				at[step.at] = uint32(n.threshold)
				walks[i] = walks[len(walks)-1]
				walks = walks[:len(walks)-1]
				continue
			}
			x := keys[step.row+n.next&mask]
			// −1 where x is less, and so left, without a branch to be mistaken about.
			less := (int64(x) - int64(n.threshold)) >> 63
			step.node += n.next>>shift + 1 + uint32(less)
			i++
		}
	}
}
