// Package trees lets bundles be run by model/trees: ensembles of decision trees in
// the files of the libraries that trained them.
//
//	"engines": {"trees": {"file": "model.ubj", "format": "xgboost"}}
//
// The format may be left out where the file tells. Missing values without an
// input.fill go where the library sends them. Trees compare features as they are, so
// an input has neither mean nor std.
package trees

import (
	"errors"
	"fmt"
	"slices"

	"penstock/model"
	"penstock/model/trees"
	"penstock/weights"
)

// Name is the engine's, in manifests.
const Name = "trees"

// Engine returns the engine. Every build can run it.
func Engine() weights.Engine {
	claims := weights.Claims{Missing: true}
	for _, f := range formats {
		claims.Extensions = append(claims.Extensions, f.extensions...)
	}
	slices.Sort(claims.Extensions)
	claims.Extensions = slices.Compact(claims.Extensions)
	return weights.Engine{Name: Name, Claims: claims, Read: read, Build: build, Draft: draft}
}

// config is what an entry says.
type config struct{ file, format string }

func read(entry *weights.Object, about weights.About) weights.Entry {
	c := config{file: entry.File("file")}
	if entry.Optional("format", &c.format) {
		if _, err := named(c.format); err != nil {
			entry.Refuse("format", "%w", err)
		}
	}
	if in := about.Spec.Input; in.Normalised() {
		entry.Fail(weights.Wrong(weights.Manifest, "input", "has a mean or a std; trees compare features as they are: leave both out, and send what the model was trained on"))
	}
	return weights.Entry{Files: []string{c.file}, Config: c}
}

// build reads the file that the entry names and compiles its forest.
func build(about weights.About, entry any, files *weights.Files, place weights.Place) (weights.Built, error) {
	c := entry.(config)
	if place.Device != "" && place.Device != "cpu" {
		return weights.Built{}, weights.Wrong(weights.Manifest, "engines.trees", "runs on \"cpu\" alone; it was to run on %q", place.Device)
	}
	data, err := files.Read(c.file)
	if err != nil {
		return weights.Built{}, err
	}
	parsed, err := parse(c.format, data, about.Spec.Columns)
	if err != nil {
		return weights.Built{}, err
	}
	if err := agree(about.Spec, parsed); err != nil {
		return weights.Built{}, err
	}
	m, err := trees.New(about.Spec, parsed.Forest, about.Temperature)
	if err != nil {
		return weights.Built{}, blame(err)
	}
	rounding := func(row []float32) []float64 {
		return trees.Rounding(parsed.Forest, about.Temperature, row)
	}
	return weights.Built{Model: m, Rounding: rounding}, nil
}

// blame turns the model's complaint into the manifest's field or the file's.
func blame(err error) error {
	if s, ok := errors.AsType[*model.SpecError](err); ok {
		return &weights.BundleError{File: weights.Manifest, Field: s.Field, Problem: s.Problem, Err: err}
	}
	if f, ok := errors.AsType[*trees.ForestError](err); ok {
		field := ""
		if f.Tree >= 0 {
			field = fmt.Sprintf("tree %d", f.Tree)
		}
		if f.Node >= 0 {
			field += fmt.Sprintf(", node %d", f.Node)
		}
		return &weights.BundleError{Field: field, Problem: f.Problem, Err: err}
	}
	return err
}
