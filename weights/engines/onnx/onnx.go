// Package onnx lets bundles and files of ONNX be run.
//
//	"engines": {"onnx": {
//	  "file": "model.onnx",
//	  "external": ["weights.bin", …],
//	  "output": "probabilities" or "logits"}}
//
// Networks of dense layers and forests, with what prepares their rows, are run by the
// engines of this house (see weights/onnx), and all else by ONNX Runtime.
//
// The model's inputs take the features of a row in their order, and its outputs of
// floating point numbers are the scores, one after the other. external are files of
// weights that the model keeps outside of its own.
package onnx

import (
	"log/slog"

	"penstock/weights"
	"penstock/weights/onnx"
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
	return weights.Engine{Name: Name, Claims: weights.Claims{Extensions: []string{".onnx"}, Missing: true}, Read: read, Build: o.build, Draft: draft}
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

// build has an engine of this house run what it can, and ONNX Runtime the rest.
func (o Options) build(about weights.About, entry any, files *weights.Files, place weights.Place) (weights.Built, error) {
	c := entry.(config)
	data, err := files.Read(c.files[0])
	if err != nil {
		return weights.Built{}, err
	}
	graph, err := onnx.Read(data)
	if err != nil {
		return weights.Built{}, weights.Wrong("", "", "%w", err)
	}
	lowered, why := graph.Lower()
	if why != nil {
		return o.runtime(about, data, why, c, files, place)
	}
	m, err := lowered.Model(about.Spec, about.Temperature, c.logits)
	if err != nil {
		return weights.Built{}, weights.Wrong("", "", "%w", err)
	}
	return weights.Built{Model: m}, nil
}
