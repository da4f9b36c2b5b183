package xgboost

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonSource reads JSON as XGBoost writes it: numbers may be NaN, Infinity and
// -Infinity.
type jsonSource struct {
	data []byte
	at   int
}

func (s *jsonSource) wrong(expected string) error {
	if s.at >= len(s.data) {
		return wrong("", "ends at byte %d; expected %s: the file is cut short", len(s.data), expected)
	}
	return wrong("", "has %q at byte %d; expected %s", s.data[s.at], s.at, expected)
}

// next skips white space and returns the byte after it, or 0 at the end.
func (s *jsonSource) next() byte {
	for ; s.at < len(s.data); s.at++ {
		switch c := s.data[s.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// take takes a byte after white space, and reports whether it was there.
func (s *jsonSource) take(c byte) bool {
	if s.next() != c || s.at >= len(s.data) {
		return false
	}
	s.at++
	return true
}

func (s *jsonSource) object(each func(name string) error) error {
	if !s.take('{') {
		return s.wrong("an object")
	}
	if s.take('}') {
		return nil
	}
	for {
		name, err := s.text()
		if err != nil {
			return err
		}
		if !s.take(':') {
			return s.wrong("a colon")
		}
		if err := each(name); err != nil {
			return err
		}
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return s.wrong("a comma or the object's end")
		}
	}
}

func (s *jsonSource) isArray() bool { return s.next() == '[' }

func (s *jsonSource) array(each func() error) error {
	if !s.take('[') {
		return s.wrong("an array")
	}
	if s.take(']') {
		return nil
	}
	for {
		if err := each(); err != nil {
			return err
		}
		if s.take(']') {
			return nil
		}
		if !s.take(',') {
			return s.wrong("a comma or the array's end")
		}
	}
}

func (s *jsonSource) text() (string, error) {
	if !s.take('"') {
		return "", s.wrong("a string")
	}
	begin := s.at
	for ; s.at < len(s.data) && s.data[s.at] != '"'; s.at++ {
		switch c := s.data[s.at]; {
		case c == '\\':
			return s.escaped(begin)
		case c < ' ':
			return "", s.wrong("no control character in a string")
		}
	}
	return s.closed(string(s.data[begin:min(s.at, len(s.data))]))
}

// closed takes the quote that ends a string.
func (s *jsonSource) closed(text string) (string, error) {
	if s.at >= len(s.data) {
		return "", s.wrong("the string's end")
	}
	s.at++
	if !utf8.ValidString(text) {
		return "", wrong("", "has a string before byte %d that is not UTF-8", s.at)
	}
	return text, nil
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escaped reads the rest of a string that has escapes.
func (s *jsonSource) escaped(begin int) (string, error) {
	text := append([]byte(nil), s.data[begin:s.at]...)
	for s.at < len(s.data) && s.data[s.at] != '"' {
		c := s.data[s.at]
		if c < ' ' {
			return "", s.wrong("no control character in a string")
		}
		s.at++
		if c != '\\' {
			text = append(text, c)
			continue
		}
		if s.at >= len(s.data) {
			break
		}
		if plain, ok := escapes[s.data[s.at]]; ok {
			s.at++
			text = append(text, plain)
			continue
		}
		r, ok := s.unit()
		if utf16.IsSurrogate(r) && s.at < len(s.data) && s.data[s.at] == '\\' {
			s.at++
			second, also := s.unit()
			r, ok = utf16.DecodeRune(r, second), ok && also
		}
		if !ok {
			return "", s.wrong("an escape of JSON")
		}
		text = utf8.AppendRune(text, r)
	}
	return s.closed(string(text))
}

// unit reads what follows the backslash of \u0000.
func (s *jsonSource) unit() (rune, bool) {
	if len(s.data)-s.at < 5 || s.data[s.at] != 'u' {
		return 0, false
	}
	x, err := strconv.ParseUint(string(s.data[s.at+1:s.at+5]), 16, 16)
	s.at += 5
	return rune(x), err == nil
}

// word takes the letters, digits and signs at hand, at most so many as the longest
// number that makes sense has.
func (s *jsonSource) word() string {
	s.next()
	begin := s.at
	for s.at < len(s.data) && s.at-begin < 64 {
		c := s.data[s.at]
		if c != '+' && c != '-' && c != '.' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			break
		}
		s.at++
	}
	return string(s.data[begin:s.at])
}

func (s *jsonSource) number() (float64, error) {
	begin := s.at
	word := s.word()
	switch word {
	case "NaN":
		return math.NaN(), nil
	case "Infinity":
		return math.Inf(1), nil
	case "-Infinity":
		return math.Inf(-1), nil
	case "true":
		return 1, nil
	case "false":
		return 0, nil
	}
	if word != "" && !strings.ContainsAny(word[1:], "xXpPnN_") && word[0] != '+' && word[0] != '.' {
		if !strings.ContainsAny(word, ".eE") {
			if x, err := strconv.ParseInt(word, 10, 64); err == nil {
				return float64(x), nil
			}
		} else if x, ok := parseFloat(word); ok {
			return float64(x), nil
		}
	}
	s.at = begin
	s.next()
	return 0, s.wrong("a number")
}

// parseFloat rounds once to float32, as the library does; beyond its range are the
// infinities.
func parseFloat(word string) (float32, bool) {
	x, err := strconv.ParseFloat(word, 32)
	if err != nil && !math.IsInf(x, 0) {
		return 0, false
	}
	return float32(x), true
}

func (s *jsonSource) skip() error { return s.skipTo(maxDepth) }

func (s *jsonSource) skipTo(depth int) error {
	if depth == 0 {
		return wrong("", "nests more than %d levels at byte %d", maxDepth, s.at)
	}
	switch s.next() {
	case '{':
		return s.object(func(string) error { return s.skipTo(depth - 1) })
	case '[':
		return s.array(func() error { return s.skipTo(depth - 1) })
	case '"':
		_, err := s.text()
		return err
	case 'n':
		if s.word() != "null" {
			return s.wrong("a value")
		}
		return nil
	}
	_, err := s.number()
	return err
}

func (s *jsonSource) end() error {
	if s.next(); s.at < len(s.data) {
		return wrong("", "goes on after the model's end, at byte %d", s.at)
	}
	return nil
}
