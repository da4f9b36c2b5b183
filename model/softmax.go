package model

import "math"

// Softmax turns one row of logits into probabilities, in place:
//
//	score[i] = exp(logit[i]/T) / Σ exp(logit[j]/T)
//
// T is the temperature, a finite number above zero, which calibrates
// confidence: above one it lowers confidence, below one it raises it (Guo,
// Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML
// 2017, section 4.2). It is every engine's softmax, so that a bundle gives the
// same scores whichever engine runs it; where model/dense has vector
// instructions for it, these agree to within the last bits.
//
// The largest logit is subtracted first, so nothing overflows. A logit that is
// NaN or +Inf makes the whole row NaN: the caller sees that the model failed.
func Softmax(row []float32, temperature float64) {
	top := math.Inf(-1)
	for _, x := range row {
		if x := float64(x); x > top { // max would do the same, slower
			top = x
		}
	}
	sum := 0.0
	for i, x := range row {
		scaled := float64(x) - top
		if temperature != 1 {
			scaled /= temperature
		}
		e := exp(scaled)
		row[i] = float32(e)
		sum += e
	}
	scale := 1 / sum
	for i, e := range row {
		row[i] = float32(float64(e) * scale)
	}
}

// Temper recalibrates one row of probabilities, in place, for engines that
// return probabilities instead of logits: p^(1/T) / Σ p^(1/T), which is
// Softmax of the logits they came from. At T = 1 it does nothing.
func Temper(row []float32, temperature float64) {
	if temperature == 1 {
		return
	}
	for i, p := range row {
		row[i] = float32(math.Log(float64(p)))
	}
	Softmax(row, temperature)
}
