package weights

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"penstock/model"
	"penstock/model/torch"
)

// manifest is what manifest.json says.
type manifest struct {
	spec        model.Spec // without Engine
	shape       []int      // that an engine of tensors takes a row as; nil is flat
	engines     map[string]entry
	temperature float64
	accuracy    *float64 // measured before; nil is unknown
	golden      string   // a file's name, or empty
	hashes      map[string]string
}

// entry is what a manifest says of one engine.
type entry struct {
	file string
	// logits says that the softmax is ours to apply to what the engine returns.
	logits bool
	layers []layer // of the dense engine
}

// layer names the tensors of one layer; bias may be empty.
type layer struct{ weight, bias, activation string }

// readManifest reads manifest.json. It takes nothing that it does not know.
func readManifest(data []byte) (manifest, error) {
	m := manifest{temperature: 1}
	o := readObject("", data)
	var task string
	var classes []string
	o.required("name", &m.spec.Name)
	o.required("version", &m.spec.Version)
	o.required("task", &task)
	o.required("features", &m.spec.Features)
	o.optional("classes", &classes)
	o.optional("golden", &m.golden)
	input, engines, calibration, hashes := o.raw("input"), o.raw("engines"), o.raw("calibration"), o.raw("sha256")
	accuracy := o.raw("accuracy")
	if err := o.done(); err != nil {
		return m, err
	}
	if m.spec.Outputs, o.err = outputsOf(task, classes); o.err != nil {
		return m, o.err
	}
	for _, read := range []func() error{
		func() error { return m.readInput(input) },
		func() error { return m.readCalibration(calibration) },
		func() error { return m.readAccuracy(accuracy) },
		func() error { return m.readHashes(hashes) },
		func() error { return m.readEngines(engines) },
		m.check,
	} {
		if err := read(); err != nil {
			return m, err
		}
	}
	return m, nil
}

func (m *manifest) readInput(data json.RawMessage) error {
	if data == nil {
		return nil
	}
	o := readObject("input", data)
	o.optional("uint8_scale", &m.spec.Input.Uint8Scale)
	if o.optional("shape", &m.shape) && o.err == nil {
		if err := torch.CheckShape(m.shape, m.spec.Features); err != nil {
			o.err = wrong(o.at("shape"), "%w", err)
		}
	}
	for _, v := range []struct {
		key  string
		into *[]float64
	}{{"mean", &m.spec.Input.Mean}, {"std", &m.spec.Input.Std}} {
		if raw := o.members[v.key]; len(raw) > 0 && raw[0] == '[' {
			if o.optional(v.key, v.into) && len(*v.into) == 0 && o.err == nil {
				o.err = wrong(o.at(v.key), "has no entries; expected one, one per feature, or no such field")
			}
			continue
		}
		var one float64
		if o.optional(v.key, &one) {
			*v.into = []float64{one}
		}
	}
	return o.done()
}

// Calibration finds temperatures near 1. Beyond these every answer is as good as
// certain, or as good as a guess, and float32 overflows soon after.
const minTemperature, maxTemperature = 0.001, 1000.0

func (m *manifest) readCalibration(data json.RawMessage) error {
	if data == nil {
		return nil
	}
	o := readObject("calibration", data)
	o.required("temperature", &m.temperature)
	if err := o.done(); err != nil {
		return err
	}
	if !(m.temperature >= minTemperature && m.temperature <= maxTemperature) {
		return wrong("calibration.temperature", "is %v; expected a number above zero, from %v to %v", m.temperature, minTemperature, maxTemperature)
	}
	if m.spec.First().Kind == model.Values && m.temperature != 1 {
		return wrong("calibration.temperature", "is %v; a regression has no probabilities to calibrate: leave it out", m.temperature)
	}
	return nil
}

func (m *manifest) readHashes(data json.RawMessage) error {
	m.hashes = make(map[string]string)
	if data == nil {
		return nil
	}
	o := readObject("sha256", data)
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		if err := checkName(name); err != nil {
			return wrong("sha256", "an entry's name %w", err)
		}
		var sum string
		o.required(name, &sum)
		if sum = strings.ToLower(sum); o.err == nil && !hexSHA256.MatchString(sum) {
			return wrong(o.at(name), "is %q; expected 64 hexadecimal digits", sum)
		}
		m.hashes[name] = sum
	}
	return o.done()
}

// outputsOf is the one output that a task and its classes stand for.
func outputsOf(task string, classes []string) ([]model.Output, error) {
	switch task {
	case "classification":
		return model.OneOf(classes...), nil
	case "regression":
		outputs := model.OneValue()
		outputs[0].Classes = classes // which are refused with all else that makes no sense
		return outputs, nil
	}
	return nil, wrong("task", "is %q; expected \"classification\" or \"regression\"", task)
}
