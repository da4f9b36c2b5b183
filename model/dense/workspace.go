package dense

// workspace is what a session brings along to every product.
type workspace struct {
	// backwards asks to go over the outputs from the last to the first, where
	// that makes a difference; see session.
	backwards bool
	// strips are of the batch at hand. The rest is room for its rows without
	// their zeros.
	strips  []strip
	values  []float32
	offsets []uint32
	masks   []uint16
}

// strip is what tiles of one height multiply: some rows, with all their inputs
// or with those alone that are not zero in every row.
//
// Leaving out zeros changes no sum, since weights are finite; only a sum that is
// zero may have the other sign. Four fifths of a written digit's pixels are
// zero, and half of what a ReLU returns. One row waits for its weights to
// arrive, and those of a zero need not; several rows have zeros in common where
// the paper is never written on.
type strip struct {
	row, height int // the first of its rows in the batch, and how many
	values      []float32
	stride      int // values from one row to the next
	depth       int // inputs of a row
	// offsets says where the weights of each are, and goes on for mostAhead more.
	offsets []uint32
}

const (
	maskBits  = 16 // how many inputs one mask is for
	mostAhead = 64 // how many inputs ahead tiles ask for weights, at most
	// lowest is how many rows a strip has at least, when there are so many.
	lowest = 3
)

// newWorkspace makes one for up to rows rows of up to widest inputs.
func newWorkspace(rows, widest int) workspace {
	most := (rows + lowest - 1) / lowest
	return workspace{
		strips:  make([]strip, most),
		values:  make([]float32, rows*widest+maskBits),
		offsets: make([]uint32, most*(widest+mostAhead)+maskBits),
		masks:   make([]uint16, (widest+maskBits-1)/maskBits),
	}
}
