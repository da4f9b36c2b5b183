// Package onnx lets bundles and files of ONNX be run: what weights/onnx can lower, by
// model/dense and model/trees behind model/prepare; the rest by ONNX Runtime, in
// model/onnx.
//
//	"engines": {"onnx": {
//	  "file": "model.onnx",
//	  "external": ["weights.bin", …],
//	  "output": "probabilities" or "logits",
//	  "runtime": "auto", "native" or "onnxruntime"}}
//
// The model's inputs take the features of a row in their order, and its outputs of
// floating point numbers are the scores, one after the other. external are files of
// weights that the model keeps outside of its own.
package onnx

import (
	"log/slog"

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
	run    string
}

// What an entry may have as its runtime.
const (
	auto        = "auto" // natively where that is possible, else by ONNX Runtime
	byItself    = "native"
	onnxruntime = "onnxruntime"
)

// Engine returns the engine.
func Engine(o Options) weights.Engine {
	return weights.Engine{Name: Name, Claims: claims, Read: read, Build: o.build, Draft: o.draft}
}

func read(entry *weights.Object, about weights.About) weights.Entry {
	c := config{files: []string{entry.File("file")}, logits: entry.Logits(about), run: auto}
	if entry.Optional("runtime", &c.run) && c.run != auto && c.run != byItself && c.run != onnxruntime {
		entry.Refuse("runtime", "is %q; expected %q, %q or %q", c.run, auto, byItself, onnxruntime)
	}
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
	if c.run == onnxruntime {
		return o.runtime(about, c.files, c.logits, files, place)
	}
	data, err := files.Read(c.files[0])
	if err != nil {
		return weights.Built{}, err
	}
	built, why := native(about, c.logits, data)
	if why == nil || c.run == byItself || !isCannot(why) {
		return built, why
	}
	if err := o.available(); err != nil {
		return built, weights.Wrong("", "", "is a model for ONNX Runtime, since %w. %w", why, err)
	}
	if built, err = o.runtime(about, c.files, c.logits, files, place); err != nil {
		return built, err
	}
	if o.Log != nil {
		o.Log.Info("a model is run by ONNX Runtime", "name", about.Spec.Name, "since", why)
	}
	return built, nil
}
