package protocol

import (
	"math"
	"slices"

	"penstock/protocol/decimal"
)

// Row says how the rows of a model are read.
type Row struct {
	Features int
	// Columns names the features; nil where they have no names.
	Columns *Columns
	// MayMiss says of each feature whether it may be missing; nil where none may.
	MayMiss []bool
	// Fill is what stands in place of a missing feature; nil where NaN does.
	Fill []float32
	// Shift is taken off each feature before it becomes a float32; nil for nothing.
	// What float32 would round away beside a large number is kept so: decimals are
	// read as float64. Fill has it taken off already.
	Shift []float64
	// Uint8Scale is what a byte is multiplied with; 0 where the model takes no bytes.
	Uint8Scale float64
}

// Work is about how many bytes Rows will look at or make, 0 where it hardly does
// anything.
func (d *Decoder) Work(a *Ask, row *Row) int {
	switch {
	case a.Binary:
		return len(a.values)
	case d.named || d.hole != nil || row.Columns.categories():
		// What is left out of an object is filled in: rows may be longer than the frame.
		return max(len(d.s.b), bytesOfFloat*a.Rows*row.Features)
	case row.Shift != nil:
		return len(d.s.b)
	}
	return 0
}

const bytesOfFloat = 4

// Rows makes a.Features the rows of a model: as many as a.Rows, each of row.Features
// values. The frame that was given to Decode or DecodeBinary must still be there, and
// a must be what was decided last.
func (d *Decoder) Rows(a *Ask, row *Row) *Error {
	switch {
	case a.Rows == 0:
		return WrongCount(TooManyRows, d.MaxRows, 0, "a request needs at least one row")
	case a.Binary:
		return a.rowsOfBinary(row)
	case d.named && row.Columns == nil:
		return Errorf(BadFeatures, "this model's features have no names; send an array of %d numbers for each row", row.Features)
	case d.hole != nil && row.Columns == nil && row.MayMiss == nil:
		return d.hole
	case !d.named && a.Width != row.Features:
		return WrongCount(BadFeatures, row.Features, a.Width, "wrong number of features in a row")
	case d.named || d.hole != nil || row.Columns.categories():
		return d.readRows(row)
	case row.Shift != nil:
		return d.shift(row)
	}
	return nil
}

func (a *Ask) rowsOfBinary(row *Row) *Error {
	if err := a.readBinary(row); err != nil {
		return err
	}
	if row.Columns.categories() {
		if err := row.checkCategories(a.Features); err != nil {
			return err
		}
	}
	if row.Shift != nil {
		if err := a.shiftBinary(row); err != nil {
			return err
		}
	}
	row.fill(a.Features)
	return nil
}

// fill puts what stands for it in place of what is missing.
func (r *Row) fill(values []float32) {
	if r.MayMiss == nil || r.Fill == nil {
		return
	}
	for i, v := range values {
		if v != v {
			values[i] = r.Fill[i%r.Features]
		}
	}
}

// missing is a feature that is missing, as engines get it.
func (r *Row) missing(feature int) float32 {
	if r.Fill != nil {
		return r.Fill[feature]
	}
	return float32(math.NaN())
}

func (r *Row) mayMiss(feature int) bool { return r.MayMiss != nil && r.MayMiss[feature] }

// shifted is a feature as engines get it.
func (r *Row) shifted(feature int, x float64) float32 {
	if r.Shift != nil {
		x -= r.Shift[feature]
	}
	return float32(x)
}

// readRows reads the features of the message once more, now that it is known what
// they mean. That they are JSON was checked.
func (d *Decoder) readRows(row *Row) *Error {
	a := d.m
	a.Features, a.Width = a.Features[:0], row.Features
	r := rowReader{decoder: d, s: &d.s, row: row}
	i := d.featuresAt
	if a.Many {
		i = d.s.space(i + 1)
	}
	for r.at = range a.Rows {
		// Row by row: one that is refused is the last that takes memory.
		a.Features = slices.Grow(a.Features, row.Features)[:len(a.Features)+row.Features]
		r.into = a.Features[len(a.Features)-row.Features:]
		if d.s.peek(i) == '{' {
			i = r.object(i)
		} else {
			i = r.array(i)
		}
		if r.err != nil {
			return r.err
		}
		i = d.s.space(d.s.space(i) + 1) // a comma, or the end
	}
	return nil
}

// rowReader reads one row of a message whose model is known.
type rowReader struct {
	decoder *Decoder
	s       *scanner
	row     *Row
	at      int // the row's number
	into    []float32
	err     *Error // the first thing that is wrong
}

// array reads a row without names, and returns the position after it.
func (r *rowReader) array(i int) int {
	feature := 0
	return r.s.array(i, 2, func(i int) (int, bool) {
		next := r.value(i, feature, false)
		feature++
		return next, r.err == nil
	})
}

// object reads a row by names. A feature that it leaves out is missing.
func (r *rowReader) object(i int) int {
	d, features := r.decoder, r.row.Features
	if len(d.given) < features {
		d.given = make([]uint32, features)
	}
	if r.at == 0 {
		clear(d.given)
	}
	mark, given := uint32(r.at)+1, 0
	next := r.s.object(i, func(key text, i int) int {
		if r.err != nil {
			return r.s.skip(i, 2)
		}
		feature, ok := r.row.Columns.find(r.s, key)
		switch {
		case !ok:
			r.reject("row %d has %q, which is no column; the columns are %s", r.at, shorten(r.s.bytesOf(key)), r.row.Columns.names())
		case d.given[feature] == mark:
			r.reject("row %d has %q twice", r.at, r.row.Columns.name(feature))
		default:
			d.given[feature] = mark
			given++
			return r.value(i, feature, true)
		}
		return r.s.skip(i, 2)
	})
	for feature := 0; given < features && feature < features && r.err == nil; feature++ {
		if d.given[feature] == mark {
			continue
		}
		if !r.row.mayMiss(feature) {
			r.reject("row %d has no %q, which may not be missing", r.at, r.row.Columns.name(feature))
		}
		r.into[feature] = r.row.missing(feature)
	}
	return next
}

func (r *rowReader) reject(format string, args ...any) {
	if r.err == nil {
		r.err = Errorf(BadFeatures, format, args...)
	}
}

// value reads the value at i as a feature.
func (r *rowReader) value(i, feature int, named bool) int {
	column := r.row.Columns.at(feature)
	switch c := r.s.peek(i); {
	case c == 'n':
		if !r.row.mayMiss(feature) {
			r.refuse(feature, named, "is null; send %s, null is never taken as 0", column.wanted())
		}
		r.into[feature] = r.row.missing(feature)
		return r.s.skip(i, 2)
	case c == '"':
		t, next := r.s.stringAt(i)
		r.category(t, feature, named)
		return next
	case c == '-' || c-'0' < 10:
		if column.isCategory() {
			r.refuse(feature, named, "is a number; send %s", column.wanted())
			return r.s.skip(i, 2)
		}
		return r.number(i, feature, named)
	case c == '{' || c == '[':
		r.refuse(feature, named, "is nested; send %s", column.wanted())
	default:
		r.refuse(feature, named, "is a boolean; send %s", column.wanted())
	}
	return r.s.skip(i, 2)
}

func (r *rowReader) number(i, feature int, named bool) int {
	if r.row.Shift != nil && r.row.Shift[feature] != 0 {
		x, next := decimal.ParseFloat64(r.s.b, i)
		r.into[feature] = r.row.shifted(feature, x)
		if v := r.into[feature]; v-v != 0 {
			r.refuse(feature, named, "is outside the range of float32 once the model's mean is taken off")
		}
		return next
	}
	x, next, state := decimal.Parse(r.s.b, i)
	if state != decimal.OK {
		r.refuse(feature, named, "is outside the range of float32 (±3.4e38)")
		return r.s.skip(i, 2)
	}
	r.into[feature] = x
	return next
}

func (r *rowReader) category(t text, feature int, named bool) {
	column := r.row.Columns.at(feature)
	if !column.isCategory() {
		r.refuse(feature, named, "is a string; send %s", column.wanted())
		return
	}
	index, ok := column.index(r.s, t)
	switch {
	case ok:
	case column.Unknown == "own":
		index = len(column.Categories)
	case column.Unknown == "missing":
		r.into[feature] = r.row.missing(feature)
		return
	default:
		r.refuse(feature, named, "is %q; send %s", shorten(r.s.bytesOf(t)), column.wanted())
		return
	}
	r.into[feature] = r.row.shifted(feature, float64(index))
}

// refuse says what is wrong with a value, by the name of its column where it was sent
// by that, else by its place.
func (r *rowReader) refuse(feature int, named bool, format string, args ...any) {
	if r.err != nil {
		return
	}
	problem := Errorf(BadFeatures, format, args...).Message
	if named {
		r.reject("row %d, %q %s", r.at, r.row.Columns.name(feature), problem)
		return
	}
	r.reject("row %d, entry %d %s", r.at, feature, problem)
}
