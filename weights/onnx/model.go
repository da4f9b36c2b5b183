package onnx

import (
	"slices"

	"penstock/model"
	"penstock/model/dense"
	"penstock/model/prepare"
	"penstock/model/trees"
)

// Model builds what was lowered. The spec has its Features, and outputs of its widths
// and kinds; or, where logits says so, outputs whose links are still to be applied to
// the numbers that the graph ends in. Where there are no such numbers, the error is a
// *CannotLower. The model's Engine is "onnx/dense" or "onnx/trees".
func (l *Lowered) Model(spec model.Spec, temperature float64, logits bool) (model.Model, error) {
	if end := l.end(); logits && end != "" {
		return nil, &CannotLower{Problem: `output is "logits", but the graph ends in ` + end}
	}
	if logits && l.Forest != nil && len(spec.Outputs) != 1 { // a forest has one link
		return nil, &CannotLower{Problem: "a forest's logits are for several outputs"}
	}
	behind := model.Spec{Name: spec.Name, Version: spec.Version, Features: len(l.Program.Give), Outputs: l.Behind, Missing: l.Forest != nil}
	if l.Program.Finish == prepare.AsIs {
		behind.Outputs = spec.Outputs // with the names and thresholds of the manifest
	}
	inner, err := l.behind(behind, temperature, logits)
	if err != nil {
		return nil, err
	}
	spec.Engine = "onnx/" + inner.Spec().Engine
	m, err := prepare.New(spec, l.Program, inner)
	if err != nil {
		inner.Close()
		return nil, err
	}
	return m, nil
}

// end is what makes probabilities or the like of numbers, at the end of the graph;
// empty where there is nothing of that kind.
func (l *Lowered) end() string {
	switch {
	case l.Program.Finish != prepare.AsIs, l.Outputs[0].Kind != model.Values:
		return "probabilities"
	case l.Forest != nil:
		return string(l.Forest.Link.Kind)
	}
	if last := l.Layers[len(l.Layers)-1].Activation; last != dense.Identity {
		return string(last)
	}
	return ""
}

// behind is the network, or the forest.
func (l *Lowered) behind(spec model.Spec, temperature float64, logits bool) (model.Model, error) {
	if l.Forest != nil {
		forest := *l.Forest
		if logits {
			forest.Link.Kind = linkOf(spec.First())
		}
		return trees.New(spec, &forest, temperature)
	}
	layers := l.Layers
	if logits {
		layers = slices.Clone(layers)
		layers[len(layers)-1].Activation = dense.Linked
	}
	return dense.New(spec, layers, temperature)
}

// linkOf is what makes an output's scores of logits.
func linkOf(o model.Output) trees.LinkKind {
	switch {
	case o.Kind == model.Labels, o.Kind == model.Class && o.Width == 1:
		return trees.LinkSigmoid
	case o.Kind == model.Class:
		return trees.LinkSoftmax
	}
	return trees.LinkNone
}
