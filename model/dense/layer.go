package dense

import (
	"fmt"
	"slices"

	"penstock/model"
)

// Layer is one fully connected layer: y = activation(W·x + b).
type Layer struct {
	// Weight has Out × In values in PyTorch's layout: row o holds the weights
	// of output o.
	Weight []float32
	// Bias has Out values, or none.
	Bias       []float32
	In, Out    int
	Activation Activation
}

// maxWidth is how many inputs and outputs a layer may have: kernels count the
// bytes to an input's weights in 32 bits.
const maxWidth = 1 << 26

// LayerError says which layer does not fit, and how.
type LayerError struct {
	Model   string
	Layer   int // counted from 0
	Problem string
}

func (e *LayerError) Error() string {
	return fmt.Sprintf("model %q: layer %d: %s", e.Model, e.Layer, e.Problem)
}

// check proves that the layers turn a row of spec.Features values into
// spec.Outputs scores of the right kind.
func check(spec model.Spec, layers []Layer) error {
	if len(layers) == 0 {
		return &LayerError{Model: spec.Name, Problem: "is missing; a network needs at least one layer"}
	}
	width := spec.Features
	for i, l := range layers {
		last := i == len(layers)-1
		if problem := l.problem(width, last, spec); problem != "" {
			return &LayerError{Model: spec.Name, Layer: i, Problem: problem}
		}
		width = l.Out
	}
	return nil
}

// problem returns what is wrong with a layer that is fed width values, or "".
func (l Layer) problem(width int, last bool, spec model.Spec) string {
	switch {
	case l.In != width:
		return fmt.Sprintf("takes %d values but is given %d", l.In, width)
	case l.In < 1 || l.Out < 1 || l.In > maxWidth || l.Out > maxWidth:
		return fmt.Sprintf("is %d to %d; both must be at least 1 and at most %d", l.In, l.Out, maxWidth)
	case len(l.Weight)/l.Out != l.In || len(l.Weight)%l.Out != 0:
		return fmt.Sprintf("has %d weights; %d to %d needs their product", len(l.Weight), l.In, l.Out)
	case len(l.Bias) != 0 && len(l.Bias) != l.Out:
		return fmt.Sprintf("has %d biases; expected %d, or none", len(l.Bias), l.Out)
	case !slices.Contains(Activations(), l.Activation):
		return fmt.Sprintf("has activation %q; expected one of %q", l.Activation, Activations())
	case !model.Finite(l.Weight) || !model.Finite(l.Bias):
		return "has a weight that is NaN or infinite; export the model again"
	case !last && l.Activation == Softmax:
		return "has a softmax before the last layer; only the last may have one"
	case last && l.Out != spec.Width():
		return fmt.Sprintf("is the last and gives %d scores; the model has %d", l.Out, spec.Width())
	case last && spec.First().Kind == model.Class && l.Activation != Softmax:
		return fmt.Sprintf("is the last of a classification and has activation %q; expected softmax, so that scores sum to one", l.Activation)
	case last && spec.First().Kind == model.Values && l.Activation == Softmax:
		return "is the last of a regression and has a softmax; its one score would always be 1"
	}
	return ""
}
