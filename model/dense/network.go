// Package dense runs a multilayer perceptron: fully connected layers, each
// followed by an activation.
//
// New checks that the layers chain, works the input's normalisation into the
// first of them, where that loses nothing, and packs the weights for the kernel that multiplies; sessions
// share the result and allocate nothing while they predict.
//
// A row's scores are the same bits whatever batch it is in. They may differ in
// the last bits between kernels, and between kinds of processor.
package dense

import (
	"fmt"
	"math"
	"slices"

	"penstock/model"
)

// Network is a trained perceptron, ready to be shared by workers. It
// implements model.Model.
type Network struct {
	spec        model.Spec
	kernel      kernel
	layers      []packed
	temperature float64
	// normaliser is nil when the input's normalisation was worked into the first
	// layer, or there is none.
	normaliser *normaliser
	widest     int // values per row that the scratch must hold
}

type packed struct {
	product
	out        int
	activation Activation // that multiply leaves to do
}

// New builds a network from layers in PyTorch's layout, which it copies; it
// keeps the spec's slices. A model of one class ends in Softmax, one of labels in
// Sigmoid, and any other may end in Linked. Logits of classes are divided by
// temperature first (see model.Spec.Link); without a class it is 1.
//
// Where a feature may be missing, the spec must say what stands for it: a sum
// with NaN is none. Whoever calls Predict puts it there.
//
// Errors are a *model.SpecError for the spec and the temperature, and a
// *LayerError for a layer.
func New(spec model.Spec, layers []Layer, temperature float64) (*Network, error) {
	return build(spec, layers, temperature, kernels()[0])
}

func build(spec model.Spec, layers []Layer, temperature float64, k kernel) (*Network, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if err := checkTemperature(spec, temperature); err != nil {
		return nil, err
	}
	if spec.AnyMissing() && len(spec.Input.Fill) == 0 {
		return nil, &model.SpecError{Model: spec.Name, Field: "input.fill",
			Problem: "is missing, and features may be; a network needs a number in the place of each"}
	}
	if err := check(spec, layers); err != nil {
		return nil, err
	}
	n := &Network{spec: spec, kernel: k, temperature: temperature}
	n.spec.Engine = "dense"
	for i, l := range layers {
		if i == 0 && spec.Input.Normalised() {
			folded, ok := fold(l, spec)
			if l = folded; !ok {
				n.normaliser = newNormaliser(spec)
			}
		}
		if i == len(layers)-1 {
			l.Activation = l.end(spec, temperature)
		}
		p, activated := k.pack(l)
		if activated {
			l.Activation = Identity
		}
		n.layers = append(n.layers, packed{p, l.Out, l.Activation})
		n.widest = max(n.widest, l.Out)
	}
	if n.normaliser != nil {
		n.widest = max(n.widest, spec.Features)
	}
	return n, nil
}

func checkTemperature(spec model.Spec, temperature float64) error {
	var problem string
	switch {
	case math.IsNaN(temperature) || math.IsInf(temperature, 0) || temperature <= 0:
		problem = "expected a finite number above zero"
	case temperature != 1 && !slices.ContainsFunc(spec.Outputs, func(o model.Output) bool { return o.Kind == model.Class }):
		problem = "a model without classes, such as a regression, has no probabilities to calibrate; expected 1"
	default:
		return nil
	}
	return &model.SpecError{Model: spec.Name, Field: "calibration.temperature",
		Problem: fmt.Sprintf("is %v; %s", temperature, problem)}
}

// Spec describes the model; its Engine is "dense".
func (n *Network) Spec() model.Spec { return n.spec }

// Kernel names the code that computes: "avx512", "avx2" or "gonum".
func (n *Network) Kernel() string { return n.kernel.name }

// Pinned is false: a session may move between threads.
func (n *Network) Pinned() bool { return false }

// Close has nothing to free: the weights are ordinary memory.
func (n *Network) Close() error { return nil }
