package weights

import (
	"errors"
	"regexp"
	"slices"

	"penstock/model"
)

// The largest model that a manifest may describe. A weights file must hold
// what it describes, so these only catch nonsense early.
const (
	maxFeatures = 1 << 20
	maxLabel    = 128 // bytes of one class, or of a name
	// maxDimensions of a row. A batch has one more.
	maxDimensions = 8
)

var (
	plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	hexSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// check looks at what no single field shows.
func (m *manifest) check() error {
	for _, f := range []struct{ field, value string }{{"name", m.about.Spec.Name}, {"version", m.about.Spec.Version}} {
		if !plainName.MatchString(f.value) {
			return wrong(f.field, "is %q; expected 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first", f.value)
		}
	}
	if m.about.Spec.Features > maxFeatures {
		return wrong("features", "is %d; at most %d are supported", m.about.Spec.Features, maxFeatures)
	}
	for _, f := range []struct{ field, file string }{{"golden", m.golden}, {"reference", m.reference}} {
		if f.file == "" {
			continue
		}
		if err := checkName(f.file); err != nil {
			return wrong(f.field, "%w", err)
		}
	}
	if err := m.checkOutputs(); err != nil {
		return err
	}
	if err := m.checkColumns(); err != nil {
		return err
	}
	err := m.about.Spec.Validate()
	if spec, ok := errors.AsType[*model.SpecError](err); ok {
		return wrong(m.pathOf(spec.Field), "%s", spec.Problem)
	}
	if err != nil {
		return err
	}
	m.about.Spec.Shift = m.about.Spec.Input.FarMeans(m.about.Spec.Features)
	return m.checkFill()
}

// pathOf is where the manifest has a field of model.Spec, which gives the fields
// of an only output by their bare names.
func (m *manifest) pathOf(field string) string {
	bare := slices.Contains([]string{"kind", "width", "classes", "thresholds"}, field)
	if bare && !m.short {
		return m.output(0, field)
	}
	return field
}

// checkShape says why a row cannot have the manifest's shape.
func (m *manifest) checkShape(path string) error {
	shape, features := m.about.Shape, m.about.Spec.Features
	if len(shape) < 1 || len(shape) > maxDimensions {
		return wrong(path, "has %d dimensions; expected 1 to %d", len(shape), maxDimensions)
	}
	product := 1
	for _, n := range shape {
		if n < 1 || n > features/product {
			return wrong(path, "is %v; expected numbers above zero whose product is the number of features, %d", shape, features)
		}
		product *= n
	}
	if product != features {
		return wrong(path, "is %v, %d values; a row has %d features", shape, product, features)
	}
	return nil
}
