//go:build torch && linux && cgo

package torch

// #include "native.h"
import "C"

import "penstock/model"

// normaliser computes (x − mean) / std. Its slices have a value for each
// feature, or are nil where the model has neither.
type normaliser struct{ mean, std []float32 }

func newNormaliser(spec *model.Spec) (n normaliser) {
	if !spec.Input.Normalised() {
		return n
	}
	n.mean, n.std = make([]float32, spec.Features), make([]float32, spec.Features)
	for i := range n.mean {
		mean, std := spec.Rest(i)
		n.mean[i], n.std[i] = float32(mean), float32(std)
	}
	return n
}

// apply copies rows and normalises them on the way.
func (n normaliser) apply(to, from []float32) {
	if n.mean == nil {
		copy(to, from)
		return
	}
	C.penstock_torch_normalise((*C.float)(&to[0]), (*C.float)(&from[0]), (*C.float)(&n.mean[0]), (*C.float)(&n.std[0]),
		C.int(len(from)/len(n.mean)), C.int(len(n.mean)))
}
