package model

import "math"

// Link turns one row of raw numbers, the logits of all outputs one after the other,
// into scores, in place: a Class of several by Softmax with the temperature, a Class
// of two by one sigmoid of logit/T, Labels by a sigmoid each; numbers stay as they
// are. It is every engine's, so that a bundle gives the same scores whichever runs
// it.
func (s Spec) Link(row []float32, temperature float64) {
	for _, o := range s.Outputs {
		scores := row[:o.Width]
		row = row[o.Width:]
		switch {
		case o.Kind == Class && o.Width > 1:
			Softmax(scores, temperature)
		case o.Kind == Class:
			scores[0] = Sigmoid(float64(scores[0]) / temperature)
		case o.Kind == Labels:
			for i, x := range scores {
				scores[i] = Sigmoid(float64(x))
			}
		}
	}
}

// Sigmoid is 1/(1+e⁻ˣ), rounded once.
func Sigmoid(x float64) float32 { return float32(1 / (1 + math.Exp(-x))) }
