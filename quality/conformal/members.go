package conformal

// Members appends to dst the classes whose probability p is at least t, and the most
// likely one in any case: the least ambiguous set (Sadinle, Lei and Wasserman, Least
// ambiguous set-valued classifiers with bounded error levels, JASA 2019). They rise.
func Members(dst []uint16, p []float32, t float32) []uint16 {
	top := 0
	for i, x := range p {
		if x > p[top] {
			top = i
		}
	}
	if len(p) > 0 && p[top] < t {
		return append(dst, uint16(top))
	}
	for i, x := range p {
		if x >= t || i == top {
			dst = append(dst, uint16(i))
		}
	}
	return dst
}
