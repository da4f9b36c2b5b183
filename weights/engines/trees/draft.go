package trees

import (
	"io/fs"

	"penstock/model"
	"penstock/weights"
)

// draft reads a model file for what a manifest would say of it.
func draft(folder fs.FS, file string, hints weights.Hints) (weights.Draft, error) {
	data, err := fs.ReadFile(folder, file)
	if err != nil {
		return weights.Draft{}, err
	}
	f, err := find("", data)
	if err != nil {
		return weights.Draft{}, err
	}
	parsed, err := f.read(data, nil)
	if err != nil {
		return weights.Draft{}, err
	}
	if hints.Features != 0 && hints.Features != parsed.Forest.Features {
		return weights.Draft{}, weights.Wrong("", "", "has %d features; --features says %d: leave the flag out", parsed.Forest.Features, hints.Features)
	}
	spec := model.Spec{Features: parsed.Forest.Features, Outputs: parsed.Outputs, Columns: parsed.Columns, Missing: parsed.Missing}
	if len(hints.Classes) > 0 {
		if err := rename(&spec.Outputs[0], hints.Classes); err != nil {
			return weights.Draft{}, err
		}
	}
	return weights.Draft{Spec: spec, Source: parsed.Source, Entry: map[string]any{"file": file, "format": f.name}}, nil
}

// rename gives an output's classes other names.
func rename(o *model.Output, classes []string) error {
	switch n := len(o.Classes); {
	case n == 0:
		return weights.Wrong("", "", "predicts numbers; --classes is for a model that tells classes apart: leave the flag out")
	case n != len(classes):
		return weights.Wrong("", "", "tells %d classes apart; --classes names %d: name each once, in the order of the numbers that the model was trained with", n, len(classes))
	}
	o.Classes = classes
	return nil
}
