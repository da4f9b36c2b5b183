package trees

//go:generate env GOWORK=off go run -C avo . ..

// kernel is one way to walk trees. A new one is added to kernels, and the tests
// then hold it to a walk through the Forest itself.
type kernel struct {
	name string
	// compile lays out a forest that was checked, or returns nil where this kernel
	// is not made for such a one. slots says, for each tree, which leaf each of the
	// numbers that walkers return stands for; nil says that they are the leaves'
	// own.
	compile func(f *Forest) (l layout, slots [][]int32)
}

// layout is a forest laid out for a kernel, shared by sessions.
type layout interface {
	// walker returns scratch for up to rows rows.
	walker(rows int) walker
}

// walker is a layout with a session's scratch.
type walker interface {
	// begin gets ready to walk with rows × Features values.
	begin(features []float32, rows int)
	// walk writes where the rows arrive in some trees: at[t·rows+r] is the leaf, or
	// slot, of row r in tree first+t. The features are those of begin; it keeps
	// neither slice, and allocates nothing. Beyond its end, at has room for spill
	// more, which may be overwritten.
	walk(at []uint32, features []float32, first, trees int)
}

// spill is how many lanes a vector may write at once.
const spill = 32

// kernels returns those of this machine, the preferred first. The last runs every
// forest everywhere.
func kernels() []kernel {
	return append(vectorKernels(), nodesKernel, plainKernel)
}
