package weights

import (
	"encoding/json"
	"strings"

	"penstock/model"
)

// manifest is what manifest.json says.
type manifest struct {
	about    About
	engines  map[string]Entry
	accuracy *float64 // measured before; nil is unknown
	golden   string   // a file's name, or empty
	hashes   map[string]string
}

// readManifest reads manifest.json. It takes nothing that it, or one of the
// engines, does not know.
func readManifest(data []byte, engines *Engines) (manifest, error) {
	m := manifest{about: About{Temperature: 1}}
	o := ReadObject("", data)
	var task string
	var classes []string
	o.Required("name", &m.about.Spec.Name)
	o.Required("version", &m.about.Spec.Version)
	o.Required("task", &task)
	o.Required("features", &m.about.Spec.Features)
	o.Optional("classes", &classes)
	o.Optional("golden", &m.golden)
	input, entries, calibration, hashes := o.Raw("input"), o.Raw("engines"), o.Raw("calibration"), o.Raw("sha256")
	accuracy := o.Raw("accuracy")
	if err := o.Done(); err != nil {
		return m, err
	}
	var err error
	if m.about.Spec.Outputs, err = outputsOf(task, classes); err != nil {
		return m, err
	}
	for _, read := range []func() error{
		func() error { return m.readInput(input) },
		func() error { return m.readCalibration(calibration) },
		func() error { return m.readAccuracy(accuracy) },
		func() error { return m.readHashes(hashes) },
		m.check,
		func() error { return m.readEngines(entries, engines) },
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
	o := ReadObject("input", data)
	o.Optional("uint8_scale", &m.about.Spec.Input.Uint8Scale)
	if o.Optional("shape", &m.about.Shape) {
		o.Fail(m.checkShape(o.At("shape")))
	}
	for _, v := range []struct {
		key  string
		into *[]float64
	}{{"mean", &m.about.Spec.Input.Mean}, {"std", &m.about.Spec.Input.Std}} {
		if raw := o.members[v.key]; len(raw) > 0 && raw[0] == '[' {
			if o.Optional(v.key, v.into) && len(*v.into) == 0 && o.err == nil {
				o.err = wrong(o.At(v.key), "has no entries; expected one, one per feature, or no such field")
			}
			continue
		}
		var one float64
		if o.Optional(v.key, &one) {
			*v.into = []float64{one}
		}
	}
	return o.Done()
}

// Calibration finds temperatures near 1. Beyond these every answer is as good as
// certain, or as good as a guess, and float32 overflows soon after.
const minTemperature, maxTemperature = 0.001, 1000.0

func (m *manifest) readCalibration(data json.RawMessage) error {
	if data == nil {
		return nil
	}
	o := ReadObject("calibration", data)
	o.Required("temperature", &m.about.Temperature)
	if err := o.Done(); err != nil {
		return err
	}
	if !(m.about.Temperature >= minTemperature && m.about.Temperature <= maxTemperature) {
		return wrong("calibration.temperature", "is %v; expected a number above zero, from %v to %v", m.about.Temperature, minTemperature, maxTemperature)
	}
	if m.about.Spec.First().Kind == model.Values && m.about.Temperature != 1 {
		return wrong("calibration.temperature", "is %v; a regression has no probabilities to calibrate: leave it out", m.about.Temperature)
	}
	return nil
}

func (m *manifest) readHashes(data json.RawMessage) error {
	m.hashes = make(map[string]string)
	if data == nil {
		return nil
	}
	o := ReadObject("sha256", data)
	for _, name := range o.Keys() {
		if err := checkName(name); err != nil {
			return wrong("sha256", "an entry's name %w", err)
		}
		var sum string
		o.Required(name, &sum)
		if sum = strings.ToLower(sum); o.err == nil && !hexSHA256.MatchString(sum) {
			return wrong(o.At(name), "is %q; expected 64 hexadecimal digits", sum)
		}
		m.hashes[name] = sum
	}
	return o.Done()
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
