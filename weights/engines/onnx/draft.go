package onnx

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"

	"penstock/model"
	runtime "penstock/model/onnx"
	"penstock/weights"
	"penstock/weights/onnx"
)

// draft takes what the file says of itself, where the engines of this house can run
// it; else what it says of its inputs and outputs, and what a person does.
func (o Options) draft(folder fs.FS, file string, hints weights.Hints) (weights.Draft, error) {
	data, err := fs.ReadFile(folder, file)
	if err != nil {
		return weights.Draft{}, err
	}
	graph, err := onnx.Read(data)
	if err != nil {
		return weights.Draft{}, err
	}
	d := weights.Draft{
		Source: model.Source{Library: graph.Producer, Version: graph.ProducerVersion, Format: "ONNX"},
		Entry:  map[string]any{"file": file},
	}
	for _, external := range graph.External {
		d.Files = append(d.Files, path.Join(path.Dir(file), external))
	}
	if len(d.Files) > 0 {
		d.Entry["external"] = d.Files
	}
	lowered, why := graph.Lower()
	if why == nil {
		d.Spec = model.Spec{Features: lowered.Features, Outputs: lowered.Outputs, Columns: lowered.Columns, Missing: lowered.Missing}
	} else if d.Spec, d.Shape, err = open(graph, hints); err != nil {
		return d, fmt.Errorf("%w (it is one for ONNX Runtime, since %w)", err, why)
	}
	if hints.Features != 0 && hints.Features != d.Spec.Features {
		return d, weights.Wrong("", "", "has %d features; --features says %d: leave the flag out", d.Spec.Features, hints.Features)
	}
	if len(hints.Classes) == 0 {
		return d, nil
	}
	return d, name(&d, hints.Classes)
}

// name makes classes of the scores.
func name(d *weights.Draft, classes []string) error {
	o := &d.Spec.Outputs[0]
	switch {
	case len(o.Classes) == len(classes):
		o.Classes = classes
	case len(o.Classes) == 0 && (o.Width == len(classes) || o.Width == 1 && len(classes) == 2):
		// Numbers that mean no probabilities are taken for logits.
		o.Kind, o.Classes = model.Class, classes
		d.Entry["output"] = "logits"
	case len(o.Classes) == 0:
		return weights.Wrong("", "", "has %d scores; --classes names %d", o.Width, len(classes))
	default:
		return weights.Wrong("", "", "tells %d classes apart; --classes names %d: name each once, in the order of its scores", len(o.Classes), len(classes))
	}
	return nil
}

// open describes a graph by its inputs and outputs alone.
func open(g *onnx.Graph, hints weights.Hints) (spec model.Spec, shape []int, err error) {
	for _, in := range g.Inputs {
		count := 1
		var row []int
		for i, dimension := range in.Shape {
			switch {
			case i == 0:
			case dimension < 0 && len(g.Inputs) == 1 && hints.Features > 0 && len(in.Shape) == 2:
				dimension = int64(hints.Features)
				fallthrough
			case dimension > 0:
				row = append(row, int(dimension))
				if count *= int(dimension); count > maxFeatures {
					return spec, nil, weights.Wrong("", "", "has an input %q of %v, which is too large", in.Name, in.Shape)
				}
			default:
				return spec, nil, weights.Wrong("", "", "has an input %q of shape %v, which leaves open how many numbers a row has: give --features, or a manifest with input.shape", in.Name, in.Shape)
			}
		}
		if in.Elem == onnx.String {
			return spec, nil, weights.Wrong("", "", "has an input %q of texts: a manifest must name the categories of its columns", in.Name)
		}
		if len(g.Inputs) == 1 && len(row) > 1 {
			shape = row
		}
		if len(g.Inputs) > 1 {
			spec.Columns = append(spec.Columns, columns(in.Name, count)...)
		}
		spec.Features += count
	}
	scores := scoresOf(g)
	if len(scores) == 0 {
		return spec, nil, weights.Wrong("", "", "has no output of numbers")
	}
	for _, out := range scores {
		width := 1
		for i, dimension := range out.Shape {
			if i == 0 {
				continue
			}
			if dimension < 1 || width > maxFeatures {
				return spec, nil, weights.Wrong("", "", "has an output %q of shape %v, which leaves open how many scores a row has: write a manifest", out.Name, out.Shape)
			}
			width *= int(dimension)
		}
		o := model.Output{Name: out.Name, Kind: model.Values, Width: width}
		if len(scores) == 1 {
			o.Name = model.PredictionName
			if width > 1 && g.EndsInSoftmax(out.Name) {
				o.Kind = model.Class
				for i := range width {
					o.Classes = append(o.Classes, strconv.Itoa(i))
				}
			}
		}
		spec.Outputs = append(spec.Outputs, o)
	}
	return spec, shape, nil
}

const maxFeatures = 1 << 20

func columns(name string, count int) (all []model.Column) {
	if count == 1 {
		return []model.Column{{Name: name, Kind: model.Number}}
	}
	for i := range count {
		all = append(all, model.Column{Name: fmt.Sprintf("%s %d", name, i), Kind: model.Number})
	}
	return all
}

// scoresOf are the outputs that ONNX Runtime's are read from, as model/onnx chooses
// them: those with fractions.
func scoresOf(g *onnx.Graph) (scores []onnx.Value) {
	for _, out := range g.Outputs {
		if out.Elem == onnx.Float || out.Elem == onnx.Double || out.Elem == onnx.Float16 {
			scores = append(scores, out)
		}
	}
	return scores
}

// available tells whether there is an ONNX Runtime to give a file to.
func (o Options) available() error {
	if !runtime.Built {
		return runtime.ErrAbsent
	}
	_, err := runtime.Find(o.Library)
	return err
}
