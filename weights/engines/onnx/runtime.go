package onnx

import (
	"errors"
	"path"
	"slices"

	"penstock/model/onnx"
	"penstock/weights"
)

// runtime has ONNX Runtime run a model. The files are those of the model, its own
// first; the others hold weights that it keeps outside. Their hashes are compared as
// they are read, and the library is given the bytes that were read.
func (o Options) runtime(about weights.About, names []string, logits bool, files *weights.Files, place weights.Place) (weights.Built, error) {
	data, err := files.Read(names[0])
	if err != nil {
		return weights.Built{}, err
	}
	opt := onnx.Options{
		Library: o.Library, Shape: about.Shape, Logits: logits, Temperature: about.Temperature,
		Workers: place.Workers, MaxRows: place.MaxBatch, RowByRow: place.MaxBatch == 1, Log: o.Log,
	}
	for _, name := range names[1:] {
		beside, err := files.Read(name)
		if err != nil {
			return weights.Built{}, err
		}
		if opt.External == nil {
			opt.External = make(map[string][]byte)
		}
		opt.External[relative(names[0], name)] = beside
	}
	m, err := onnx.Load(data, about.Spec, opt)
	if failed, ok := errors.AsType[*onnx.LoadError](err); ok {
		return weights.Built{}, weights.Wrong("", "", "%w", failed)
	}
	if err != nil {
		return weights.Built{}, err
	}
	return weights.Built{Model: m}, nil
}

// relative is the name of a file as the model beside it has it.
func relative(model, file string) string {
	folder := path.Dir(model) + "/"
	if len(file) > len(folder) && file[:len(folder)] == folder {
		return file[len(folder):]
	}
	return file
}

var claims = weights.Claims{Extensions: []string{".onnx"}, Missing: true}

func unique(names []string) bool {
	return len(slices.Compact(slices.Sorted(slices.Values(names)))) == len(names)
}
