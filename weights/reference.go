package weights

import (
	"encoding/json"

	"penstock/model"
)

// The largest reference that is read.
const (
	maxReference     = 64 << 20 // bytes
	maxReferenceRows = 10000
)

// readReference reads what rows of the model usually hold: from a sample of those that
// it was trained on, as clients send them, beside which labels may stand; or what
// EncodeReference made of one.
func (b *Bundle) readReference() (*model.Reference, error) {
	if b.manifest.reference == "" {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	data, _, err := b.readVerified(b.manifest.reference, maxReference)
	if err != nil {
		return nil, err
	}
	o := ReadObject("", data)
	if _, made := o.members["bins"]; made {
		return decodeReference(o, b.Spec())
	}
	values, err := readReferenceRows(data, b.Spec())
	if err != nil {
		return nil, err
	}
	r := model.NewReference(b.Spec(), values)
	return &r, nil
}

// readReferenceRows returns the rows of a reference, row-major.
func readReferenceRows(data []byte, spec model.Spec) ([]float64, error) {
	var rows []json.RawMessage
	o := ReadObject("", data)
	features, labels := o.Raw("features"), o.Raw("labels")
	if err := o.Done(); err != nil {
		return nil, err
	}
	if features == nil || json.Unmarshal(features, &rows) != nil {
		return nil, wrong("features", "is not an array of rows")
	}
	if len(rows) < 1 || len(rows) > maxReferenceRows {
		return nil, wrong("features", "has %d rows; expected 1 to %d", len(rows), maxReferenceRows)
	}
	if err := checkLabels(labels, len(rows)); err != nil {
		return nil, err
	}
	values := make([]float64, 0, len(rows)*spec.Features)
	for i, row := range rows {
		read, err := readRow(row, i, spec)
		if err != nil {
			return nil, err
		}
		if len(read) != spec.Features {
			return nil, wrong("features", "row %d has %d features; the model has %d", i, len(read), spec.Features)
		}
		values = append(values, read...)
	}
	return values, nil
}

// checkLabels wants a label for each row, or none at all.
func checkLabels(labels json.RawMessage, rows int) error {
	if labels == nil {
		return nil
	}
	var all []json.RawMessage
	if err := json.Unmarshal(labels, &all); err != nil {
		return wrong("labels", "is not an array: %w", err)
	}
	if len(all) != rows {
		return wrong("labels", "has %d entries; expected one per row, %d", len(all), rows)
	}
	return nil
}
