// Package chunk writes labelled outcomes as compact blobs, and reads them again.
//
// Its contract: what is read is what was written, to the last bit, or an error; a
// blob that is damaged, or made by somebody else, costs an error and no more memory
// than it could honestly need. It knows no files and no tables.
//
// A blob is a byte that names the form, and a Zstandard frame (RFC 8878) with its
// checksum. In it the columns lie one after another, each as what makes it small: times
// and request ids that count up as differences, texts as places in a dictionary,
// floating-point numbers as planes of bytes, and of what other columns tell only the
// difference to that.
package chunk

import (
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"penstock/quality"
)

const (
	// form is the first byte of a blob.
	form = 1
	// mostRows and mostCells bound a blob: rows, and numbers of all columns in it.
	// One row may have more.
	mostRows  = 1 << 16
	mostCells = 1 << 21
	// mostWide is how many numbers one row may have.
	mostWide = 1 << 22
	// mostText bounds the bytes of request ids, callers and names in a blob; one row may
	// have more.
	mostText = 1 << 23
	// mostBody bounds what a blob is read to.
	mostBody = 512 << 20
)

// ErrDamaged means that a blob is not as it was written.
var ErrDamaged = errors.New("the chunk is damaged")

// FormError means that a blob was written by a program of another time.
type FormError struct{ Form byte }

func (e *FormError) Error() string {
	return fmt.Sprintf("the chunk has form %d; this program reads form %d: use the program that wrote it, or a newer one", e.Form, form)
}

// Fits is how many rows of o, from row from on, one blob may hold; at least one.
func Fits(o *quality.Outcomes, from int) int {
	rows := min(o.Len()-from, mostRows, max(1, mostCells/cellsOf(o)))
	text := 0
	for i := range rows {
		text += len(o.IDs[from+i]) + len(o.Callers[from+i]) + len(o.Names[from+i])
		if text > mostText {
			return max(1, i)
		}
	}
	return rows
}

// cellsOf is how many numbers a row has.
func cellsOf(o *quality.Outcomes) int { return 12 + 2*o.Width + o.LabelWidth }

// Coder writes and reads blobs. It is for one goroutine at a time, and keeps its
// memory for the next blob. The zero value is ready.
type Coder struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
	body    []byte
	words   []uint64
	numbers []int64
	last    []int64
	text    []byte
	ends    []int
	ids     ids
	senders senders
}

// Append adds the blob of rows [from, to) of o to dst: as many as Fits at most.
func (c *Coder) Append(dst []byte, o *quality.Outcomes, from, to int) ([]byte, error) {
	if err := check(o); err != nil {
		return dst, err
	}
	if c.encoder == nil {
		encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if err != nil {
			return dst, fmt.Errorf("chunk: %w", err)
		}
		c.encoder = encoder
	}
	w := writer{c: c, o: o, from: from, to: to, body: c.body[:0]}
	w.write()
	c.body = w.body
	return c.encoder.EncodeAll(w.body, append(dst, form)), nil
}

// Read reads a blob into o, whose columns it overwrites and whose memory it uses
// again. Model, Version, Kind and Classes are not in the blob, and stay.
func (c *Coder) Read(blob []byte, o *quality.Outcomes) error {
	if len(blob) == 0 {
		return fmt.Errorf("%w: it is empty", ErrDamaged)
	}
	if blob[0] != form {
		return &FormError{Form: blob[0]}
	}
	if c.decoder == nil {
		decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostBody))
		if err != nil {
			return fmt.Errorf("chunk: %w", err)
		}
		c.decoder = decoder
	}
	body, err := c.decoder.DecodeAll(blob[1:], c.body[:0])
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	c.body = body
	r := reader{c: c, o: o, rest: body}
	r.read()
	return r.err
}

// check refuses columns that do not fit together: a programmer's error, which must
// not become a blob.
func check(o *quality.Outcomes) error {
	n := o.Len()
	if cells := cellsOf(o); cells > mostWide {
		return fmt.Errorf("chunk: a row has %d numbers; expected at most %d", cells, mostWide)
	}
	for _, column := range []struct {
		name      string
		got, want int
		orNone    bool
	}{
		{"Labelled", len(o.Labelled), n, false},
		{"Scopes", len(o.Scopes), n, false},
		{"IDs", len(o.IDs), n, false},
		{"Rows", len(o.Rows), n, false},
		{"Callers", len(o.Callers), n, false},
		{"Names", len(o.Names), n, false},
		{"Values", len(o.Values), n * o.Width, false},
		{"Confidences", len(o.Confidences), n * o.Width, true},
		{"Truths", len(o.Truths), n * o.LabelWidth, false},
		{"Verdicts", len(o.Verdicts), n, false},
		{"Shown", len(o.Shown), n, true},
		{"Probability", len(o.Probability), n, true},
		{"Squares", len(o.Squares), n, true},
		{"SetSize", len(o.SetSize), n, true},
		{"Covered", len(o.Covered), len(o.SetSize), false},
		{"Slices", len(o.Slices), n, true},
	} {
		if column.got != column.want && (!column.orNone || column.got != 0) {
			return fmt.Errorf("chunk: column %s has %d entries; expected %d", column.name, column.got, column.want)
		}
	}
	return nil
}
