package protocol

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// text is a JSON string as it stands in the input: between the quotes.
type text struct {
	start, end int
	escaped    bool
}

// hasMark reports whether a text begins with a byte order mark, which some
// editors and libraries put before UTF-8.
func hasMark(b []byte) bool { return bytes.HasPrefix(b, []byte("\ufeff")) }

func errMark() *Error {
	return Errorf(BadJSON, "at byte 0: a byte order mark; send the JSON text without one")
}

// stringAt reads the string whose opening quote is at i. The input is known to
// be UTF-8; escapes are checked, surrogates must come in pairs.
func (s *scanner) stringAt(i int) (text, int) {
	if s.peek(i) != '"' {
		return text{}, s.broken(i, "expected a string")
	}
	i++
	t := text{start: i}
	for i = plainEnd(s.b, i); i < len(s.b); i = plainEnd(s.b, i) {
		switch c := s.b[i]; {
		case c == '"':
			t.end = i
			return t, i + 1
		case c == '\\':
			t.escaped = true
			if i = escapesEnd(s.b, i); s.peek(i) == '\\' {
				return text{}, s.broken(i, badEscape(s.b[i:]))
			}
		case c < 0x20:
			return text{}, s.broken(i, "control character in a string; write it as \\u00XX")
		default:
			i++
		}
	}
	return text{}, s.broken(i, "the string does not end")
}

// escapesEnd goes on from i over escapes that follow each other. It stops at a
// backslash only where that begins none.
func escapesEnd(b []byte, i int) int {
	for i+1 < len(b) && b[i] == '\\' {
		n := 2
		if !simpleEscape(b[i+1]) {
			_, n = unescape(b[i:])
		}
		if n == 0 {
			return i
		}
		i += n
	}
	return i
}

// badEscape says what is wrong with the escape at the start of b.
func badEscape(b []byte) string {
	if len(b) > 1 && b[1] == 'u' && utf16.IsSurrogate(hex4(b)) {
		return "an escape in a string is half of a surrogate pair"
	}
	return "invalid escape in a string"
}

// simpleEscape reports whether c after a backslash is an escape of itself.
func simpleEscape(c byte) bool {
	const (
		signs   = 1<<('"'-' ') | 1<<('/'-' ')
		letters = 1<<('\\'-'@') | 1<<('b'-'@') | 1<<('f'-'@') | 1<<('n'-'@') | 1<<('r'-'@') | 1<<('t'-'@')
	)
	return uint64(signs)>>(c-' ')&1 != 0 || uint64(letters)>>(c-'@')&1 != 0
}

// plainEnd goes on from i over bytes that mean nothing special in a string,
// eight at a time. It stops at the first that does, or near the end of b.
func plainEnd(b []byte, i int) int {
	const (
		each = 0x0101010101010101
		high = 0x80 * each
	)
	for i+8 <= len(b) {
		x := binary.LittleEndian.Uint64(b[i:])
		quote, backslash := x^'"'*each, x^'\\'*each
		// A byte below n gets its high bit, and so may those after it.
		special := ((quote-each)&^quote | (backslash-each)&^backslash | (x-0x20*each)&^x) & high
		if special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
		i += 8
	}
	return i
}

// longestEscape is how many bytes an escape takes at most, of which at least one
// is left.
const longestEscape = 6

// bytesOf returns the characters of t: the input's own bytes, or, where it has
// escapes, a fresh copy without them.
func (s *scanner) bytesOf(t text) []byte {
	if !t.escaped {
		return s.b[t.start:t.end]
	}
	return s.appendText(make([]byte, 0, t.end-t.start), t)
}

// name returns the characters of t, in buf where it has escapes. What cannot be
// as long as buf is, comes back as it is written: it is no name that we know.
func (s *scanner) name(t text, buf []byte) []byte {
	if !t.escaped || t.end-t.start > longestEscape*len(buf) {
		return s.b[t.start:t.end]
	}
	return s.appendText(buf[:0], t)
}

// appendText appends the characters of t to dst.
func (s *scanner) appendText(dst []byte, t text) []byte {
	for raw := s.b[t.start:t.end]; len(raw) > 0; {
		if raw[0] != '\\' {
			n := bytes.IndexByte(raw, '\\')
			if n < 0 {
				n = len(raw)
			}
			dst, raw = append(dst, raw[:n]...), raw[n:]
			continue
		}
		r, n := unescape(raw)
		dst, raw = utf8.AppendRune(dst, r), raw[n:]
	}
	return dst
}

// unescape decodes the escape at the start of b and returns its length, zero
// when it is not valid.
func unescape(b []byte) (rune, int) {
	if len(b) < 2 {
		return 0, 0
	}
	switch b[1] {
	case '"', '\\', '/':
		return rune(b[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r := hex4(b)
		if r < 0 {
			return 0, 0
		}
		if !utf16.IsSurrogate(r) {
			return r, 6
		}
		if len(b) < 12 || b[6] != '\\' || b[7] != 'u' {
			return 0, 0
		}
		if r = utf16.DecodeRune(r, hex4(b[6:])); r == utf8.RuneError {
			return 0, 0
		}
		return r, 12
	}
	return 0, 0
}

// hex4 reads the four digits of a \uXXXX escape, or returns −1.
func hex4(b []byte) rune {
	if len(b) < 6 {
		return -1
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}
