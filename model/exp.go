package model

import "math"

// exp returns eˣ for x that is not above zero, with a relative error below
// 7e-9. It is for scores, which keep 24 bits: math.Exp keeps 53 and took half
// of a small network's time. Below −708, where eˣ is too small for any float32,
// it returns 0; NaN stays NaN.
//
// With k the integer nearest to x/ln 2 and r = x − k·ln 2, eˣ is 2ᵏ·eʳ. As |r|
// is at most ln 2/2, a polynomial serves for eʳ: 1 + r + r²·q(r), where q meets
// (eʳ − 1 − r)/r² in ln 2/2 · cos(i·π/4) for i from 0 to 4, the extrema of a
// Chebyshev polynomial (Trefethen, "Approximation Theory and Approximation
// Practice", SIAM 2013, chapter 2). They include the ends, so eˣ does not jump
// where k changes: a larger logit never gets a smaller score. Adding 1.5·2⁵²
// rounds to an integer, which the sum's low bits then hold.
//
// The vector instructions of model/dense compute the same polynomial.
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
	p := 1 + r + r2*(0.5+r*0.16666523181133777+r2*(0.04166648739947962+r*0.008369150982490723+r2*0.0013933643522488035))
	return p * math.Float64frombits((math.Float64bits(t)+1023)<<52)
}
