package weights

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"penstock/model"
)

// readColumns reads the names of features, which a model may do without.
func (m *manifest) readColumns(o *Object) {
	if _, ok := o.members["columns"]; !ok {
		return
	}
	for _, member := range o.Objects("columns", maxFeatures) {
		column, err := readColumn(member)
		o.Fail(err)
		m.about.Spec.Columns = append(m.about.Spec.Columns, column)
	}
}

// ReadColumns reads columns as a manifest has them: an array of objects.
func ReadColumns(data json.RawMessage) ([]model.Column, error) {
	o := ReadObject("", slices.Concat([]byte(`{"columns":`), data, []byte(`}`)))
	var m manifest
	m.readColumns(o)
	return m.about.Spec.Columns, o.Done()
}

func readColumn(o *Object) (model.Column, error) {
	var c model.Column
	kind, unknown := string(model.Number), ""
	o.Required("name", &c.Name)
	o.Optional("kind", &kind)
	o.Optional("categories", &c.Categories)
	o.Optional("unknown", &unknown)
	o.Optional("missing", &c.Missing)
	c.Kind, c.Unknown = model.ColumnKind(kind), model.Unknown(unknown)
	if c.Kind == model.Category && unknown == "" {
		c.Unknown = model.Refuse
	}
	return c, o.Done()
}

// checkColumns looks at what model.Spec does not.
func (m *manifest) checkColumns() error {
	for i, c := range m.about.Spec.Columns {
		if !readable(c.Name) {
			return wrong(fmt.Sprintf("columns[%d].name", i), "is %q; expected 1 to %d bytes of printable characters", c.Name, maxLabel)
		}
		for j, category := range c.Categories {
			if category == "" || len(category) > maxLabel || strings.ContainsFunc(category, unicode.IsControl) {
				return wrong(fmt.Sprintf("columns[%d].categories[%d]", i, j), "is %q; expected 1 to %d bytes without control characters", category, maxLabel)
			}
		}
	}
	return nil
}

// checkFill looks at what stands for missing values.
func (m *manifest) checkFill() error {
	spec := m.about.Spec
	if len(spec.Input.Fill) == 0 {
		return nil
	}
	if !spec.AnyMissing() {
		return wrong("input.fill", "stands for missing values, but none may be missing: set input.missing, or missing of a column, to true, or leave fill out")
	}
	for i := range spec.Features {
		fill := fillOf(spec.Input, i)
		mean, std := spec.Input.At(i)
		if normal := (fill - mean) / std; math.Abs(normal) > math.MaxFloat32 {
			return wrong("input.fill", "is %v for feature %d; with a mean of %v and a deviation of %v it becomes %.3g, which float32 cannot hold", fill, i, mean, std, normal)
		}
	}
	return nil
}

// fillOf is what stands for a missing value of a feature, NaN where nothing does.
func fillOf(in model.Input, feature int) float64 {
	switch len(in.Fill) {
	case 0:
		return math.NaN()
	case 1:
		return in.Fill[0]
	}
	return in.Fill[feature]
}
