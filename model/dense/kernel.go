package dense

import "penstock/model"

//go:generate env GOWORK=off go run -C avo . ..

// product is one layer's weights, laid out for the code that multiplies them.
//
// multiply computes, for each of rows rows, of which there is at least one,
//
//	dst[r·out+o] = bias[o] + Σ_i weight[o·in+i] · src[r·in+i]
//
// and then the layer's activation, if pack said so.
//
// It overwrites dst, keeps neither slice, allocates nothing, starts no
// goroutine and may be called by many sessions at once, each with a workspace
// of its own. The order in which it adds up one row must not depend on rows, on
// the workspace, on the row's place in the batch or on where the slices lie in
// memory: that is what makes a row's scores the same bits in every batch. It
// may leave out inputs that are zero, and so change the sign of a sum that is.
type product interface {
	multiply(dst, src []float32, rows int, w *workspace)
}

// kernel is one way to compute. A new one is added to kernels, and the tests
// then hold it to gonum's results.
type kernel struct {
	name string
	// pack lays out a layer, which it copies. activated says that multiply
	// applies the layer's activation as well.
	pack func(l Layer) (p product, activated bool)
	// softmax writes into dst what model.Softmax makes of each row of width
	// logits in src, to within the last bits. dst and src do not overlap. Like
	// multiply, it does the same to a row in every batch.
	softmax func(dst, src []float32, width int, temperature float64)
}

// kernels returns what this machine can run, fastest first. gonum comes last:
// it runs everywhere and is the reference for the others.
func kernels() []kernel {
	return append(vectorKernels(), gonumKernel)
}

// gonumKernel runs everywhere.
var gonumKernel = kernel{"gonum", packGonum, softmaxRows}

func softmaxRows(dst, src []float32, width int, temperature float64) {
	copy(dst, src)
	for ; len(dst) > 0; dst = dst[width:] {
		model.Softmax(dst[:width], temperature)
	}
}
