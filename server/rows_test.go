package server_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// row is the JSON of a nonce's row.
func (r *rig) row(nonce uint32) string {
	b, err := json.Marshal(r.oracle.Row(nonce))
	r.must(err)
	return string(b)
}

func (r *rig) rows(nonces ...uint32) string {
	var rows []string
	for _, nonce := range nonces {
		rows = append(rows, r.row(nonce))
	}
	return "[" + strings.Join(rows, ",") + "]"
}

// request is a predict message without a type, its id as it goes over the wire.
func (r *rig) request(id string, nonce uint32) string {
	return fmt.Sprintf(`{"features":%s,"request_id":%s}`, r.row(nonce), id)
}

// prediction is the reply to request.
func (r *rig) prediction(id string, nonce uint32) string {
	return fmt.Sprintf(`{"type":"prediction","request_id":%s,"prediction":%s,"confidence":%s,"model":"oracle","version":"1"}`,
		id, r.class(nonce), r.confidence(nonce))
}

// class is the JSON of the label that the oracle gives a nonce.
func (r *rig) class(nonce uint32) string {
	return strconv.Quote(strconv.Itoa(int(nonce) % r.oracle.Classes))
}

func (r *rig) confidence(nonce uint32) string {
	return float(r.oracle.Want(nonce)[int(nonce)%r.oracle.Classes])
}

func float(f float32) string { return strconv.FormatFloat(float64(f), 'f', -1, 32) }

// typedError is the start of an error reply, up to its message.
func typedError(id, code string) string {
	return fmt.Sprintf(`{"type":"error","request_id":%s,"code":"%s","message":"…","retryable":…}`, id, code)
}
