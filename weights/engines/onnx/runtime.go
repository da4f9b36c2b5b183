package onnx

import (
	"errors"
	"path"
	"slices"

	"penstock/model/onnx"
	"penstock/weights"
)

// runtime has ONNX Runtime run a model that was not lowered, and why. Files beside
// the model's own hold weights that it keeps outside. Their hashes are compared as
// they are read, and the library is given the bytes that were read.
func (o Options) runtime(about weights.About, data []byte, why error, c config, files *weights.Files, place weights.Place) (weights.Built, error) {
	opt := onnx.Options{
		Library: o.Library, Shape: about.Shape, Logits: c.logits, Temperature: about.Temperature,
		Workers: place.Workers, MaxRows: place.MaxBatch, RowByRow: place.MaxBatch == 1, Log: o.Log,
	}
	for _, name := range c.files[1:] {
		beside, err := files.Read(name)
		if err != nil {
			return weights.Built{}, err
		}
		if opt.External == nil {
			opt.External = make(map[string][]byte)
		}
		opt.External[relative(c.files[0], name)] = beside
	}
	m, err := onnx.Load(data, about.Spec, opt)
	if failed, ok := errors.AsType[*onnx.LoadError](err); ok || errors.Is(err, onnx.ErrAbsent) {
		if ok {
			err = failed
		}
		return weights.Built{}, weights.Wrong("", "", "needs ONNX Runtime (%w): %w", why, err)
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

func unique(names []string) bool {
	return len(slices.Compact(slices.Sorted(slices.Values(names)))) == len(names)
}
