package measure

import (
	"math"

	"penstock/quality"
)

// Bin compares, for labelled rows of a range of confidence, how sure the model was
// with how often it was right.
type Bin struct {
	Count, Correct uint64
	Confidence     float64 // summed
}

// Bins is a reliability diagram: equally wide bins from 0 to 1, as in Guo et al., On
// Calibration of Modern Neural Networks, ICML 2017, section 2. A confidence on the
// border of two bins is in the upper one, and 1 is in the last.
type Bins [quality.CalibrationBins]Bin

// Add counts a labelled row. What is no probability, as NaN, is left out.
func (b *Bins) Add(confidence float32, correct bool) {
	if !(confidence >= 0 && confidence <= 1) {
		return
	}
	bin := &b[min(int(confidence*float32(len(b))), len(b)-1)]
	bin.Count++
	bin.Confidence += float64(confidence)
	if correct {
		bin.Correct++
	}
}

func (b *Bins) merge(other *Bins) {
	for k := range b {
		b[k].Count += other[k].Count
		b[k].Correct += other[k].Correct
		b[k].Confidence += other[k].Confidence
	}
}

// CalibrationError is the expected calibration error: the distance between confidence
// and accuracy of each bin, averaged over the labelled rows (Guo et al., equation 3).
// It is nil in an empty diagram.
func (b *Bins) CalibrationError() *float64 {
	var rows uint64
	var apart float64
	for _, bin := range b {
		rows += bin.Count
		apart += math.Abs(bin.Confidence - float64(bin.Correct))
	}
	return ratio(apart, rows)
}

// Floor is ECEFloor of the diagram; nil in an empty one.
func (b *Bins) Floor() *float64 {
	for _, bin := range b {
		if bin.Count > 0 {
			return finite(ECEFloor(b))
		}
	}
	return nil
}

// ECEFloor is the calibration error to expect of a model whose confidences are right:
// in bins of n rows, the share that is right is off by chance. Rows of a bin are taken
// to have its mean confidence m. Then the number X of right ones is binomial, and the
// floor is the mean over the rows of E|X/n − m|, for which De Moivre's closed form is
//
//	E|X − nm| = 2·k·C(n,k)·m^k·(1−m)^(n−k+1), with k = ⌊nm⌋ + 1
//
// (Diaconis and Zabell, Closed Form Summation for Classical Distributions, Statistical
// Science 6 (1991), section 1). It is 0 in an empty diagram.
func ECEFloor(b *Bins) float64 {
	var rows, apart float64
	for _, bin := range b {
		if bin.Count == 0 {
			continue
		}
		n := float64(bin.Count)
		rows += n
		apart += meanDeviation(n, bin.Confidence/n)
	}
	if rows == 0 {
		return 0
	}
	return apart / rows
}

// meanDeviation is E|X − nm| of a binomial X.
func meanDeviation(n, m float64) float64 {
	k := math.Floor(n*m) + 1
	if m <= 0 || k > n {
		return 0 // all rows are wrong, or right
	}
	return 2 * math.Exp(math.Log(k)+logChoose(n, k)+k*math.Log(m)+(n-k+1)*math.Log1p(-m))
}

// logChoose is the logarithm of n over k, for whole n ≥ k ≥ 0.
func logChoose(n, k float64) float64 {
	all, _ := math.Lgamma(n + 1)
	some, _ := math.Lgamma(k + 1)
	others, _ := math.Lgamma(n - k + 1)
	return all - some - others
}
