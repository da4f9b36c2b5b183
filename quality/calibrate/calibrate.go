// Package calibrate makes the confidence of a model as high as the share of its
// answers that are right.
//
// Its contract: a Calibrator keeps the order of confidences, so that it changes no
// answer; and a Fitter that sees nothing but a calibrated model leaves it alone. It
// looks at the confidence in the most likely answer and at whether that was right,
// and knows no classes, models or time. It fits lines with at most three numbers:
// isotonic regression wants more rows than a window has.
package calibrate

import (
	"fmt"
	"math"
)

// Kind is the family of a Calibrator.
type Kind uint8

const (
	// Identity leaves confidences as they are.
	Identity Kind = iota
	// Temperature divides the log odds by one number (Guo et al., On Calibration of
	// Modern Neural Networks, ICML 2017, section 4.2, for two outcomes).
	Temperature
	// Beta is a line through ln p and −ln(1−p) (Kull, Silva Filho and Flach, Beta
	// calibration, AISTATS 2017, equation 1).
	Beta
)

func (k Kind) String() string {
	switch k {
	case Identity:
		return "identity"
	case Temperature:
		return "temperature"
	case Beta:
		return "beta"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Calibrator maps the confidence of a model to one that is right as often as it
// says: p becomes
//
//	1 / (1 + exp(−(A·ln p − B·ln(1−p) + C)))
//
// A and B are not negative, and of a Temperature both are one over it, and C is 0.
// A Calibrator does not change; nil and the zero value are the identity.
type Calibrator struct {
	Kind    Kind
	A, B, C float64
}

// tiny is half of what a float32 below 1 lacks at least: what a confidence of 1 is
// taken to lack.
const tiny = 1.0 / (1 << 25)

// Apply returns the calibrated confidence, in [0,1] and not falling with p. What is
// not in [0,1] is taken for the nearer end; NaN stays NaN.
func (c *Calibrator) Apply(p float32) float32 {
	if c == nil || c.Kind == Identity {
		return p
	}
	x := float64(p)
	if c.Kind == Temperature {
		x = min(max(x, tiny), 1-tiny)
		return float32(1 / (1 + math.Exp(-c.A*math.Log(x/(1-x)))))
	}
	return float32(1 / (1 + math.Exp(-c.logOdds(logarithms(x)))))
}

// logarithms are ln p and −ln(1−p).
func logarithms(p float64) (of, ofRest float64) {
	p = min(max(p, 0), 1)
	return math.Log(max(p, tiny)), -math.Log(max(1-p, tiny))
}

func (c *Calibrator) logOdds(of, ofRest float64) float64 {
	if c.Kind == Identity {
		return of + ofRest
	}
	return c.A*of + c.B*ofRest + c.C
}

// Parameters are the numbers that the literature gives: none, the temperature, or
// a, b and c of beta calibration.
func (c *Calibrator) Parameters() []float64 {
	switch {
	case c == nil || c.Kind == Identity:
		return []float64{}
	case c.Kind == Temperature:
		return []float64{1 / c.A}
	}
	return []float64{c.A, c.B, c.C}
}

// String is for people.
func (c *Calibrator) String() string {
	switch {
	case c == nil || c.Kind == Identity:
		return "as the model gives it"
	case c.Kind == Temperature:
		return fmt.Sprintf("temperature %.3g", 1/c.A)
	}
	return fmt.Sprintf("beta a=%.3g b=%.3g c=%.3g", c.A, c.B, c.C)
}
