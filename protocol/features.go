package protocol

import (
	"math"
	"slices"

	"penstock/protocol/decimal"
)

// features reads one row or many, straight into m.Features.
func (d *Decoder) features(i int) int {
	d.featuresAt = i
	switch d.s.peek(i) {
	case '[':
	case '{':
		d.named, d.m.Rows = true, 1
		return d.s.skip(i, 1)
	default:
		d.reject(BadFeatures, "features must be an array of numbers, or an array of such arrays; or objects of numbers by name")
		return d.s.skip(i, 1)
	}
	switch d.s.peek(d.s.space(i + 1)) {
	case '[':
	case '{':
		d.named, d.m.Many = true, true
		return d.namedRows(i)
	default:
		width, next := d.row(i, 1)
		d.m.Rows, d.m.Width = 1, width
		return next
	}
	d.m.Many = true
	return d.checkRows(d.rows(d.s.space(i + 1)))
}

// namedRows counts the rows of an array of objects, which are read when the model is
// known: see Rows.
func (d *Decoder) namedRows(i int) int {
	next := d.s.array(i, 1, func(i int) (int, bool) {
		if d.s.peek(i) != '{' {
			d.reject(BadFeatures, "row %d is not an object; send all rows by name, or none", d.m.Rows)
		}
		d.m.Rows++
		return d.s.skip(i, 2), true
	})
	return d.checkRows(next)
}

// checkRows refuses too many rows, of which the last has been read.
func (d *Decoder) checkRows(next int) int {
	if next >= 0 && d.MaxRows > 0 && d.m.Rows > d.MaxRows && d.invalid == nil {
		d.invalid = WrongCount(TooManyRows, d.MaxRows, d.m.Rows, "too many rows in one request; split it")
	}
	return next
}

// rows reads the elements of an array of rows, from the first, which is there.
// Where the message is refused anyhow, the rest is only counted.
func (d *Decoder) rows(i int) int {
	for {
		if d.invalid != nil || d.MaxRows > 0 && d.m.Rows == d.MaxRows {
			left, next := d.s.rest(i, 1)
			d.m.Rows += left
			return next
		}
		if i = d.nextRow(i); i < 0 {
			return i
		}
		i = d.s.space(i)
		switch d.s.peek(i) {
		case ',':
			i = d.s.space(i + 1)
		case ']':
			return i + 1
		default:
			return d.s.broken(i, "expected , or ] in an array")
		}
	}
}

// nextRow reads one element of an array of rows.
func (d *Decoder) nextRow(i int) int {
	if d.s.peek(i) != '[' {
		d.reject(BadFeatures, "row %d is not an array; send one row [..] or many [[..],[..]], not a mixture", d.m.Rows)
		return d.s.skip(i, 2)
	}
	width, next := d.row(i, 2)
	if d.m.Rows == 0 {
		d.m.Width = width
	} else if width != d.m.Width && d.invalid == nil {
		d.invalid = WrongCount(BadFeatures, d.m.Width, width, "rows of different lengths in one request")
	}
	d.m.Rows++
	return next
}

// widest is how many features the next row may have, to be kept.
func (d *Decoder) widest() int {
	switch {
	case d.m.Rows > 0:
		return d.m.Width
	case d.MaxFeatures > 0:
		return d.MaxFeatures
	}
	return math.MaxInt
}

// row appends the numbers of the array at i, whose entries are nested so deep,
// and returns how many entries it has. What is refused anyhow, a row that is too
// wide or has a bad entry, is neither converted nor kept from there on, and only
// counted.
func (d *Decoder) row(i, depth int) (width, next int) {
	i = d.s.space(i + 1)
	if d.s.peek(i) == ']' {
		return 0, i + 1
	}
	if d.invalid != nil || d.tooWide || d.hole != nil {
		return d.pass(i, depth)
	}
	most := d.widest()
	width, i = d.numbers(i, most, depth)
	if i < 0 || d.invalid != nil || d.hole != nil || d.s.b[i-1] == ']' {
		return width, i
	}
	left, next := d.pass(i, depth)
	if d.m.Rows == 0 {
		d.tooWide, d.m.Features = true, d.m.Features[:0]
	}
	return width + left, next
}

// pass counts what is left of a row, from the entry at i: plain numbers by
// reading them, which is faster than looking at each.
func (d *Decoder) pass(i, depth int) (entries, next int) {
	var unused [64]float32
	for {
		n, end := decimal.Run(unused[:], d.s.b[i:])
		if n < worthRunning {
			break
		}
		entries += n
		if i = d.s.space(i + end); d.s.peek(i) != ',' {
			return entries, d.closed(i)
		}
		i = d.s.space(i + 1)
	}
	left, next := d.s.rest(i, depth-1)
	return entries + left, next
}

// closed returns the position after the bracket that ends a row at i.
func (d *Decoder) closed(i int) int {
	if d.s.peek(i) != ']' {
		return d.s.broken(i, "expected , or ] in a row of features")
	}
	return i + 1
}

// numbers reads a row from the number at i: to its end, the position after the
// bracket, or, where it has more than most entries, to the next. It is the
// hottest loop of the decoder: nearly all numbers are read by decimal.Run, many
// at a time. Where that is in vain it is left alone for more and more of them.
func (d *Decoder) numbers(i, most, depth int) (width, next int) {
	b, out := d.s.b, d.m.Features
	for pause, left := 0, 0; width < most; {
		if len(out) == cap(out) {
			out = slices.Grow(out, 1)
		}
		n := 0
		if left--; left < 0 {
			var end int
			n, end = decimal.Run(out[len(out):len(out)+min(cap(out)-len(out), most-width)], b[i:])
			if pause = min(2*pause+1, longestPause); n >= worthRunning {
				pause = 0
			}
			left = pause
			if n > 0 {
				out, i = out[:len(out)+n], i+end
			}
		}
		if n == 0 {
			f, end, state := decimal.Parse(b, i)
			if state != decimal.OK {
				d.m.Features = out
				return d.badEntry(i, width, depth, state)
			}
			n, out, i = 1, append(out, f), end
		}
		width += n
		i = d.s.space(i)
		switch d.s.peek(i) {
		case ',':
			i = d.s.space(i + 1)
		case ']':
			d.m.Features = out
			return width, i + 1
		default:
			return width, d.s.broken(i, "expected , or ] in a row of features")
		}
	}
	d.m.Features = out
	return width, i
}

// After a call of decimal.Run that read fewer numbers than are worth it, one is
// read without, after the next three, and so on up to the longest pause.
const (
	worthRunning = 4
	longestPause = 31
)

// badEntry looks at the entry at i, which is no number that fits float32, and
// returns how many entries the row has and the position after it. What some models
// take, null or a text, is left until the model is known; all else is refused.
func (d *Decoder) badEntry(i, entry, depth int, state decimal.State) (width, next int) {
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
	bad := Errorf(BadFeatures, "row %d, entry %d %s", d.m.Rows, entry, what)
	if c := d.s.peek(i); (c == 'n' || c == '"') && d.invalid == nil {
		d.hole = bad
	} else if d.invalid == nil {
		d.invalid = bad
	}
	left, next := d.s.rest(i, depth-1)
	return entry + left, next
}
