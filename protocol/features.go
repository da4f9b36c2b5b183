package protocol

import (
	"slices"

	"penstock/protocol/decimal"
)

// features reads one row or many, straight into m.Features.
func (d *Decoder) features(i int) int {
	if d.s.peek(i) != '[' {
		d.reject(BadFeatures, "features must be an array of numbers, or an array of such arrays")
		return d.s.skip(i, 1)
	}
	if d.s.peek(d.s.space(i+1)) != '[' {
		width, next := d.row(i, 1)
		d.m.Rows, d.m.Width = 1, width
		return next
	}
	d.m.Many = true
	next := d.s.array(i, d.nextRow)
	if d.MaxRows > 0 && d.m.Rows > d.MaxRows && d.invalid == nil {
		d.invalid = WrongCount(TooManyRows, d.MaxRows, d.m.Rows, "too many rows in one request; split it")
	}
	return next
}

// nextRow reads one element of an array of rows.
func (d *Decoder) nextRow(i int) int {
	if d.s.peek(i) != '[' {
		d.reject(BadFeatures, "row %d is not an array; send one row [..] or many [[..],[..]], not a mixture", d.m.Rows)
		return d.s.skip(i, 2)
	}
	width, next := d.row(i, 2)
	if next < 0 {
		return next
	}
	switch {
	case d.m.Rows == 0:
		d.m.Width = width
	case width != d.m.Width && d.invalid == nil:
		d.invalid = WrongCount(BadFeatures, d.m.Width, width, "rows of different lengths in one request")
	}
	d.m.Rows++
	if d.MaxRows > 0 && d.m.Rows > d.MaxRows {
		d.m.Features = d.m.Features[:0] // refused anyhow: keep only the count
	}
	return next
}

// row appends the numbers of the array at i and returns how many entries it
// has. It is the hottest loop of the decoder: nearly all numbers are read by
// decimal.Run, many at a time.
func (d *Decoder) row(i, depth int) (width, next int) {
	b, out := d.s.b, d.m.Features
	before := len(out)
	i = d.s.space(i + 1)
	if d.s.peek(i) == ']' {
		return 0, i + 1
	}
	for {
		if len(out) == cap(out) {
			out = slices.Grow(out, 1)
		}
		if n, end := decimal.Run(out[len(out):cap(out)], b[i:]); n > 0 {
			out = out[:len(out)+n]
			i += end
		} else {
			f, next, state := decimal.Parse(b, i)
			if state != decimal.OK {
				if next = d.badEntry(i, len(out)-before, depth, state); next < 0 {
					return len(out) - before, next
				}
			}
			out = append(out, f)
			i = next
		}
		i = d.s.space(i)
		switch d.s.peek(i) {
		case ',':
			i = d.s.space(i + 1)
		case ']':
			d.m.Features = out
			return len(out) - before, i + 1
		default:
			return len(out) - before, d.s.broken(i, "expected , or ] in a row of features")
		}
	}
}

// badEntry refuses the entry at i, which is no number that fits float32, and
// returns the position after it.
func (d *Decoder) badEntry(i, entry, depth int, state decimal.State) int {
	next := d.s.skip(i, depth)
	if next < 0 {
		return next
	}
	what := "is nested; a row is a flat array of numbers"
	switch c := d.s.peek(i); {
	case state == decimal.TooLarge:
		what = "is outside the range of float32 (±3.4e38)"
	case c == 'n':
		what = "is null; send a number, null is never taken as 0"
	case c == '"':
		what = "is a string; send a number"
	case c == 't' || c == 'f':
		what = "is a boolean; send 0 or 1"
	case c == '{':
		what = "is an object; send a number"
	}
	d.reject(BadFeatures, "row %d, entry %d %s", d.m.Rows, entry, what)
	return next
}
