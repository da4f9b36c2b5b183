package dense

import (
	"math"

	"penstock/model"
)

// foldLimit is how many standard deviations the mean of a feature may lie from
// zero for folding to be safe. Beyond it (air pressure: 101,325 ± 10) the
// folded sum would subtract large numbers that nearly cancel, in float32.
const foldLimit = 32

// fold works x' = (x − mean)/std into a layer, in float64, so that serving
// costs nothing and a zero in the input stays a zero that the kernel may skip:
//
//	W'[o][i] = W[o][i]/std[i]        b'[o] = b[o] − Σ W[o][i]·mean[i]/std[i]
//
// It reports false, and changes nothing, where that would lose precision or
// leave float32's range; rows must then be normalised one by one.
func fold(l Layer, in model.Input) (Layer, bool) {
	for i := range l.In {
		if mean, std := in.At(i); math.Abs(mean) > foldLimit*std {
			return l, false
		}
	}
	folded := l
	folded.Weight, folded.Bias = make([]float32, len(l.Weight)), make([]float32, l.Out)
	for o := range l.Out {
		bias := 0.0
		if len(l.Bias) > 0 {
			bias = float64(l.Bias[o])
		}
		for i := range l.In {
			mean, std := in.At(i)
			w := float64(l.Weight[o*l.In+i]) / std
			folded.Weight[o*l.In+i] = float32(w)
			bias -= w * mean
		}
		folded.Bias[o] = float32(bias)
	}
	if !model.Finite(folded.Weight) || !model.Finite(folded.Bias) {
		return l, false
	}
	return folded, true
}

// normalise writes (x − mean)/std of one row into dst.
func normalise(dst, row []float32, in model.Input) {
	for i, x := range row {
		mean, std := in.At(i)
		dst[i] = float32((float64(x) - mean) / std)
	}
}
