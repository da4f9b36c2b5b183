package onnx

import (
	"fmt"
	"slices"

	"penstock/model"
	"penstock/model/dense"
	"penstock/model/prepare"
	"penstock/model/trees"
)

// Model builds what was lowered. The spec is the manifest's: Features and widths as
// they are here, and kinds as in Outputs, or classes or labels where those are values
// and logits says that the outputs' links are to be applied to them.
// Its Engine is "onnx/dense" or "onnx/trees".
func (l *Lowered) Model(spec model.Spec, temperature float64, logits bool) (model.Model, error) {
	if spec.Features != l.Features || len(spec.Outputs) != 1 || spec.Width() != l.Outputs[0].Width {
		return nil, fmt.Errorf("has %d features and one output of %d scores; the manifest says %d, and %d outputs of %d scores",
			l.Features, l.Outputs[0].Width, spec.Features, len(spec.Outputs), spec.Width())
	}
	if first := l.Outputs[0]; !logits && spec.First().Kind != first.Kind && (spec.First().Kind != model.Vector || first.Kind != model.Values) {
		return nil, fmt.Errorf("has an output of kind %s; the manifest says %s", first.Kind, spec.First().Kind)
	}
	if logits && l.Outputs[0].Kind != model.Values {
		return nil, fmt.Errorf("has probabilities for an output, and no logits as the manifest says")
	}
	behind := model.Spec{Name: spec.Name, Version: spec.Version, Features: len(l.Program.Give), Outputs: slices.Clone(l.Behind)}
	if logits || l.Program.Finish == prepare.AsIs {
		behind.Outputs = spec.Outputs
	} else {
		behind.Outputs[0].Classes = spec.Outputs[0].Classes
	}
	outer := spec
	inner, err := l.behind(behind, temperature, logits)
	if err != nil {
		return nil, err
	}
	outer.Engine = "onnx/" + inner.Spec().Engine
	m, err := prepare.New(outer, l.Program, inner)
	if err != nil {
		inner.Close()
		return nil, err
	}
	return m, nil
}

func (l *Lowered) behind(spec model.Spec, temperature float64, logits bool) (model.Model, error) {
	if l.Forest != nil {
		if logits {
			return nil, fmt.Errorf("is a forest, whose sums are taken for no logits")
		}
		spec.Missing = true
		return trees.New(spec, l.Forest, temperature)
	}
	layers := slices.Clone(l.Layers)
	if logits {
		layers[len(layers)-1].Activation = dense.Linked
	}
	return dense.New(spec, layers, temperature)
}
