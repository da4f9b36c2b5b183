package dense

import "math"

// softmaxFunc turns rows of logits in src into probabilities in dst, as
// model.Softmax does. A row has vectors vectors, the last one with only columns
// values; what lies past them is neither read nor written. stride is in bytes
// from one row to the next, coldness one over the temperature. rows, vectors
// and columns are at least 1.
//
// Like tiles, the functions cannot be preempted.
type softmaxFunc func(dst, src *float32, rows, vectors, columns, stride uintptr, coldness float64)

// softmaxWork is how many vectors one call of a softmaxFunc may take, in order
// to be over within 100 µs: a vector takes 10 to 16 ns, a row 10 more.
const softmaxWork = 1 << 11

// softmax leaves to model.Softmax the rows that are too wide for one call.
func (set tileSet) softmax(dst, src []float32, width int, temperature float64) {
	vectors := (width + set.lanes - 1) / set.lanes
	if vectors > softmaxWork {
		softmaxRows(dst, src, width, temperature)
		return
	}
	// Finite even for the smallest temperature: the top logit, from which
	// nothing is left, must not become NaN.
	coldness := min(1/temperature, math.MaxFloat64)
	columns := width - (vectors-1)*set.lanes
	most := softmaxWork / vectors
	for rows := len(dst) / width; rows > 0; rows -= most {
		part := min(most, rows)
		set.probabilities(&dst[0], &src[0], uintptr(part), uintptr(vectors), uintptr(columns), bytes(width), coldness)
		dst, src = dst[part*width:], src[part*width:]
	}
}
