// Package dense lets bundles be run by model/dense: multilayer perceptrons whose
// tensors lie in a safetensors file.
//
//	"engines": {"dense": {
//	  "file": "model.safetensors",
//	  "layers": [{"weight": "0.weight", "bias": "0.bias", "activation": "relu"}, …],
//	  "output": "probabilities" or "logits"}}
//
// A model of several kinds of outputs ends in logits. Features that may be missing
// need an input.fill.
package dense

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"penstock/model"
	"penstock/model/dense"
	"penstock/weights"
	"penstock/weights/safetensors"
)

// Name is the engine's, in manifests.
const Name = "dense"

// maxLayers is as many as an entry may list.
const maxLayers = 1024

// Engine returns the engine. Every build can run it.
func Engine() weights.Engine {
	return weights.Engine{Name: Name, Read: read, Build: build}
}

// config is what an entry says.
type config struct {
	file string
	// logits says that each output's link is ours to apply to what the layers
	// return.
	logits bool
	layers []layer
}

// layer names the tensors of one layer; bias may be empty.
type layer struct{ weight, bias, activation string }

func read(entry *weights.Object, about weights.About) weights.Entry {
	var c config
	c.file = entry.File("file")
	c.logits = entry.Logits(about)
	for _, o := range entry.Objects("layers", maxLayers) {
		var l layer
		o.Required("weight", &l.weight)
		o.Optional("bias", &l.bias)
		o.Required("activation", &l.activation)
		entry.Fail(o.Done())
		c.layers = append(c.layers, l)
	}
	return weights.Entry{Files: []string{c.file}, Config: c}
}

// build reads the tensors that the entry names and makes a network.
func build(about weights.About, entry any, files *weights.Files, place weights.Place) (weights.Built, error) {
	c := entry.(config)
	if place.Device != "" && place.Device != "cpu" {
		return weights.Built{}, weights.Wrong(weights.Manifest, "engines.dense",
			"runs on \"cpu\" alone; on %q run the engine torchscript, if the bundle has it", place.Device)
	}
	layers, err := c.read(files)
	if err != nil {
		return weights.Built{}, err
	}
	last := &layers[len(layers)-1]
	if c.logits { // the file's network ends before the links of its outputs
		if last.Activation != dense.Identity {
			return weights.Built{}, weights.Wrong(weights.Manifest, "engines.dense.output",
				"is logits, but the last layer's activation is %q; expected \"identity\", or leave output out", last.Activation)
		}
		last.Activation = dense.Linked
	}
	network, err := dense.New(about.Spec, layers, about.Temperature)
	if err != nil {
		return weights.Built{}, blame(err)
	}
	rounding := func(row []float32) []float64 {
		return dense.Rounding(about.Spec, layers, about.Temperature, row)
	}
	return weights.Built{Model: network, Rounding: rounding}, nil
}

// read makes layers of the tensors in the file.
func (c config) read(files *weights.Files) ([]dense.Layer, error) {
	f, err := files.Open(c.file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	tensors, err := safetensors.Read(f, f.Size, c.names)
	if err != nil {
		return nil, err
	}
	layers := make([]dense.Layer, len(c.layers))
	for i, l := range c.layers {
		if layers[i], err = l.of(tensors); err != nil {
			return nil, err
		}
	}
	return layers, nil
}

// names reports whether a layer names a tensor.
func (c config) names(tensor string) bool {
	return tensor != "" && slices.ContainsFunc(c.layers, func(l layer) bool { return l.weight == tensor || l.bias == tensor })
}

func (l layer) of(tensors map[string]safetensors.Tensor) (dense.Layer, error) {
	weight, err := pick(tensors, l.weight, 2)
	if err != nil {
		return dense.Layer{}, err
	}
	made := dense.Layer{Weight: weight.Values, Out: weight.Shape[0], In: weight.Shape[1]}
	if made.Activation = dense.Activation(l.activation); made.Activation == dense.Linked { // which output says, not a layer
		return made, weights.Wrong(weights.Manifest, "engines.dense.layers", "have an activation %q; expected one of %q", l.activation, dense.Activations())
	}
	if l.bias != "" {
		bias, err := pick(tensors, l.bias, 1)
		if err != nil {
			return dense.Layer{}, err
		}
		made.Bias = bias.Values
	}
	return made, nil
}

// pick finds a tensor and checks how many dimensions it has.
func pick(tensors map[string]safetensors.Tensor, name string, dimensions int) (safetensors.Tensor, error) {
	field := fmt.Sprintf("tensor %q", name)
	t, ok := tensors[name]
	if !ok {
		has := slices.Sorted(maps.Keys(tensors))
		return t, weights.Wrong("", field, "is missing, though manifest.json names it; the file has %q", has[:min(len(has), 20)])
	}
	if len(t.Shape) != dimensions {
		return t, weights.Wrong("", field, "has shape %v; expected %d dimensions: [out, in] for a weight, [out] for a bias", t.Shape, dimensions)
	}
	return t, nil
}

// blame turns the network's complaint into the manifest's field.
func blame(err error) error {
	if l, ok := errors.AsType[*dense.LayerError](err); ok {
		return &weights.BundleError{File: weights.Manifest, Field: fmt.Sprintf("engines.dense.layers[%d]", l.Layer), Problem: l.Problem, Err: err}
	}
	if s, ok := errors.AsType[*model.SpecError](err); ok {
		return &weights.BundleError{File: weights.Manifest, Field: s.Field, Problem: s.Problem, Err: err}
	}
	return err
}
