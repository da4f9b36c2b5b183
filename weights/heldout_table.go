package weights

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"penstock/model"
)

// Table is labelled rows of a bundle that its model was not trained on.
type Table struct {
	Spec   model.Spec
	Rows   []float64 // row-major; NaN is missing, and a category is its index
	Labels []string  // the true class of each row, or its value
}

// HeldOutFile is the file of a bundle that HeldOut reads: CSV with a line of names,
// those of the model's columns, or any where they have none, and last the field
// "label".
const HeldOutFile = "heldout.csv"

const (
	labelField = "label"
	maxHeldOut = 64 << 20 // bytes
)

// HeldOut reads the bundle's labelled rows.
func (b *Bundle) HeldOut() (*Table, error) {
	data, _, err := b.readVerified(HeldOutFile, maxHeldOut)
	if err != nil {
		return nil, err
	}
	t := &Table{Spec: b.Spec()}
	if t.Rows, t.Labels, err = readLabelled(data, t.Spec); err != nil {
		return nil, b.in(HeldOutFile, err)
	}
	return t, nil
}

// readLabelled splits the last field off, and reads the others as a sample.
func readLabelled(data []byte, spec model.Spec) (rows []float64, labels []string, err error) {
	records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, nil, err
	}
	if len(records) < 2 {
		return nil, nil, errors.New("has no rows below its line of names")
	}
	last := len(records[0]) - 1
	if records[0][last] != labelField {
		return nil, nil, fmt.Errorf("has the last field %q in its line of names; expected %q", records[0][last], labelField)
	}
	places, _, err := placesOf(records[0][:last], spec)
	if err != nil {
		return nil, nil, err
	}
	first := spec.First()
	for i, record := range records[1:] {
		row, err := readRecord(record, places, spec)
		if err != nil {
			return nil, nil, fmt.Errorf("row %d: %w", i, err)
		}
		label := strings.TrimSpace(record[last])
		switch _, wrong := strconv.ParseFloat(label, 64); {
		case first.Kind == model.Class && !slices.Contains(first.Classes, label):
			return nil, nil, fmt.Errorf("row %d has the label %.40q; the model's classes are %.200q", i, label, first.Classes)
		case first.Kind == model.Values && wrong != nil:
			return nil, nil, fmt.Errorf("row %d has the label %.40q; expected a number", i, label)
		}
		rows, labels = append(rows, row...), append(labels, label)
	}
	if first.Kind != model.Class && (first.Kind != model.Values || first.Width != 1) {
		return nil, nil, fmt.Errorf("is for a model of classes or of one value; this one's first output is %q of %d", first.Kind, first.Width)
	}
	return rows, labels, nil
}

// Len returns the number of rows.
func (t *Table) Len() int { return len(t.Labels) }

// Row returns a row, a part of Rows.
func (t *Table) Row(i int) []float64 { return t.Rows[i*t.Spec.Features:][:t.Spec.Features] }

// Named returns a row by the names of the model's columns, as a client sends it; nil
// where they have none.
func (t *Table) Named(i int) map[string]any {
	if len(t.Spec.Columns) == 0 {
		return nil
	}
	named := make(map[string]any, t.Spec.Features)
	for feature, x := range t.Row(i) {
		if !math.IsNaN(x) { // what is not there is missing
			named[t.Spec.Columns[feature].Name] = cellOf(t.Spec, feature, x)
		}
	}
	return named
}
