package trees

import (
	"slices"

	"penstock/model"
	"penstock/model/trees"
	"penstock/weights"
)

// agree holds what the manifest says of the model to what its file says.
func agree(spec model.Spec, p trees.Parsed) error {
	differs := func(field, format string, args ...any) error {
		return weights.Wrong(weights.Manifest, field, format, args...)
	}
	if spec.Features != p.Forest.Features {
		return differs("features", "is %d; the file's model has %d", spec.Features, p.Forest.Features)
	}
	if len(spec.Outputs) != len(p.Outputs) {
		return differs("outputs", "has %d entries; the file's model has %d", len(spec.Outputs), len(p.Outputs))
	}
	for i, theirs := range p.Outputs {
		ours := spec.Outputs[i]
		if ours.Width != theirs.Width {
			return differs("outputs", "have %d scores in %q; the file's model gives %d", ours.Width, ours.Name, theirs.Width)
		}
		if ours.Kind != theirs.Kind && !(numbers(ours.Kind) && numbers(theirs.Kind)) {
			return differs("outputs", "have a %q in %q; the file's model gives a %q", ours.Kind, ours.Name, theirs.Kind)
		}
		if len(ours.Classes) != len(theirs.Classes) {
			return differs("outputs", "have %d classes in %q; the file's model tells %d apart", len(ours.Classes), ours.Name, len(theirs.Classes))
		}
	}
	return agreeOnColumns(spec, p, differs)
}

// numbers reports whether scores of a kind are numbers that mean no probability.
func numbers(k model.Kind) bool { return k == model.Values || k == model.Vector }

// agreeOnColumns is strict about categories, whose order is the model's. A manifest
// may call columns and categories by other names than a file whose categories have
// only numbers.
func agreeOnColumns(spec model.Spec, p trees.Parsed, differs func(field, format string, args ...any) error) error {
	for i := range min(len(spec.Columns), len(p.Columns)) {
		ours, theirs := spec.Columns[i], p.Columns[i]
		if ours.Kind != model.Category || theirs.Kind != model.Category || theirs.Unknown == model.Own {
			continue
		}
		if !slices.Equal(ours.Categories, theirs.Categories) {
			return differs("columns", "have for %q other categories than the file, or another order; expected %q", ours.Name, theirs.Categories[:min(len(theirs.Categories), 20)])
		}
	}
	return nil
}
