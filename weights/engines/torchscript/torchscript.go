// Package torchscript lets bundles be run by model/torch: TorchScript modules,
// with libtorch, in builds that have it.
//
//	"engines": {"torchscript": {
//	  "file": "model.pt",
//	  "output": "probabilities" or "logits"}}
//
// The module returns [rows, scores], the scores of all outputs one after the other.
// Missing values without an input.fill reach it as NaN. The file is a program, so
// the manifest must give its hash.
package torchscript

import (
	"errors"
	"runtime"
	"slices"

	"penstock/model"
	"penstock/model/torch"
	"penstock/weights"
)

// Name is the engine's, in manifests.
const Name = "torchscript"

// Engine returns the engine, which every build knows and those with the tag
// torch can run.
func Engine() weights.Engine {
	claims := weights.Claims{Extensions: []string{".pt"}, Program: true, Missing: true}
	if !torch.Built {
		claims.Absent = torch.ErrAbsent
	}
	return weights.Engine{Name: Name, Claims: claims, Read: read, Build: build}
}

// config is what an entry says.
type config struct {
	file   string
	logits bool // the outputs' links are ours to apply
}

func read(entry *weights.Object, about weights.About) weights.Entry {
	c := config{file: entry.File("file"), logits: entry.Logits(about)}
	return weights.Entry{Files: []string{c.file}, Config: c}
}

// build gives libtorch the very bytes whose hash was compared.
func build(about weights.About, entry any, files *weights.Files, place weights.Place) (weights.Built, error) {
	c := entry.(config)
	data, err := files.Read(c.file)
	if err != nil {
		return weights.Built{}, err
	}
	opt := torch.Options{
		Output: torch.Probabilities, Temperature: about.Temperature, Shape: about.Shape,
		Device: place.Device, Ready: place.Workers, MaxRows: place.MaxBatch,
	}
	if place.Workers == 1 {
		opt.Threads = runtime.GOMAXPROCS(0) // nobody else would use them
	}
	switch {
	case !slices.ContainsFunc(about.Spec.Outputs, func(o model.Output) bool { return o.Kind == model.Class || o.Kind == model.Labels }):
		opt.Output = torch.Value
	case c.logits:
		opt.Output = torch.Logits
	}
	m, err := torch.Load(data, about.Spec, opt)
	if option, ok := errors.AsType[*torch.OptionError](err); ok && option.Field == "output" {
		return weights.Built{}, &weights.BundleError{File: weights.Manifest, Field: "engines.torchscript.output", Problem: option.Problem, Err: err}
	}
	if err != nil {
		return weights.Built{}, err
	}
	return weights.Built{Model: m}, nil
}
