package model

import "math"

// Rows are float32, and so may be what an engine does with them: what it divides
// by must be a normal number.
const smallest = 0x1p-126 // the smallest normal float32

type complain = func(field, problem string, args ...any) error

func (in Input) validate(features int, bad complain) error {
	if err := in.validateScale(bad); err != nil {
		return err
	}
	for _, v := range []struct {
		name   string
		values []float64
	}{{"input.mean", in.Mean}, {"input.std", in.Std}, {"input.fill", in.Fill}} {
		if n := len(v.values); n > 1 && n != features {
			return bad(v.name, "has %d entries; expected 1 or %d (one per feature)", n, features)
		}
		for i, x := range v.values {
			if !finite(x) || math.Abs(x) > math.MaxFloat32 {
				return bad(v.name, "entry %d is %v; expected a finite number that float32 can hold", i, x)
			}
		}
	}
	for i, x := range in.Std {
		if x <= 0 {
			return bad("input.std", "entry %d is %v; expected a number above zero", i, x)
		}
		if x < smallest {
			return bad("input.std", "entry %d is %v; expected at least %.3g, which float32 can divide by", i, x, smallest)
		}
	}
	return in.validateRange(bad)
}

// farMean is how many standard deviations from zero a mean is far. Rounding to
// float32 at one deviation from zero moves a feature by up to 2⁻²⁵ of it, as
// much as any engine loses; at more it is worth the time to read it as float64.
const farMean = 1

// FarMeans returns what to take off each feature, as Spec.Shift, while it is
// still a decimal number: its mean where that is far from zero beside the
// standard deviation, else 0. A Unix time of 1,732,212,000 ± 100 has a float32
// only every 128. It is nil where no mean is far.
func (in Input) FarMeans(features int) []float64 {
	var shift []float64
	for i := range features {
		mean, std := in.At(i)
		if !(math.Abs(mean) > farMean*std) {
			continue
		}
		if shift == nil {
			shift = make([]float64, features)
		}
		shift[i] = mean
	}
	return shift
}

// maxByte is the largest value of a uint8 frame.
const maxByte = 255

func (in Input) validateScale(bad complain) error {
	x := in.Uint8Scale
	if !finite(x) || x < 0 {
		return bad("input.uint8_scale", "is %v; expected a finite number that is not negative", x)
	}
	if x != 0 && (x < smallest || x > math.MaxFloat32/maxByte) {
		return bad("input.uint8_scale", "is %v; expected 0, or %.3g to %.3g, so that float32 can hold every byte times it",
			x, smallest, math.MaxFloat32/maxByte)
	}
	return nil
}

// validateRange sees that zero and the largest byte are numbers still once they
// are normalised.
func (in Input) validateRange(bad complain) error {
	for i := range max(len(in.Mean), len(in.Std)) {
		mean, std := in.At(i)
		for _, x := range []float64{0, maxByte * in.Uint8Scale} {
			if normal := (x - mean) / std; math.Abs(normal) > math.MaxFloat32 {
				return bad("input.std", "entry %d is %v; with a mean of %v, an input of %v becomes %.3g, which float32 cannot hold",
					i, std, mean, x, normal)
			}
		}
	}
	return nil
}
