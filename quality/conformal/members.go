package conformal

import "slices"

// Members appends to dst the classes whose probability p is at least t, and the most
// likely one in any case: the least ambiguous set (Sadinle, Lei and Wasserman, Least
// ambiguous set-valued classifiers with bounded error levels, JASA 2019). They rise.
func Members(dst []uint16, p []float32, t float32) []uint16 {
	had := len(dst)
	dst = slices.Grow(dst, len(p))
	// Every class is written, and the next over it unless it stays: that needs no
	// branch, and nobody can foretell which class it is.
	set, n := dst[had:had+len(p)], 0
	for i, x := range p {
		set[n] = uint16(i)
		if x >= t {
			n++
		}
	}
	if n == 0 && len(p) > 0 {
		// Else the most likely is among them.
		set[0], n = mostLikely(p), 1
	}
	return dst[:had+n]
}

func mostLikely(p []float32) uint16 {
	top := 0
	for i, x := range p {
		if x > p[top] {
			top = i
		}
	}
	return uint16(top)
}
