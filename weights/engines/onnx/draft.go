package onnx

import (
	"io/fs"
	"path"

	"penstock/model"
	"penstock/weights"
	"penstock/weights/onnx"
)

// draft takes what the graph says of a model, and what a person does.
func draft(folder fs.FS, file string, hints weights.Hints) (weights.Draft, error) {
	data, err := fs.ReadFile(folder, file)
	if err != nil {
		return weights.Draft{}, err
	}
	graph, err := onnx.Read(data)
	if err != nil {
		return weights.Draft{}, weights.Wrong("", "", "%w", err)
	}
	d := weights.Draft{
		Source: model.Source{Library: graph.Producer, Version: graph.ProducerVersion, Format: "ONNX"},
		Entry:  map[string]any{"file": file},
	}
	for _, name := range graph.External {
		d.Files = append(d.Files, path.Join(path.Dir(file), name))
	}
	if len(d.Files) > 0 {
		d.Entry["external"] = d.Files
	}
	if lowered, err := graph.Lower(); err == nil {
		d.Spec = model.Spec{Features: lowered.Features, Columns: lowered.Columns, Missing: lowered.Missing, Outputs: lowered.Outputs}
	} else if err := open(graph, &d, hints); err != nil {
		return weights.Draft{}, err
	}
	if hints.Features != 0 && hints.Features != d.Spec.Features {
		return weights.Draft{}, weights.Wrong("", "", "has %d features; --features says %d: leave the flag out", d.Spec.Features, hints.Features)
	}
	if len(hints.Classes) > 0 {
		named := model.OneOf(hints.Classes...)
		if width := d.Spec.Width(); len(d.Spec.Outputs) != 1 || named[0].Width != width {
			return weights.Draft{}, weights.Wrong("", "", "has %d scores; --classes names %d: name as many", width, len(hints.Classes))
		}
		d.Spec.Outputs = named
	}
	return d, nil
}

// open describes a model that was not lowered.
func open(graph *onnx.Graph, d *weights.Draft, hints weights.Hints) error {
	d.Spec.Features = 0
	for _, in := range graph.Inputs {
		if in.Elem == onnx.String {
			return weights.Wrong("", "", "takes strings for input %q; only a manifest can say which: see columns in docs/models.md", in.Name)
		}
		n := rowSize(in.Shape)
		if n == 0 {
			d.Spec.Features = hints.Features
			break
		}
		d.Spec.Features += n
	}
	if d.Spec.Features < 1 {
		return weights.Wrong("", "", "does not tell how many features a row has; give --features")
	}
	if len(hints.Classes) > 0 {
		d.Spec.Outputs = model.OneOf(hints.Classes...)
		return nil
	}
	scores, err := graph.Scores()
	if err != nil {
		return weights.Wrong("", "", "%w; give --classes, or say in a manifest what the outputs are", err)
	}
	n := rowSize(scores.Shape)
	if n == 0 {
		return weights.Wrong("", "", "does not tell how many scores a row has; give --classes, or a manifest for a model without classes")
	}
	d.Spec.Outputs = []model.Output{{Name: scores.Name, Kind: model.Vector, Width: n}}
	return nil
}

// rowSize is how many numbers a row of a tensor has, or 0 where that is not known.
func rowSize(shape []int64) int {
	const most = 1 << 24
	if shape == nil {
		return 0
	}
	n := int64(1)
	for _, d := range shape[min(1, len(shape)):] {
		if d < 1 || d > most || n*d > most {
			return 0
		}
		n *= d
	}
	return int(n)
}
