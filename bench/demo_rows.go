package bench

import (
	"fmt"
	"slices"
	"strconv"

	"penstock/client"
	"penstock/model"
	"penstock/protocol"
	"penstock/weights"
)

// Labelled are rows whose true answers are known: Digits and Table.
type Labelled interface {
	Len() int
	// Fits says why a model cannot be asked about the rows, or nil.
	Fits(m protocol.HelloItem) error
	// Ask is the request for a row, of a model that Fits.
	Ask(row int) client.Request
	// Truth is the row's label, and whether a prediction has it; judged is false where
	// answers are not right or wrong.
	Truth(row int, m protocol.HelloItem, p client.Prediction) (label protocol.Label, right, judged bool)
}

// Digits are the held-out digits of package weights.
type Digits struct{ *weights.Rows }

// Fits implements Labelled.
func (d Digits) Fits(m protocol.HelloItem) error {
	if d.Features != m.Features {
		return wrong("Model", "%s takes %d features, and the rows have %d", m.Name, m.Features, d.Features)
	}
	for i, label := range d.Labels {
		if int(label) >= len(m.Classes) {
			return wrong("Model", "%s has %d classes, and row %d is of class %d", m.Name, len(m.Classes), i, label)
		}
	}
	return nil
}

// Ask implements Labelled.
func (d Digits) Ask(row int) client.Request { return client.Request{Features: scaled(d.Row(row))} }

// Truth implements Labelled.
func (d Digits) Truth(row int, m protocol.HelloItem, p client.Prediction) (_ protocol.Label, right, judged bool) {
	class := m.Classes[d.Label(row)]
	return client.Class(class), p.Label == class, true
}

// scaled turns bytes into features in [0,1].
func scaled(row []byte) []float32 {
	features := make([]float32, len(row))
	for i, b := range row {
		features[i] = float32(b) / 255
	}
	return features
}

// Table are the labelled rows of a bundle.
type Table struct{ *weights.Table }

// Fits implements Labelled.
func (t Table) Fits(m protocol.HelloItem) error {
	ours := t.Spec.First()
	columns := make([]string, len(t.Spec.Columns))
	for i, c := range t.Spec.Columns {
		columns[i] = c.Name
	}
	theirs := make([]string, len(m.Columns))
	for i, c := range m.Columns {
		theirs[i] = c.Name
	}
	if t.Spec.Features != m.Features || !slices.Equal(columns, theirs) || !slices.Equal(ours.Classes, m.Classes) {
		return wrong("Model", "%s is another than the bundle's: it takes %d features %.200q and has the classes %.200q; the bundle's has %d, %.200q and %.200q",
			m.Name, m.Features, theirs, m.Classes, t.Spec.Features, columns, ours.Classes)
	}
	return nil
}

// Ask implements Labelled. Where columns have names, the row is sent by them.
func (t Table) Ask(row int) client.Request {
	if named := t.Named(row); named != nil {
		return client.Request{Named: named}
	}
	return client.Request{Features64: t.Row(row)}
}

// Truth implements Labelled.
func (t Table) Truth(row int, _ protocol.HelloItem, p client.Prediction) (_ protocol.Label, right, judged bool) {
	label := t.Labels[row]
	if t.Spec.First().Kind == model.Class {
		return client.Class(label), p.Label == label, true
	}
	value, err := strconv.ParseFloat(label, 64)
	if err != nil {
		panic(fmt.Sprintf("bench: label %q of a regression was not read as a number", label)) // HeldOut did
	}
	return client.Number(value), false, false
}
