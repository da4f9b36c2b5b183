package weights

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"penstock/model"
)

// The engines that a manifest may name, the preferred first.
const (
	Dense       = "dense"
	TorchScript = "torchscript"
)

func knownEngines() []string { return []string{Dense, TorchScript} }

// isProgram tells whether an engine's file is code that runs when it is
// loaded. Such a file is loaded only when the manifest names its hash.
func isProgram(engine string) bool { return engine == TorchScript }

func (m *manifest) readEngines(data json.RawMessage) error {
	if data == nil {
		return wrong("engines", "is missing; name at least one of %q", knownEngines())
	}
	o := readObject("engines", data)
	m.engines = make(map[string]entry)
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		if !slices.Contains(knownEngines(), name) {
			return wrong("engines", "names %q; this version knows %q", name, knownEngines())
		}
		e, err := readEngine(name, m.spec.First().Kind, o.raw(name))
		if err != nil {
			return err
		}
		if _, ok := m.hashes[e.file]; isProgram(name) && !ok {
			return wrong("sha256", "has no entry for %q; that file is a program and is loaded only when its hash is given", e.file)
		}
		m.engines[name] = e
	}
	if err := o.done(); err != nil {
		return err
	}
	if len(m.engines) == 0 {
		return wrong("engines", "is empty; name at least one of %q", knownEngines())
	}
	return nil
}

func readEngine(name string, kind model.Kind, data json.RawMessage) (entry, error) {
	var e entry
	o := readObject("engines."+name, data)
	o.required("file", &e.file)
	if err := checkName(e.file); err != nil && o.err == nil {
		o.err = wrong(o.at("file"), "%w", err)
	}
	var output string
	if o.optional("output", &output) {
		if kind != model.Class {
			o.err = wrong(o.at("output"), "is for a classification; leave it out")
		} else if output != "logits" && output != "probabilities" {
			o.err = wrong(o.at("output"), "is %q; expected \"logits\" or \"probabilities\"", output)
		}
	}
	e.logits = output == "logits"
	if name == Dense {
		var layers []json.RawMessage
		o.required("layers", &layers)
		if o.err == nil && (len(layers) < 1 || len(layers) > maxLayers) {
			o.err = wrong(o.at("layers"), "has %d entries; expected 1 to %d", len(layers), maxLayers)
		}
		for i, raw := range layers {
			if o.err != nil {
				break
			}
			var l layer
			l, o.err = readLayer(fmt.Sprintf("%s[%d]", o.at("layers"), i), raw)
			e.layers = append(e.layers, l)
		}
	}
	return e, o.done()
}

func readLayer(path string, data json.RawMessage) (layer, error) {
	var l layer
	o := readObject(path, data)
	o.required("weight", &l.weight)
	o.optional("bias", &l.bias)
	o.required("activation", &l.activation)
	return l, o.done()
}
