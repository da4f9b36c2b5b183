package client

import (
	"math"
	"strconv"
	"time"

	"penstock/protocol"
)

// Request is what Do and Submit send. Exactly one of Features, Rows, Bytes,
// ByteRows and Encoded is given; they are read before the call returns and not
// kept.
type Request struct {
	// ID is the request_id. Default: the next number of the session.
	ID ID

	Features []float32   // one row
	Rows     [][]float32 // many rows; the reply has one result for each
	Bytes    []byte      // one row that the server scales; travels as a binary frame
	ByteRows [][]byte    // many such rows
	Encoded  *Encoded    // rows that were encoded before

	// Binary sends the rows as a binary frame, which saves both sides the
	// decimals. It takes an ID that is a number, and no Top; of Timing, how many
	// rows the batch had is not told. Default: as Options.Binary says.
	Binary bool

	// Model is a name from the server's hello. Default: the first there.
	Model string
	// Deadline bounds the server's work, counted from the arrival there; after
	// it the request fails with deadline_exceeded. Default: none. What is longer
	// than the wire can say is sent as the longest that it can: a day, or 71
	// minutes in a binary frame.
	Deadline time.Duration
	// Scores asks for all of a row's scores, Top for its best classes, Timing
	// for where the time went.
	Scores bool
	Top    int
	Timing bool
}

// Option changes a request of Predict or PredictRows.
type Option func(*Request)

// WithID gives the request_id.
func WithID(id ID) Option { return func(r *Request) { r.ID = id } }

// WithModel names the model.
func WithModel(name string) Option { return func(r *Request) { r.Model = name } }

// WithDeadline bounds the server's work. Without it, the context's deadline is
// sent.
func WithDeadline(d time.Duration) Option { return func(r *Request) { r.Deadline = d } }

// WithBinary sends the rows as a binary frame.
func WithBinary() Option { return func(r *Request) { r.Binary = true } }

// WithScores asks for all scores of every row.
func WithScores() Option { return func(r *Request) { r.Scores = true } }

// WithTop asks for the k best classes of every row.
func WithTop(k int) Option { return func(r *Request) { r.Top = k } }

// WithTiming asks where the time went.
func WithTiming() Option { return func(r *Request) { r.Timing = true } }

// Encoded is a request's rows in the form of the wire. A source that sends the
// same rows often, such as a load generator, encodes them once.
type Encoded struct {
	json   []byte
	binary []byte // in place of json
	bytes  bool   // binary is of bytes that the server scales
	many   bool
	rows   int
}

// EncodeRow encodes one row.
func EncodeRow(features []float32) (*Encoded, error) {
	b, err := appendRow(nil, features, 0)
	return &Encoded{json: b, rows: 1}, err
}

// EncodeRows encodes many rows.
func EncodeRows(rows [][]float32) (*Encoded, error) {
	b, err := appendRows(nil, rows)
	return &Encoded{json: b, many: true, rows: len(rows)}, err
}

// EncodeBinary encodes many rows for binary frames.
func EncodeBinary(rows [][]float32) (*Encoded, error) {
	b, err := appendBinaryRows([]byte{}, rows)
	return &Encoded{binary: b, many: true, rows: len(rows)}, err
}

// EncodeBytes encodes many rows of bytes, which the server scales, for binary
// frames.
func EncodeBytes(rows [][]byte) (*Encoded, error) {
	b, err := appendByteRows([]byte{}, rows)
	return &Encoded{binary: b, bytes: true, many: true, rows: len(rows)}, err
}

// check refuses what would be sent as something else than it says.
func (r *Request) check() error {
	given := 0
	for _, there := range []bool{r.Features != nil, r.Rows != nil, r.Bytes != nil, r.ByteRows != nil, r.Encoded != nil} {
		if there {
			given++
		}
	}
	switch {
	case given > 1:
		return protocol.Errorf(protocol.BadFeatures, "the request has rows in %d fields; give one of Features, Rows, Bytes, ByteRows and Encoded", given)
	case r.Deadline < 0:
		return protocol.Errorf(protocol.BadMessage, "Request.Deadline is %v; expected more than 0, or 0 for none", r.Deadline)
	case r.Top < 0:
		return protocol.Errorf(protocol.BadMessage, "Request.Top is %d; expected more than 0, or 0 for none", r.Top)
	case r.Binary && r.Encoded != nil && r.Encoded.binary == nil:
		return protocol.Errorf(protocol.BadFeatures, "these rows were encoded as JSON; use EncodeBinary or EncodeBytes for a binary frame")
	}
	return nil
}

// isBinary reports whether the request travels as a binary frame. A client's
// preference for them gives way to what they cannot say.
func (r *Request) isBinary(preferred bool) bool {
	if r.Encoded != nil {
		return r.Encoded.binary != nil
	}
	return r.Binary || r.Bytes != nil || r.ByteRows != nil || preferred && r.ID.text == "" && r.Top == 0
}

// many reports whether the answer has Rows.
func (r *Request) many() bool {
	return r.Rows != nil || r.ByteRows != nil || r.Encoded != nil && r.Encoded.many
}

// Bytes is how many of a message the rows take.
func (e *Encoded) Bytes() int { return len(e.json) }

// rows returns how much of the window the request takes.
func (r *Request) rows() int {
	switch {
	case r.Encoded != nil:
		return r.Encoded.rows
	case r.Rows != nil:
		return len(r.Rows)
	case r.ByteRows != nil:
		return len(r.ByteRows)
	}
	return 1
}

// appendRequest appends the request's message to dst.
func appendRequest(dst []byte, r *Request) (_ []byte, err error) {
	dst = append(dst, `{"request_id":`...)
	dst = appendID(dst, r.ID)
	if r.Model != "" {
		dst = append(dst, `,"model":`...)
		dst = appendString(dst, r.Model)
	}
	dst = appendDeadline(dst, r.Deadline)
	dst = appendDetail(dst, r)
	if r.Top > 0 {
		dst = append(dst, `,"top_k":`...)
		dst = strconv.AppendInt(dst, int64(r.Top), 10)
	}
	dst = append(dst, `,"features":`...)
	switch {
	case r.Encoded != nil:
		dst = append(dst, r.Encoded.json...)
	case r.Rows != nil:
		dst, err = appendRows(dst, r.Rows)
	default:
		dst, err = appendRow(dst, r.Features, 0)
	}
	return append(dst, '}'), err
}

func appendDetail(dst []byte, r *Request) []byte {
	switch {
	case r.Scores && r.Timing:
		return append(dst, `,"detail":["scores","timing"]`...)
	case r.Scores:
		return append(dst, `,"detail":["scores"]`...)
	case r.Timing:
		return append(dst, `,"detail":["timing"]`...)
	}
	return dst
}

func appendRows(dst []byte, rows [][]float32) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, row := range rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendRow(dst, row, i); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// appendRow appends the shortest decimals that read back as the same float32.
// JSON has no NaN and no infinity, so they are refused here.
func appendRow(dst []byte, features []float32, row int) ([]byte, error) {
	const exponent = 0xff << 23
	dst = append(dst, '[')
	for i, f := range features {
		if i > 0 {
			dst = append(dst, ',')
		}
		if math.Float32bits(f) == 0 { // common in sparse rows, and much cheaper
			dst = append(dst, '0')
			continue
		}
		if math.Float32bits(f)&exponent == exponent { // NaN or infinity
			return dst, notFinite(row, i, f)
		}
		dst = strconv.AppendFloat(dst, float64(f), 'g', -1, 32)
	}
	return append(dst, ']'), nil
}

func notFinite(row, entry int, f float32) error {
	return protocol.Errorf(protocol.BadFeatures, "row %d, entry %d is %v; send finite numbers", row, entry, f)
}
