package shift

import "math"

// chiSquareTail is the probability that a χ² of df degrees of freedom is x or more:
// the finite sums for even and odd df (Abramowitz and Stegun, 26.4.4 and 26.4.5).
func chiSquareTail(x float64, df int) float64 {
	if x <= 0 {
		return 1
	}
	term, sum := math.Exp(-x/2), 0.0
	first := 2
	if df%2 == 1 {
		sum = math.Erfc(math.Sqrt(x / 2))
		term *= math.Sqrt(2 * x / math.Pi)
		first = 3
	}
	for k := first; k <= df; k += 2 {
		sum += term
		term *= x / float64(k)
	}
	return min(sum, 1)
}

// twoSided is the probability that a normal deviate is as far from zero as z.
func twoSided(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }

// logChoose is the logarithm of n over k.
func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// moreOf is the probability that, of t rows of one kind among the n + m rows of two
// samples, k or more are in the first: the upper tail of the hypergeometric
// distribution, which is Fisher's exact test of one side.
func moreOf(k, t, n, m int) float64 {
	most := min(t, n)
	if k <= max(0, t-m) {
		return 1
	}
	term := math.Exp(logChoose(n, k) + logChoose(m, t-k) - logChoose(n+m, t))
	sum := 0.0
	for ; k <= most; k++ {
		sum += term
		if term < sum*1e-16 {
			break
		}
		term *= float64(t-k) * float64(n-k) / (float64(k+1) * float64(m-t+k+1))
	}
	return min(sum, 1)
}

// rankTest compares two samples of ordered bins as a standard normal deviate: van der
// Waerden's test of normal scores, of mid-ranks, with the variance over all ways to deal
// the rows out (Lehmann, Nonparametrics, 1975, section 2.7). Of a normal number that has
// moved it loses nothing beside the t-test but what the bins take.
func rankTest(live, reference []int) (z float64) {
	var total, n float64
	for i := range live {
		total += float64(live[i] + reference[i])
		n += float64(live[i])
	}
	var before, sum, squares, has float64
	for i := range live {
		t := float64(live[i] + reference[i])
		if t == 0 {
			continue
		}
		score := math.Sqrt2 * math.Erfinv(2*(before+t/2)/total-1)
		before += t
		sum += t * score
		squares += t * score * score
		has += float64(live[i]) * score
	}
	variance := n * (total - n) / (total * (total - 1)) * (squares - sum*sum/total)
	if !(variance > 0) {
		return 0
	}
	return (has - n*sum/total) / math.Sqrt(variance)
}

// likelihoodRatio compares two samples of bins: the likelihood-ratio χ², G, with the
// correction of Williams (1976), and its degrees of freedom. Where bins are uneven its
// far tails are nearer to the truth than those of Pearson's χ². No bin may be empty in
// both.
func likelihoodRatio(live, reference []int) (g float64, df int) {
	var n, m, inverse float64
	for i := range live {
		n += float64(live[i])
		m += float64(reference[i])
		inverse += 1 / float64(live[i]+reference[i])
	}
	total := n + m
	if n == 0 || m == 0 || len(live) < 2 {
		return 0, 0
	}
	for i := range live {
		t := float64(live[i]+reference[i]) / total
		g += surprise(live[i], t*n) + surprise(reference[i], t*m)
	}
	df = len(live) - 1
	q := 1 + (total*inverse-1)*(total/n+total/m-1)/(6*total*float64(df))
	return 2 * g / q, df
}

func surprise(seen int, expected float64) float64 {
	if seen == 0 {
		return 0
	}
	return float64(seen) * math.Log(float64(seen)/expected)
}
