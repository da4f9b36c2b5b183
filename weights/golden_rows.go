package weights

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"penstock/model"
)

// maxGolden bounds the batch that proves a model.
const maxGolden = 1024

// golden holds rows and what the recipe says of them: features as an engine is
// given them, before they become float32, and the scores of all outputs, after
// their links.
type golden struct {
	features []float32
	scores   [][]float64
}

// readGolden reads rows as a client sends them: numbers; null where a value may
// be missing; and names where a column has categories.
func readGolden(data []byte, spec model.Spec) (golden, error) {
	var g golden
	var rows []json.RawMessage
	o := ReadObject("", data)
	features := o.Raw("features") // not decoded strictly: it may hold nulls
	if features == nil {
		o.Refuse("features", "is missing")
	}
	o.Required("scores", &g.scores)
	if err := o.Done(); err != nil {
		return g, err
	}
	if err := json.Unmarshal(features, &rows); err != nil {
		return g, wrong("features", "is not an array of rows: %w", err)
	}
	if n := len(rows); n < 1 || n > maxGolden || len(g.scores) != n {
		return g, wrong("features", "has %d rows and scores has %d; expected as many of both, 1 to %d", n, len(g.scores), maxGolden)
	}
	for i, row := range rows {
		values, err := readRow(row, i, spec)
		if err != nil {
			return g, err
		}
		if len(values) != spec.Features || len(g.scores[i]) != spec.Width() {
			return g, wrong("features", "row %d has %d features and %d scores; the model has %d and %d",
				i, len(values), len(g.scores[i]), spec.Features, spec.Width())
		}
		for j, x := range values {
			if math.Abs(x) > math.MaxFloat32 {
				return g, wrong("features", "row %d, feature %d is %v; beyond float32", i, j, x)
			}
			if math.IsNaN(x) {
				x = fillOf(spec.Input, j)
			}
			g.features = append(g.features, float32(x-spec.ShiftOf(j))) // as a client's decimals are read
		}
	}
	return g, nil
}

// readRow returns a row's numbers, NaN for those that are missing.
func readRow(data json.RawMessage, row int, spec model.Spec) (values []float64, err error) {
	if len(spec.Columns) == 0 && !spec.AnyMissing() {
		return values, decode("features", data, &values)
	}
	var cells []json.RawMessage
	if err := json.Unmarshal(data, &cells); err != nil || bytes.Equal(data, []byte("null")) {
		return nil, wrong("features", "row %d is not an array", row)
	}
	for i, cell := range cells[:min(len(cells), spec.Features)] {
		x, err := readCell(cell, i, spec)
		if err != nil {
			return nil, wrong("features", "row %d, feature %d %w", row, i, err)
		}
		values = append(values, x)
	}
	// Cells too many are counted, so that the row is refused for its length.
	return append(values, make([]float64, len(cells)-len(values))...), nil
}

// readCell reads one value of a row; errors go on from its place.
func readCell(cell json.RawMessage, feature int, spec model.Spec) (float64, error) {
	missing := func(what string) (float64, error) {
		if !spec.MayMiss(feature) {
			return 0, fmt.Errorf("is %s; this value may not be missing", what)
		}
		return math.NaN(), nil
	}
	if bytes.Equal(cell, []byte("null")) {
		return missing("null")
	}
	if len(spec.Columns) == 0 || spec.Columns[feature].Kind != model.Category {
		var x float64
		if err := json.Unmarshal(cell, &x); err != nil {
			return 0, fmt.Errorf("is %.40q; expected a number", cell)
		}
		return x, nil
	}
	column := spec.Columns[feature]
	var name string
	if err := json.Unmarshal(cell, &name); err != nil {
		return 0, fmt.Errorf("is %.40q; column %q has categories: expected the name of one", cell, column.Name)
	}
	if i := slices.Index(column.Categories, name); i >= 0 {
		return float64(i), nil
	}
	switch column.Unknown {
	case model.Own:
		return float64(len(column.Categories)), nil
	case model.AsMissing:
		return missing("an unknown category")
	}
	return 0, fmt.Errorf("is %.40q; column %q has no such category", name, column.Name)
}
