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
// the scores of its outputs.
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
	case !slices.Contains(Activations(), l.Activation) && (l.Activation != Linked || !last):
		return fmt.Sprintf("has activation %q; expected one of %q", l.Activation, Activations())
	case !model.Finite(l.Weight) || !model.Finite(l.Bias):
		return "has a weight that is NaN or infinite; export the model again"
	case !last && l.Activation == Softmax:
		return "has a softmax before the last layer; only the last may have one"
	case last && l.Out != spec.Width():
		return fmt.Sprintf("is the last and gives %d scores; the model has %d", l.Out, spec.Width())
	case last:
		return l.endProblem(spec)
	}
	return ""
}

// endProblem returns why the last layer's activation does not make scores of the
// outputs, or "".
func (l Layer) endProblem(spec model.Spec) string {
	softmax, sigmoid, plain := links(spec)
	switch {
	case l.Activation == Linked:
	case softmax == 1 && len(spec.Outputs) == 1:
		if l.Activation != Softmax {
			return fmt.Sprintf("is the last of a classification and has activation %q; expected softmax, so that scores sum to one", l.Activation)
		}
	case l.Activation == Softmax && spec.Width() == 1 && plain == 1:
		return "is the last of a regression and has a softmax; its one score would always be 1"
	case l.Activation == Softmax:
		return "is the last and has a softmax over all scores, which no output asks for; expected one for each output: activation identity, and output logits"
	case sigmoid == len(spec.Outputs):
		if l.Activation != Sigmoid {
			return fmt.Sprintf("is the last and has activation %q; expected sigmoid, so that each score is a probability, or identity with output logits", l.Activation)
		}
	case plain != len(spec.Outputs):
		return fmt.Sprintf("is the last and has activation %q for outputs of several kinds; expected identity, and output logits, so that each gets its own", l.Activation)
	}
	return ""
}

// links counts the outputs by what makes scores of their logits.
func links(spec model.Spec) (softmax, sigmoid, plain int) {
	for _, o := range spec.Outputs {
		switch {
		case o.Kind == model.Class && o.Width > 1:
			softmax++
		case o.Kind == model.Class || o.Kind == model.Labels:
			sigmoid++
		default:
			plain++
		}
	}
	return softmax, sigmoid, plain
}

// end is how the last layer's activation is computed: by the kernel's own softmax
// where the only output is a class, and by the outputs' links where a temperature
// comes before a sigmoid.
func (l Layer) end(spec model.Spec, temperature float64) Activation {
	softmax, sigmoid, plain := links(spec)
	switch {
	case l.Activation == Linked && softmax == 1 && len(spec.Outputs) == 1:
		return Softmax
	case l.Activation == Linked && plain == len(spec.Outputs):
		return Identity
	case l.Activation == Sigmoid && sigmoid == len(spec.Outputs) && temperature != 1:
		return Linked
	}
	return l.Activation
}
