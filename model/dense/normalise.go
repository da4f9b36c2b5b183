package dense

import (
	"math"

	"penstock/model"
)

// Folding makes each sum begin at −Σ W·mean/std, and come back from there: what
// float32 rounds on the way is in the score, even where all that should be left
// of the sum is nothing. So it must not be a long way beside Σ |W|, which is how
// much features one deviation from their means amount to.
const (
	// foldLimit is how long, beside it.
	foldLimit = 0.5
	// foldError is how far, beside it, the row of all means may be from what it
	// should be.
	foldError = 1e-6
)

// fold works x' = (x − mean)/std into a layer, in float64, so that serving
// costs nothing and a zero in the input stays a zero that the kernel may skip:
//
//	W'[o][i] = W[o][i]/std[i]        b'[o] = b[o] − Σ W[o][i]·mean[i]/std[i]
//
// It reports false, and changes nothing, where that would lose precision or
// leave float32's range; rows must then be normalised one by one.
func fold(l Layer, spec model.Spec) (Layer, bool) {
	folded := l
	folded.Weight, folded.Bias = make([]float32, len(l.Weight)), make([]float32, l.Out)
	for o := range l.Out {
		weight := folded.Weight[o*l.In:][:l.In]
		bias := 0.0
		if len(l.Bias) > 0 {
			bias = float64(l.Bias[o])
		}
		size, way, start := 0.0, 0.0, bias
		for i, w := range l.Weight[o*l.In:][:l.In] {
			mean, std := spec.Rest(i)
			scaled := float64(w) / std
			if weight[i] = float32(scaled); !keeps(weight[i], scaled) {
				return l, false
			}
			size += math.Abs(float64(w))
			way += math.Abs(scaled * mean)
			start -= scaled * mean
		}
		folded.Bias[o] = float32(start)
		if way > foldLimit*size || way > 0 && !(meansError(weight, folded.Bias[o], bias, spec) <= foldError*(size+math.Abs(bias))) {
			return l, false
		}
	}
	return folded, model.Finite(folded.Bias)
}

// keeps reports whether a float32 has all its digits of a number: it is neither
// infinite nor below the normal ones.
func keeps(got float32, want float64) bool {
	const smallestNormal = 0x1p-126
	size := math.Abs(float64(got))
	return want == 0 || size >= smallestNormal && size <= math.MaxFloat32
}

// meansError returns by how much a folded output misses for the row that has the
// mean in every feature, summed up as kernels do it: in float32 and in order.
func meansError(weight []float32, start float32, bias float64, spec model.Spec) float64 {
	sum, want := start, bias
	for i, w := range weight {
		mean, _ := spec.Rest(i)
		x := float32(mean)
		sum = float32(float64(w)*float64(x) + float64(sum))
		want += float64(w) * (float64(x) - mean)
	}
	return math.Abs(float64(sum) - want)
}

// normaliser computes (x − mean)/std in float64. It has an entry per feature.
type normaliser struct{ mean, scale []float64 }

func newNormaliser(spec model.Spec) *normaliser {
	n := &normaliser{make([]float64, spec.Features), make([]float64, spec.Features)}
	for i := range n.mean {
		mean, std := spec.Rest(i)
		n.mean[i], n.scale[i] = mean, 1/std
	}
	return n
}

// apply writes one row, normalised, into dst.
func (n *normaliser) apply(dst, row []float32) {
	mean, scale := n.mean[:len(row)], n.scale[:len(row)]
	dst = dst[:len(row)]
	for i, x := range row {
		dst[i] = float32((float64(x) - mean[i]) * scale[i])
	}
}
