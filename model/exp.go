package model

import "math"

// exp returns eˣ for x that is not above zero, with a relative error below
// 2e-8. It is for scores, which keep 24 bits: math.Exp keeps 53 and took half
// of a small network's time. Below −708, where eˣ is too small for any float32,
// it returns 0; NaN stays NaN.
//
// With k the integer nearest to x/ln 2 and r = x − k·ln 2, eˣ is 2ᵏ·eʳ. As |r|
// is at most ln 2/2, a polynomial serves for eʳ: 1 + r + r²·q(r), where q meets
// (eʳ − 1 − r)/r² in the five Chebyshev nodes of that interval. Adding 1.5·2⁵²
// rounds to an integer, which the sum's low bits then hold.
//
// It is as short as it is so that the compiler copies it to where it is called.
func exp(x float64) float64 {
	if x < -708 {
		return 0
	}
	const round = 1<<52 + 1<<51
	t := x*(1/math.Ln2) + round
	r := x - (t-round)*math.Ln2
	r2 := r * r
	p := 1 + r + r2*(0.5+r*0.16666577025597942+r2*(0.04166655466204811+r*0.008363173074517234+r2*0.0013926176120140237))
	return p * math.Float64frombits((math.Float64bits(t)+1023)<<52)
}
