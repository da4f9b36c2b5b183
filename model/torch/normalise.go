//go:build torch && linux && cgo

package torch

import "github.com/sugarme/gotch/libtch"

// normaliser computes (x − mean) / std with libtorch's kernels, in place. A
// tensor in it is missing where the model has no such thing.
type normaliser struct {
	mean, std tensor
	same      *tensor // what an operator in place returns: its operand again
}

func newNormaliser(m *Model) (n normaliser, err error) {
	n.same = new(tensor)
	if n.mean, err = perFeature(m, m.spec.Input.Mean); err != nil {
		return n, err
	}
	n.std, err = perFeature(m, m.spec.Input.Std)
	return n, err
}

// perFeature makes a tensor of one value for all features or one for each.
func perFeature(m *Model, values []float64) (tensor, error) {
	if len(values) == 0 {
		return tensor{}, nil
	}
	singles := make([]float32, len(values))
	for i, x := range values {
		singles[i] = float32(x)
	}
	shape := []int64{1}
	if len(values) > 1 {
		shape = m.shape()
	}
	return tensorOf(singles, shape, m.device)
}

func (n *normaliser) apply(batch tensor) error {
	const doing = "normalising the batch"
	if n.mean.handle != nil {
		libtch.AtgSub_(&n.same.handle, batch.handle, n.mean.handle)
		if err := lastError(doing); err != nil {
			return err
		}
		n.same.free()
	}
	if n.std.handle != nil {
		libtch.AtgDiv_(&n.same.handle, batch.handle, n.std.handle)
		if err := lastError(doing); err != nil {
			return err
		}
		n.same.free()
	}
	return nil
}

func (n *normaliser) free() {
	n.mean.free()
	n.std.free()
}
