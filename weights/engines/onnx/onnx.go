// Package onnx lets bundles and files of ONNX be run by model/onnx.
//
//	"engines": {"onnx": {
//	  "file": "model.onnx",
//	  "external": ["weights.bin", …],
//	  "output": "probabilities" or "logits"}}
//
// The model's inputs take the features of a row in their order, and its outputs of
// floating point numbers are the scores, one after the other. external are files of
// weights that the model keeps outside of its own.
package onnx

import (
	"io/fs"
	"log/slog"

	"penstock/model"
	"penstock/weights"
)

// Name is the engine's, in manifests.
const Name = "onnx"

// Options are what the engine looks for outside of bundles.
type Options struct {
	Library string // of ONNX Runtime, or its folder; empty: see onnx.Find
	Log     *slog.Logger
}

// maxExternal is the most files that an entry may name.
const maxExternal = 1000

// config is what an entry says.
type config struct {
	files  []string // the model first
	logits bool
}

// Engine returns the engine.
func Engine(o Options) weights.Engine {
	return weights.Engine{Name: Name, Claims: claims, Read: read, Build: o.build, Draft: draft}
}

func read(entry *weights.Object, about weights.About) weights.Entry {
	c := config{files: []string{entry.File("file")}, logits: entry.Logits(about)}
	var external []string
	entry.Optional("external", &external)
	c.files = append(c.files, external...) // whose names the bundle checks
	if len(external) > maxExternal || !unique(c.files) {
		entry.Refuse("external", "has %d entries; expected at most %d, all different", len(external), maxExternal)
	}
	return weights.Entry{Files: c.files, Config: c}
}

func (o Options) build(about weights.About, entry any, files *weights.Files, place weights.Place) (weights.Built, error) {
	c := entry.(config)
	return o.runtime(about, c.files, c.logits, files, place)
}

// draft takes what a person says of the model.
func draft(_ fs.FS, file string, hints weights.Hints) (weights.Draft, error) {
	switch {
	case hints.Features < 1:
		return weights.Draft{}, weights.Wrong("", "", "does not tell here how many features a row has; give --features")
	case len(hints.Classes) < 2:
		return weights.Draft{}, weights.Wrong("", "", "does not tell here what its scores are; give --classes, or a manifest for a model without classes")
	}
	return weights.Draft{
		Spec:   model.Spec{Features: hints.Features, Outputs: model.OneOf(hints.Classes...)},
		Source: model.Source{Format: "ONNX"},
		Entry:  map[string]any{"file": file, "output": "probabilities"},
	}, nil
}
