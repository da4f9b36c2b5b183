package weights

import (
	"encoding/json"
	"slices"
	"strings"

	"penstock/model"
)

// manifest is what manifest.json says.
type manifest struct {
	about    About
	engines  map[string]Entry
	short    bool // task and classes stand for the outputs
	pool     Pool
	accuracy *float64 // measured before; nil is unknown
	golden   string   // a file's name, or empty
	// reference is the file with a sample of rows, or empty.
	reference string
	source    model.Source
	hashes    map[string]string
}

// readManifest reads manifest.json. It takes nothing that it, or one of the
// engines, does not know.
func readManifest(data []byte, engines *Engines) (manifest, error) {
	m := manifest{about: About{Temperature: 1}}
	o := ReadObject("", data)
	spec := &m.about.Spec
	o.Required("name", &spec.Name)
	o.Required("version", &spec.Version)
	o.Required("features", &spec.Features)
	o.Optional("golden", &m.golden)
	o.Optional("reference", &m.reference)
	m.readOutputs(o)
	m.readColumns(o)
	input, entries, calibration, hashes := o.Raw("input"), o.Raw("engines"), o.Raw("calibration"), o.Raw("sha256")
	accuracy, pool, source := o.Raw("accuracy"), o.Raw("pool"), o.Raw("source")
	if err := o.Done(); err != nil {
		return m, err
	}
	for _, read := range []func() error{
		func() error { return m.readInput(input) },
		func() error { return m.readCalibration(calibration) },
		func() error { return m.readAccuracy(accuracy) },
		func() error { return m.readPool(pool) },
		func() error { return m.readSource(source) },
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
	o.Optional("missing", &m.about.Spec.Missing)
	if o.Optional("shape", &m.about.Shape) {
		o.Fail(m.checkShape(o.At("shape")))
	}
	for _, v := range []struct {
		key  string
		into *[]float64
	}{{"mean", &m.about.Spec.Input.Mean}, {"std", &m.about.Spec.Input.Std}, {"fill", &m.about.Spec.Input.Fill}} {
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
	if !slices.ContainsFunc(m.about.Spec.Outputs, isClass) && m.about.Temperature != 1 {
		return wrong("calibration.temperature", "is %v; %s has no probabilities to calibrate: leave it out", m.about.Temperature, called(m.about.Spec.First().Kind))
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

// readSource reads which library a model came from, which people are shown.
func (m *manifest) readSource(data json.RawMessage) error {
	if data == nil {
		return nil
	}
	o := ReadObject("source", data)
	for key, into := range map[string]*string{"library": &m.source.Library, "version": &m.source.Version, "format": &m.source.Format} {
		if o.Optional(key, into) && !readable(*into) {
			o.Refuse(key, "is %q; expected 1 to %d bytes of printable characters", *into, maxLabel)
		}
	}
	return o.Done()
}
