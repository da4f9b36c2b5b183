package protocol

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"

	"penstock/protocol/decimal"
)

// maxDepth bounds nesting, so that hostile input costs no stack.
const maxDepth = 64

// scanner walks over one JSON text. Its methods take and return positions; a
// negative position means that the text is not JSON, and fail says why.
type scanner struct {
	b    []byte
	fail *Error
}

// broken records the first syntax error.
func (s *scanner) broken(at int, what string) int {
	if s.fail == nil {
		s.fail = Errorf(BadJSON, "at byte %d: %s", at, what)
	}
	return -1
}

func (s *scanner) space(i int) int {
	for i < len(s.b) {
		switch s.b[i] {
		case ' ', '\t', '\n', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

// peek returns the byte at i, or zero at the end: a byte that is nowhere legal.
func (s *scanner) peek(i int) byte {
	if i < len(s.b) {
		return s.b[i]
	}
	return 0
}

// text is a JSON string as it stands in the input: between the quotes.
type text struct {
	start, end int
	escaped    bool
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
			_, n := unescape(s.b[i:])
			if n == 0 {
				return text{}, s.broken(i, "invalid escape in a string")
			}
			i += n
		case c < 0x20:
			return text{}, s.broken(i, "control character in a string; write it as \\u00XX")
		default:
			i++
		}
	}
	return text{}, s.broken(i, "the string does not end")
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

// bytesOf returns the characters of t: the input's own bytes, or, where it has
// escapes, a fresh copy without them.
func (s *scanner) bytesOf(t text) []byte {
	raw := s.b[t.start:t.end]
	if !t.escaped {
		return raw
	}
	plain := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			plain = append(plain, raw[i])
			i++
			continue
		}
		r, n := unescape(raw[i:])
		plain = utf8.AppendRune(plain, r)
		i += n
	}
	return plain
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

// numberAt checks the number at i and returns the position after it.
func (s *scanner) numberAt(i int) int {
	next := decimal.Skip(s.b, i)
	if next == i {
		return s.broken(i, "expected a JSON number")
	}
	return next
}

// skip checks the value at i, of any kind, and returns the position after it.
func (s *scanner) skip(i, depth int) int {
	i = s.space(i)
	switch c := s.peek(i); c {
	case '"':
		_, i = s.stringAt(i)
		return i
	case '{', '[':
		if depth >= maxDepth {
			return s.broken(i, "nested deeper than 64 levels")
		}
		if c == '[' {
			return s.array(i, func(i int) int { return s.skip(i, depth+1) })
		}
		return s.object(i, func(_ text, i int) int { return s.skip(i, depth+1) })
	case 't':
		return s.word(i, "true")
	case 'f':
		return s.word(i, "false")
	case 'n':
		return s.word(i, "null")
	default:
		return s.numberAt(i)
	}
}

func (s *scanner) word(i int, word string) int {
	if len(s.b)-i < len(word) || string(s.b[i:i+len(word)]) != word {
		return s.broken(i, "expected a JSON value")
	}
	return i + len(word)
}

// isNull reports whether the value at i is null.
func (s *scanner) isNull(i int) bool { return s.peek(i) == 'n' }

// array calls each with the position of every element of the array at i.
func (s *scanner) array(i int, each func(i int) int) int {
	i = s.space(i + 1)
	if s.peek(i) == ']' {
		return i + 1
	}
	for {
		if i = each(s.space(i)); i < 0 {
			return i
		}
		i = s.space(i)
		switch s.peek(i) {
		case ',':
			i++
		case ']':
			return i + 1
		default:
			return s.broken(i, "expected , or ] in an array")
		}
	}
}

// object calls each with the key and the position of the value of every
// member of the object at i.
func (s *scanner) object(i int, each func(key text, i int) int) int {
	i = s.space(i + 1)
	if s.peek(i) == '}' {
		return i + 1
	}
	for {
		var key text
		if key, i = s.stringAt(s.space(i)); i < 0 {
			return i
		}
		i = s.space(i)
		if s.peek(i) != ':' {
			return s.broken(i, "expected : after a key")
		}
		if i = each(key, s.space(i+1)); i < 0 {
			return i
		}
		i = s.space(i)
		switch s.peek(i) {
		case ',':
			i++
		case '}':
			return i + 1
		default:
			return s.broken(i, "expected , or } in an object")
		}
	}
}
