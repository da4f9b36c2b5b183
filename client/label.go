package client

import (
	"encoding/json"
	"math"
	"strconv"

	"penstock/protocol"
)

// Class is a true answer by its class's name.
func Class(name string) protocol.Label { return protocol.Label{Text: name, IsText: true} }

// Number is a true answer of a regression.
func Number(value float64) protocol.Label { return protocol.Label{Number: value} }

// appendFeedback appends the message that labels a request.
func appendFeedback(dst []byte, id ID, labels []protocol.Label) ([]byte, error) {
	dst = append(dst, `{"type":"feedback","request_id":`...)
	dst = appendID(dst, id)
	if len(labels) == 1 {
		dst = append(dst, `,"label":`...)
	} else {
		dst = append(dst, `,"labels":[`...)
	}
	for i, label := range labels {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch {
		case label.IsText:
			dst = appendString(dst, label.Text)
		case math.IsNaN(label.Number) || math.IsInf(label.Number, 0):
			return dst, protocol.Errorf(protocol.BadLabel, "label %d is %v; send a finite number", i, label.Number)
		default:
			dst = strconv.AppendFloat(dst, label.Number, 'g', -1, 64)
		}
	}
	if len(labels) != 1 {
		dst = append(dst, ']')
	}
	return append(dst, '}'), nil
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
