package client

import (
	"encoding/json"
	"math"
	"strconv"

	"penstock/protocol"
)

// Class is a true answer by its class's name.
func Class(name string) protocol.Label { return protocol.Label{Text: name, IsText: true} }

// Labels are all that are true of one row, by their names, of a model that tells
// several; none is an answer too. The label of many rows is one Labels for each.
func Labels(names ...string) protocol.Label {
	label := protocol.Label{IsList: true}
	for _, name := range names {
		label.List = append(label.List, Class(name))
	}
	return label
}

// Numbers is a true answer of a regression that has several, for one row.
func Numbers(values ...float64) protocol.Label {
	label := protocol.Label{IsList: true}
	for _, value := range values {
		label.List = append(label.List, Number(value))
	}
	return label
}

// Number is a true answer of a regression.
func Number(value float64) protocol.Label { return protocol.Label{Number: value} }

// appendFeedback appends the message that labels a request.
func appendFeedback(dst []byte, id ID, labels []protocol.Label) (_ []byte, err error) {
	dst = append(dst, `{"type":"feedback","request_id":`...)
	dst = appendID(dst, id)
	if len(labels) == 1 {
		dst, err = appendLabel(append(dst, `,"label":`...), labels[0], 0)
	} else {
		dst, err = appendLabels(append(dst, `,"labels":`...), labels)
	}
	return append(dst, '}'), err
}

func appendLabels(dst []byte, labels []protocol.Label) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, label := range labels {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendLabel(dst, label, i); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendLabel(dst []byte, label protocol.Label, at int) ([]byte, error) {
	switch {
	case label.IsList:
		return appendLabels(dst, label.List)
	case label.IsText:
		return appendString(dst, label.Text), nil
	case math.IsNaN(label.Number) || math.IsInf(label.Number, 0):
		return dst, protocol.Errorf(protocol.BadLabel, "label %d is %v; send a finite number", at, label.Number)
	}
	return strconv.AppendFloat(dst, label.Number, 'g', -1, 64), nil
}

func appendCancel(dst []byte, id ID) []byte {
	dst = append(dst, `{"type":"cancel","request_id":`...)
	return append(appendID(dst, id), '}')
}

func appendString(dst []byte, s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return append(dst, b...)
}
