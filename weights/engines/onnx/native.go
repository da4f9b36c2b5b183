package onnx

import (
	"errors"
	"slices"

	"penstock/model"
	"penstock/weights"
	"penstock/weights/onnx"
)

// native makes of a file what the engines of this house run. Where they cannot, the
// error is an *onnx.CannotLower.
func native(about weights.About, logits bool, data []byte) (weights.Built, error) {
	graph, err := onnx.Read(data)
	if err != nil {
		return weights.Built{}, err
	}
	lowered, err := graph.Lower()
	if err != nil {
		return weights.Built{}, err
	}
	spec := about.Spec
	if err := agree(spec, lowered, logits); err != nil {
		return weights.Built{}, err
	}
	m, err := lowered.Model(spec, about.Temperature, logits)
	if err != nil {
		return weights.Built{}, err
	}
	return weights.Built{Model: m}, nil
}

// agree holds the manifest to the file.
func agree(spec model.Spec, l *onnx.Lowered, logits bool) error {
	if spec.Features != l.Features {
		return weights.Wrong(weights.Manifest, "features", "is %d; the file's inputs take %d", spec.Features, l.Features)
	}
	width := 0
	for _, o := range l.Outputs {
		width += o.Width
	}
	if spec.Width() != width {
		return weights.Wrong(weights.Manifest, "outputs", "have %d scores; the file's have %d", spec.Width(), width)
	}
	if !logits && (len(spec.Outputs) != len(l.Outputs) || !slices.EqualFunc(spec.Outputs, l.Outputs, sameScores)) {
		return &onnx.CannotLower{Problem: "the manifest's outputs are of other kinds than the file shows"}
	}
	for i := range min(len(spec.Columns), len(l.Columns)) {
		ours, theirs := spec.Columns[i], l.Columns[i]
		if theirs.Kind == model.Category && !slices.Equal(ours.Categories, theirs.Categories) {
			return weights.Wrong(weights.Manifest, "columns", "have for %q other categories than the file, or another order; expected %.300q", ours.Name, theirs.Categories)
		}
	}
	return nil
}

// sameScores tells whether scores mean the same, whatever they are called.
func sameScores(a, b model.Output) bool {
	number := func(k model.Kind) bool { return k == model.Values || k == model.Vector }
	return a.Width == b.Width && (a.Kind == b.Kind && len(a.Classes) == len(b.Classes) || number(a.Kind) && number(b.Kind))
}

// isCannot tells whether a file may still be one for ONNX Runtime.
func isCannot(err error) bool {
	_, cannot := errors.AsType[*onnx.CannotLower](err)
	return cannot
}
