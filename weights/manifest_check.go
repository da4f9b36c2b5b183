package weights

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"penstock/model"
)

// The largest model that a manifest may describe. A weights file must hold
// what it describes, so these only catch nonsense early.
const (
	maxFeatures = 1 << 20
	maxLayers   = 1024
	maxLabel    = 128 // bytes of one class
)

var (
	plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	hexSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// check looks at what no single field shows.
func (m *manifest) check() error {
	for _, f := range []struct{ field, value string }{{"name", m.spec.Name}, {"version", m.spec.Version}} {
		if !plainName.MatchString(f.value) {
			return wrong(f.field, "is %q; expected 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first", f.value)
		}
	}
	if m.spec.Features > maxFeatures {
		return wrong("features", "is %d; at most %d are supported", m.spec.Features, maxFeatures)
	}
	for i, class := range m.spec.First().Classes {
		if class == "" || len(class) > maxLabel || strings.ContainsFunc(class, unicode.IsControl) {
			return wrong(fmt.Sprintf("classes[%d]", i), "is %q; expected 1 to %d bytes without control characters", class, maxLabel)
		}
	}
	if m.golden != "" {
		if err := checkName(m.golden); err != nil {
			return wrong("golden", "%w", err)
		}
	}
	err := m.spec.Validate()
	if spec, ok := errors.AsType[*model.SpecError](err); ok {
		return wrong(spec.Field, "%s", spec.Problem)
	}
	m.spec.Shift = m.spec.Input.FarMeans(m.spec.Features)
	return err
}
