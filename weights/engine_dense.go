package weights

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"penstock/model"
	"penstock/model/dense"
)

// buildDense reads the tensors that the manifest names and makes a network.
func buildDense(b *Bundle, e entry, place Place) (built, error) {
	if place.Device != "" && place.Device != "cpu" {
		return built{}, b.in("manifest.json", wrong("engines.dense", "runs on \"cpu\" alone; on %q run the engine torchscript, if the bundle has it", place.Device))
	}
	f, err := b.openVerified(e.file)
	if err != nil {
		return built{}, err
	}
	defer f.Close()
	tensors, err := readTensors(f, f.size, e.names)
	if err != nil {
		return built{}, err
	}
	layers := make([]dense.Layer, len(e.layers))
	for i, names := range e.layers {
		if layers[i], err = denseLayer(names, tensors); err != nil {
			return built{}, err
		}
	}
	if e.logits { // the file's network ends before the softmax
		last := &layers[len(layers)-1]
		if last.Activation != dense.Identity {
			return built{}, b.in("manifest.json", wrong("engines.dense.output",
				"is logits, but the last layer's activation is %q; expected \"identity\", or leave output out", last.Activation))
		}
		last.Activation = dense.Softmax
	}
	network, err := dense.New(b.manifest.spec, layers, b.manifest.temperature)
	if err != nil {
		return built{}, b.in("manifest.json", blame(err))
	}
	rounding := func(row []float32) []float64 {
		return dense.Rounding(b.manifest.spec, layers, b.manifest.temperature, row)
	}
	return built{network, f.size, f.sum, rounding}, nil
}

// names reports whether a layer names a tensor.
func (e entry) names(tensor string) bool {
	return tensor != "" && slices.ContainsFunc(e.layers, func(l layer) bool { return l.weight == tensor || l.bias == tensor })
}

func denseLayer(names layer, tensors map[string]tensor) (dense.Layer, error) {
	weight, err := pick(tensors, names.weight, 2)
	if err != nil {
		return dense.Layer{}, err
	}
	l := dense.Layer{
		Weight: weight.values, Out: weight.shape[0], In: weight.shape[1],
		Activation: dense.Activation(names.activation),
	}
	if names.bias != "" {
		bias, err := pick(tensors, names.bias, 1)
		if err != nil {
			return dense.Layer{}, err
		}
		l.Bias = bias.values
	}
	return l, nil
}

// pick finds a tensor and checks how many dimensions it has.
func pick(tensors map[string]tensor, name string, dimensions int) (tensor, error) {
	t, ok := tensors[name]
	if !ok {
		has := slices.Sorted(maps.Keys(tensors))
		return t, wrong(fmt.Sprintf("tensor %q", name), "is missing, though manifest.json names it; the file has %q", has[:min(len(has), 20)])
	}
	if len(t.shape) != dimensions {
		return t, wrong(fmt.Sprintf("tensor %q", name), "has shape %v; expected %d dimensions: [out, in] for a weight, [out] for a bias", t.shape, dimensions)
	}
	return t, nil
}

// blame turns the network's complaint into the manifest's field.
func blame(err error) error {
	var l *dense.LayerError
	if errors.As(err, &l) {
		return &BundleError{Field: fmt.Sprintf("engines.dense.layers[%d]", l.Layer), Problem: l.Problem, Err: err}
	}
	var s *model.SpecError
	if errors.As(err, &s) {
		return &BundleError{Field: s.Field, Problem: s.Problem, Err: err}
	}
	return err
}
