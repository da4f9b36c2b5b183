// Package export writes labelled outcomes as tables that other programs read, CSV and
// Parquet, and reads such tables into a store.
//
// Its contract: numbers are written so that they are read as what they are, to the last
// bit, and a table that was written can be read into another store, where it gives the same
// numbers, however often it is read. Scopes, which are secret, and names of people stay
// behind.
package export

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"penstock/quality"
	"penstock/quality/store"
)

// Format is one of a table.
type Format string

// The formats.
const (
	CSV     Format = "csv"     // with a line of names; RFC 4180
	Parquet Format = "parquet" // compressed with Zstandard
)

// errMixed is why some outcomes are not one table.
var errMixed = errors.New("the versions of this model predict different things, which are not one table; export each version on its own")

// Write writes the outcomes of a query, oldest first as they were labelled, and returns
// how many rows these are. Columns are those of Columns.
//
// Predictions and labels are names of classes; of several labels, JSON lists of names;
// numbers, of several values as JSON lists. Confidences of several labels are a JSON list,
// too. Where a model predicts one number, and for confidences of a class, Parquet's columns
// are numbers, and else texts.
func Write(ctx context.Context, s *store.Store, q store.Query, f Format, w io.Writer) (rows int, err error) {
	var t table
	defer func() {
		if t != nil && err == nil {
			err = t.close()
		}
	}()
	err = s.Outcomes(ctx, q, false, func(o *quality.Outcomes) error {
		if t == nil {
			if t, err = newTable(f, o, w); err != nil {
				return err
			}
		}
		rows += o.Len()
		return t.write(o)
	})
	if err == nil && t == nil { // no rows: a table all the same
		t, err = newTable(f, &quality.Outcomes{Kind: "class", Width: 1}, w)
	}
	return rows, err
}

// table takes outcomes.
type table interface {
	write(*quality.Outcomes) error
	close() error
}

func newTable(f Format, like *quality.Outcomes, w io.Writer) (table, error) {
	switch f {
	case CSV:
		t := &csvTable{w: csv.NewWriter(w)}
		return t, t.w.Write(Columns())
	case Parquet:
		switch {
		case like.Kind == "labels":
			return newParquet(like, w, func(r record) record { return r }), nil
		case single(like):
			return newParquet(like, w, numbers), nil
		default:
			return newParquet(like, w, named), nil
		}
	}
	return nil, fmt.Errorf("the format is %q; expected csv or parquet", f)
}

// single reports that a row is one number.
func single(o *quality.Outcomes) bool { return o.Kind != "class" && o.Kind != "labels" && o.Width == 1 }

type csvTable struct {
	w    *csv.Writer
	line []string
}

func (t *csvTable) write(o *quality.Outcomes) error {
	for i := range o.Len() {
		r, err := recordOf(o, i)
		if err != nil {
			return err
		}
		t.line = fields(&r, t.line[:0])
		if err := t.w.Write(t.line); err != nil {
			return err
		}
	}
	return nil
}

func (t *csvTable) close() error {
	t.w.Flush()
	return t.w.Error()
}

// parquetTable writes rows whose predictions are P and whose confidences are C.
type parquetTable[P, C any] struct {
	w      *parquet.GenericWriter[row[P, C]]
	turn   func(record) row[P, C]
	kind   string
	single bool
	rows   []row[P, C]
}

// rowsInGroup bounds the rows of a row group, and so what is held in memory until they
// are written.
const rowsInGroup = 1 << 17

func newParquet[P, C any](like *quality.Outcomes, w io.Writer, turn func(record) row[P, C]) table {
	return &parquetTable[P, C]{
		w:      parquet.NewGenericWriter[row[P, C]](w, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(rowsInGroup)),
		turn:   turn,
		kind:   like.Kind,
		single: single(like),
	}
}

func (t *parquetTable[P, C]) write(o *quality.Outcomes) error {
	if o.Kind != t.kind || single(o) != t.single {
		return errMixed
	}
	t.rows = t.rows[:0]
	for i := range o.Len() {
		r, err := recordOf(o, i)
		if err != nil {
			return err
		}
		t.rows = append(t.rows, t.turn(r))
	}
	_, err := t.w.Write(t.rows)
	return err
}

func (t *parquetTable[P, C]) close() error { return t.w.Close() }
