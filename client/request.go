package client

import (
	"strconv"
	"time"

	"penstock/protocol"
)

// Request is what Do and Submit send. Exactly one of the fields with rows, Features
// to Encoded, is given; they are read before the call returns and not kept.
//
// A NaN among the features stands for one that is missing, which the model must
// allow; the server's hello tells whether some may be.
type Request struct {
	// ID is the request_id. Default: the next number of the session.
	ID ID

	Features []float32   // one row
	Rows     [][]float32 // many rows; the reply has one result for each
	Bytes    []byte      // one row that the server scales; travels as a binary frame
	ByteRows [][]byte    // many such rows
	// Features64 and Rows64 are rows whose digits are all sent as JSON, which matters
	// for numbers that are large beside their differences. A binary frame has them
	// rounded to float32.
	Features64 []float64
	Rows64     [][]float64
	// Named and NamedRows are rows by the names of the model's columns, which the
	// server's hello tells: numbers of any type, strings for categories, and nil, a
	// nil pointer or nothing for what is missing. They travel as JSON.
	Named     map[string]any
	NamedRows []map[string]any
	Encoded   *Encoded // rows that were encoded before

	// Binary sends the rows as a binary frame, which saves both sides the
	// decimals. It takes an ID that is a number, and no Top, no Set and no names; of Timing,
	// how many rows the batch had is not told. Default: as Options.Binary says.
	Binary bool

	// Model is a name from the server's hello. Default: the first there.
	Model string
	// Deadline bounds the server's work, counted from the arrival there; after
	// it the request fails with deadline_exceeded. Default: none. What is longer
	// than the wire can say is sent as the longest that it can: a day, or 71
	// minutes in a binary frame.
	Deadline time.Duration
	// Scores asks for all of a row's scores, Top for its best classes, Timing
	// for where the time went, and Outputs for what each of the model's outputs
	// says, beside the first.
	Scores  bool
	Top     int
	Timing  bool
	Outputs bool
	// Set asks for the answers that are likely enough to hold the truth: of classes a
	// set, of numbers an interval. Alpha, between 0 and 1, is how often they may miss
	// it. Default: the server's own. See Row.Set and Row.Interval.
	Set   bool
	Alpha float64
}

// Option changes a request of Predict, PredictRows and the like.
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

// WithOutputs asks for what each of the model's outputs says; see Row.Outputs.
func WithOutputs() Option { return func(r *Request) { r.Outputs = true } }

// WithSet asks for the answers that are likely enough to hold the truth; see Request.Set.
func WithSet() Option { return func(r *Request) { r.Set = true } }

// WithAlpha asks for a set that may miss the truth that often, between 0 and 1.
func WithAlpha(alpha float64) Option { return func(r *Request) { r.Set, r.Alpha = true, alpha } }

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

// EncodeNamed encodes one row by the names of columns; see Request.Named.
func EncodeNamed(row map[string]any) (*Encoded, error) {
	b, err := appendNamed(nil, row, 0)
	return &Encoded{json: b, rows: 1}, err
}

// EncodeNamedRows encodes many such rows.
func EncodeNamedRows(rows []map[string]any) (*Encoded, error) {
	b, err := appendNamedRows(nil, rows)
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
	for _, there := range []bool{r.Features != nil, r.Rows != nil, r.Bytes != nil, r.ByteRows != nil, r.Features64 != nil, r.Rows64 != nil,
		r.Named != nil, r.NamedRows != nil, r.Encoded != nil} {
		if there {
			given++
		}
	}
	switch {
	case given > 1:
		return protocol.Errorf(protocol.BadFeatures, "the request has rows in %d fields; give one of Features, Rows, Bytes, ByteRows, Features64, Rows64, Named, NamedRows and Encoded", given)
	case r.Deadline < 0:
		return protocol.Errorf(protocol.BadMessage, "Request.Deadline is %v; expected more than 0, or 0 for none", r.Deadline)
	case r.Top < 0:
		return protocol.Errorf(protocol.BadMessage, "Request.Top is %d; expected more than 0, or 0 for none", r.Top)
	case r.Alpha != 0 && !(r.Alpha > 0 && r.Alpha < 1):
		return protocol.Errorf(protocol.BadMessage, "Request.Alpha is %v; expected more than 0 and less than 1, or 0 for the server's own", r.Alpha)
	case r.Alpha != 0 && !r.Set:
		return protocol.Errorf(protocol.BadMessage, "Request.Alpha is of a set, which is not asked for; set Request.Set as well")
	case r.Binary && r.Encoded != nil && r.Encoded.binary == nil:
		return protocol.Errorf(protocol.BadFeatures, "these rows were encoded as JSON; use EncodeBinary or EncodeBytes for a binary frame")
	case r.Binary && r.named():
		return protocol.Errorf(protocol.BadFeatures, "a binary frame has no names; send Named and NamedRows as JSON, or Features and Rows in the order of the columns, categories by their index")
	}
	return nil
}

// isBinary reports whether the request travels as a binary frame. A client's
// preference for them gives way to what they cannot say.
func (r *Request) isBinary(preferred bool) bool {
	if r.Encoded != nil {
		return r.Encoded.binary != nil
	}
	if r.named() {
		return false
	}
	return r.Binary || r.Bytes != nil || r.ByteRows != nil || preferred && r.ID.text == "" && r.Top == 0 && !r.Set
}

func (r *Request) named() bool { return r.Named != nil || r.NamedRows != nil }

// many reports whether the answer has Rows.
func (r *Request) many() bool {
	return r.Rows != nil || r.ByteRows != nil || r.Rows64 != nil || r.NamedRows != nil || r.Encoded != nil && r.Encoded.many
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
	case r.Rows64 != nil:
		return len(r.Rows64)
	case r.NamedRows != nil:
		return len(r.NamedRows)
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
	if r.Alpha != 0 {
		dst = append(dst, `,"alpha":`...)
		dst = strconv.AppendFloat(dst, r.Alpha, 'g', -1, 64)
	}
	dst = append(dst, `,"features":`...)
	switch {
	case r.Encoded != nil:
		dst = append(dst, r.Encoded.json...)
	case r.Rows != nil:
		dst, err = appendRows(dst, r.Rows)
	case r.Features64 != nil:
		dst, err = appendRow64(dst, r.Features64, 0)
	case r.Rows64 != nil:
		dst, err = appendRows64(dst, r.Rows64)
	case r.Named != nil:
		dst, err = appendNamed(dst, r.Named, 0)
	case r.NamedRows != nil:
		dst, err = appendNamedRows(dst, r.NamedRows)
	default:
		dst, err = appendRow(dst, r.Features, 0)
	}
	return append(dst, '}'), err
}

func appendDetail(dst []byte, r *Request) []byte {
	if !r.Scores && !r.Timing && !r.Outputs && !r.Set {
		return dst
	}
	dst = append(dst, `,"detail":[`...)
	if r.Scores {
		dst = append(dst, `"scores",`...)
	}
	if r.Timing {
		dst = append(dst, `"timing",`...)
	}
	if r.Outputs {
		dst = append(dst, `"outputs",`...)
	}
	if r.Set {
		dst = append(dst, `"set",`...)
	}
	dst[len(dst)-1] = ']' // for the last comma
	return dst
}
