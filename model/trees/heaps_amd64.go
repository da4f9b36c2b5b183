package trees

import "math"

// heaps is a forest of trees of few levels, each filled up to heapDepth levels: node
// i's children are 2i and 2i+1, the root is node 1, and slot s is where a row is
// that took the steps of s's bits, right being one. What is cut short has its leaf in
// many slots.
type heaps struct {
	*ranks
	set   heapSet
	trees int
	// nodes are for blockFunc: in bytes, where a node's column of ranks is, and above
	// bit 32 its code.
	nodes []uint64
	// words are for rowFunc; nil where there are too many columns for it.
	words []uint16
}

const (
	heapDepth = 6
	heapSlots = 1 << heapDepth
	heapWords = 4 * 32 // of a tree, for rowFunc
	// rowColumns is how many columns rowFunc's registers hold.
	rowColumns = 64
)

// heapSet is what an instruction set has.
type heapSet struct {
	lanes int // rows of a block
	rank  rankFunc
	block blockFunc
	row   rowFunc // or nil
	// alone is up to how many rows go through row rather than block.
	alone int
}

// blockFunc takes lanes rows through some trees. It writes lanes slots to at for the
// first tree, and for each other stride bytes further. Rank c·lanes+r of ranks is
// that of row r in column c; nodes are those of heaps.nodes.
type blockFunc func(at *uint32, ranks *uint16, nodes *uint64, trees, stride int)

// rowFunc takes one row through some trees, and writes a slot for each, stride bytes
// apart. ranks are
// rowColumns; nodes are heapWords words of each tree: the 64 nodes' columns, and
// then their codes.
type rowFunc func(at *uint32, ranks, nodes *uint16, trees, stride int)

// spread bounds how many slots there may be for each leaf: small trees are better
// walked as they are than filled up.
const spread = 16

func (set heapSet) compile(f *Forest) (layout, [][]int32) {
	leaves := 0
	for i := range f.Trees {
		if f.Trees[i].depth() > heapDepth {
			return nil, nil
		}
		leaves += len(f.Trees[i].Nodes) + 1
	}
	if len(f.Trees) == 0 || len(f.Trees)*heapSlots > spread*leaves {
		return nil, nil
	}
	r, index, ok := newRanks(f)
	// Ranks take as long as walks where there are as many features.
	if !ok || len(r.asked) == 0 || len(r.asked) > 4*len(f.Trees) || r.columns > math.MaxInt32/64 {
		return nil, nil
	}
	h := &heaps{ranks: r, set: set, trees: len(f.Trees), nodes: make([]uint64, len(f.Trees)*heapSlots)}
	if set.row != nil && r.columns <= rowColumns {
		h.words = make([]uint16, len(f.Trees)*heapWords)
	}
	slots := make([][]int32, len(f.Trees))
	for i := range f.Trees {
		slots[i] = make([]int32, heapSlots)
		h.fillTree(&f.Trees[i], i, index, slots[i])
	}
	r.sorted = nil
	return h, slots
}

// fillTree lays out a tree, and says which leaf each slot is.
func (h *heaps) fillTree(t *Tree, at int, index columnIndex, slots []int32) {
	var ways [2 * heapSlots]int32 // what is at each place of the heap: Node.Left's numbers
	if len(t.Nodes) == 0 {
		ways[1] = ^0
	}
	for i := 1; i < heapSlots; i++ {
		if ways[i] < 0 { // both ways lead to one leaf
			ways[2*i], ways[2*i+1] = ways[i], ways[i]
			continue
		}
		n := &t.Nodes[ways[i]]
		ways[2*i], ways[2*i+1] = n.Left, n.Right
		column, code := index.of(n), h.code(n)
		h.nodes[at*heapSlots+i] = uint64(column)*uint64(h.set.lanes)*2 | uint64(code)<<32
		if h.words != nil {
			words := h.words[at*heapWords:]
			words[i], words[heapSlots+i] = uint16(column), code
		}
	}
	for i, leaf := range ways[heapSlots:] {
		slots[i] = ^leaf
	}
}

// heapsWalker has the ranks of rows: those of whole blocks first, then those of
// rows that go alone, or those of a last block that is not full.
type heapsWalker struct {
	*heaps
	rows   int
	blocks int // of them, the last perhaps not full
	alone  int // rows
	held   []uint16
}

func (h *heaps) walker(rows int) walker {
	lanes := h.set.lanes
	blocks := (rows + lanes - 1) / lanes
	return &heapsWalker{heaps: h, held: make([]uint16, blocks*lanes*h.columns+lanes*rowColumns)}
}

func (w *heapsWalker) begin(features []float32, rows int) {
	lanes := w.set.lanes
	w.rows, w.blocks, w.alone = rows, rows/lanes, rows%lanes
	if w.words == nil && w.alone > 0 || w.alone > w.set.alone {
		w.blocks, w.alone = w.blocks+1, 0
	}
	for r := range rows {
		to, stride := w.held[r/lanes*lanes*w.columns+r%lanes:], lanes
		if r >= rows-w.alone {
			to, stride = w.row(r-(rows-w.alone)), 1
		}
		w.set.rank(&to[0], &features[r*w.features], &w.asked[0].feature, &w.thresholds[0], len(w.asked), stride)
	}
}

// row is where the ranks are of a row that goes alone.
func (w *heapsWalker) row(r int) []uint16 {
	return w.held[w.blocks*w.set.lanes*w.columns+r*rowColumns:]
}

func (w *heapsWalker) walk(at []uint32, _ []float32, first, trees int) {
	lanes := w.set.lanes
	// The last block first: what its empty lanes write, others write again.
	for b := w.blocks - 1; b >= 0; b-- {
		w.set.block(&at[b*lanes], &w.held[b*lanes*w.columns], &w.nodes[first*heapSlots], trees, 4*w.rows)
	}
	for r := range w.alone {
		w.set.row(&at[w.rows-w.alone+r], &w.row(r)[0], &w.words[first*heapWords], trees, 4*w.rows)
	}
}
