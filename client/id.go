package client

import (
	"fmt"
	"strconv"

	"penstock/protocol"
)

// ID is a request_id: a number or a string, as it goes over the wire. IDs can
// be compared and be keys of a map. The zero ID stands for none.
type ID struct {
	number uint64
	text   string
}

// NumberID makes an ID of a number above zero. Above 2^53 it no longer
// survives tools that read JSON numbers as float64; the server keeps every
// digit.
func NumberID(n uint64) ID { return ID{number: n} }

// StringID makes an ID of 1 to 128 printable ASCII characters without quotes,
// backslashes and spaces. Another one is refused when it is used.
func StringID(s string) ID { return ID{text: s} }

// String returns the ID without quotes.
func (id ID) String() string {
	if id.text != "" {
		return id.text
	}
	return strconv.FormatUint(id.number, 10)
}

// IsZero reports whether the ID stands for none.
func (id ID) IsZero() bool { return id == ID{} }

// check refuses what the server could not read back to us: its error would
// name no request.
func (id ID) check() error {
	if len(id.text) > protocol.MaxRequestID {
		return &protocol.Error{Code: protocol.BadRequestID, HasCounts: true,
			Expected: protocol.MaxRequestID, Got: len(id.text), Message: "request_id is too long"}
	}
	for _, c := range []byte(id.text) {
		if c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return &protocol.Error{Code: protocol.BadRequestID, Message: fmt.Sprintf(
				"request_id %q has characters beyond plain ASCII; use letters, digits and signs", id.text)}
		}
	}
	return nil
}

func appendID(dst []byte, id ID) []byte {
	if id.text == "" {
		return strconv.AppendUint(dst, id.number, 10)
	}
	dst = append(dst, '"')
	dst = append(dst, id.text...)
	return append(dst, '"')
}

// parseID reads the JSON of an ID that we may have sent.
func parseID(b []byte) (ID, bool) {
	if len(b) > 2 && b[0] == '"' && b[len(b)-1] == '"' {
		return ID{text: string(b[1 : len(b)-1])}, true
	}
	if len(b) == 0 || len(b) > 20 {
		return ID{}, false
	}
	var n uint64
	for _, c := range b {
		d := uint64(c - '0')
		if d > 9 || n > (1<<64-1-d)/10 {
			return ID{}, false
		}
		n = n*10 + d
	}
	return ID{number: n}, n != 0
}
