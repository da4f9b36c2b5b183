package protocol

import "unicode"

// requestID reads a string or a number, and takes null for none.
func (d *Decoder) requestID(i int) int {
	switch c := d.s.peek(i); {
	case c == '"':
		t, next := d.s.stringAt(i)
		if next < 0 {
			return next
		}
		length := t.end - t.start
		if t.escaped && length <= MaxRequestID {
			d.m.PlainID = append(d.s.appendText([]byte{'"'}, t), '"')
			d.setID(d.s.b[i:next], length, plainID(d.m.PlainID))
			return next
		}
		d.setID(d.s.b[i:next], length, length <= MaxRequestID && plainID(d.s.b[t.start:t.end]))
		return next
	case c == '-' || c-'0' < 10:
		next := d.s.numberAt(i)
		if next >= 0 {
			d.setID(d.s.b[i:next], next-i, true)
		}
		return next
	case d.s.isNull(i):
		return d.s.skip(i, 1)
	}
	d.reject(BadRequestID, "request_id must be a string or a number")
	return d.s.skip(i, 1)
}

func (d *Decoder) setID(raw []byte, length int, plain bool) {
	switch {
	case length > MaxRequestID:
		d.reject(BadRequestID, "request_id has %d bytes; at most %d are allowed", length, MaxRequestID)
	case !plain:
		d.reject(BadRequestID, "request_id has control or right-to-left characters; use plain text")
	default:
		d.m.ID = raw
	}
}

// plainID reports whether an id can stand in a log or a table without changing
// how the text around it reads.
func plainID(id []byte) bool {
	for _, c := range id {
		if c < 0x20 || c >= 0x7f {
			return plainRunes(string(id))
		}
	}
	return true
}

func plainRunes(id string) bool {
	for _, r := range id {
		if !maybeSpecial(r) {
			continue
		}
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, rightToLeft) {
			return false
		}
	}
	return true
}

// maybeSpecial is false for most letters and signs there are, which need not be
// looked for in tables.
func maybeSpecial(r rune) bool {
	switch {
	case r >= 0xae && r < 0x590, r >= 0x900 && r < 0x180e, r >= 0x2070 && r < 0xd800, r >= 0x1f000 && r < 0xe0000:
		return false
	}
	return true
}

// rightToLeft holds the blocks whose letters have the bidirectional classes R
// and AL (Unicode 15, table 2 of UAX #9's derived data, by block).
var rightToLeft = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x0590, Hi: 0x08ff, Stride: 1}, {Lo: 0xfb1d, Hi: 0xfdff, Stride: 1},
		{Lo: 0xfe70, Hi: 0xfeff, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x10800, Hi: 0x10fff, Stride: 1}, {Lo: 0x1e800, Hi: 0x1efff, Stride: 1},
	},
}
