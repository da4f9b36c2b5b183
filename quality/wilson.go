package quality

import "math"

// z95 is the 97.5 % quantile of the standard normal distribution: 2.5 % are
// left out on either side.
const z95 = 1.959963984540054

// z999 is the 99.9 % quantile: one in a thousand is left out on one side.
const z999 = 3.090232306167813

// Wilson returns the 95 % score interval of a proportion, within [0,1], after
// n trials of which correct succeeded. Unlike the textbook interval it neither
// collapses to a point at 0 or n successes nor leaves [0,1]. With n = 0 it is
// [0,1]: nothing is known. More successes than trials count as n.
//
// E. B. Wilson, Probable Inference, the Law of Succession, and Statistical
// Inference, JASA 22 (1927), 209–212. With p = correct/n the bounds are
//
//	(p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)
func Wilson(correct, n uint64) (lo, hi float64) { return wilson(correct, n, z95) }

// UpperBound is the highest proportion that is likely, by the same formula: 99.9 %
// of the time the true one is below it. It is 1 with n = 0.
func UpperBound(correct, n uint64) float64 {
	_, hi := wilson(correct, n, z999)
	return hi
}

func wilson(correct, n uint64, z float64) (lo, hi float64) {
	if n == 0 {
		return 0, 1
	}
	correct = min(correct, n)
	trials := float64(n)
	p := float64(correct) / trials
	zz := z * z / trials
	centre := (p + zz/2) / (1 + zz)
	half := z * math.Sqrt(p*(1-p)/trials+zz/(4*trials)) / (1 + zz)
	lo, hi = max(0, centre-half), min(1, centre+half)
	// Rounding must not keep the extremes off their exact bounds.
	if correct == 0 {
		lo = 0
	}
	if correct == n {
		hi = 1
	}
	return lo, hi
}
