package xgboost

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// ubjsonSource reads Universal Binary JSON (ubjson.org, draft 12) as XGBoost writes
// it: big endian, arrays with a count, those of numbers with a type.
type ubjsonSource struct {
	data []byte
	at   int
	// typed is the type of the value at hand where its array has one for all.
	typed byte
}

func (s *ubjsonSource) short() error {
	return wrong("", "ends at byte %d, within a value: the file is cut short", len(s.data))
}

// marker takes the type of the next value.
func (s *ubjsonSource) marker() (byte, error) {
	if s.typed != 0 {
		return s.typed, nil
	}
	for s.at < len(s.data) {
		s.at++
		if c := s.data[s.at-1]; c != 'N' { // which is padding
			return c, nil
		}
	}
	return 0, s.short()
}

// peek is the next byte, or 0 at the end.
func (s *ubjsonSource) peek() byte {
	for ; s.at < len(s.data); s.at++ {
		if s.data[s.at] != 'N' {
			return s.data[s.at]
		}
	}
	return 0
}

// sizes are those of values of a type that have one.
var sizes = [256]int{'i': 1, 'U': 1, 'C': 1, 'I': 2, 'l': 4, 'd': 4, 'L': 8, 'D': 8}

// fixed takes a value of such a type.
func (s *ubjsonSource) fixed(kind byte) (float64, error) {
	size := sizes[kind]
	if len(s.data)-s.at < size {
		return 0, s.short()
	}
	from := s.data[s.at:]
	s.at += size
	switch kind {
	case 'i':
		return float64(int8(from[0])), nil
	case 'U':
		return float64(from[0]), nil
	case 'I':
		return float64(int16(binary.BigEndian.Uint16(from))), nil
	case 'l':
		return float64(int32(binary.BigEndian.Uint32(from))), nil
	case 'L':
		return float64(int64(binary.BigEndian.Uint64(from))), nil
	case 'd':
		return float64(math.Float32frombits(binary.BigEndian.Uint32(from))), nil
	case 'D':
		return math.Float64frombits(binary.BigEndian.Uint64(from)), nil
	case 'T':
		return 1, nil
	case 'F':
		return 0, nil
	}
	return 0, wrong("", "has a value of type %q at byte %d; expected a number", kind, s.at)
}

func (s *ubjsonSource) number() (float64, error) {
	kind, err := s.marker()
	if err != nil {
		return 0, err
	}
	return s.fixed(kind)
}

// count takes how many of something there are, each of at least least bytes.
func (s *ubjsonSource) count(least int) (int, error) {
	if s.at >= len(s.data) {
		return 0, s.short()
	}
	kind := s.data[s.at]
	s.at++
	if kind == 'd' || kind == 'D' || kind == 'C' || sizes[kind] == 0 {
		return 0, wrong("", "has a length of type %q at byte %d; expected a whole number", kind, s.at-1)
	}
	n, err := s.fixed(kind)
	if err != nil {
		return 0, err
	}
	if n < 0 || n*float64(least) > float64(len(s.data)-s.at) {
		return 0, wrong("", "has a length of %v at byte %d, and %d bytes after it: the file is cut short or damaged", n, s.at, len(s.data)-s.at)
	}
	return int(n), nil
}

// characters takes a length and so many bytes.
func (s *ubjsonSource) characters() (string, error) {
	n, err := s.count(1)
	if err != nil {
		return "", err
	}
	text := string(s.data[s.at : s.at+n])
	s.at += n
	if !utf8.ValidString(text) {
		return "", wrong("", "has a string before byte %d that is not UTF-8", s.at)
	}
	return text, nil
}

func (s *ubjsonSource) text() (string, error) {
	kind, err := s.marker()
	if err != nil {
		return "", err
	}
	if kind != 'S' {
		return "", wrong("", "has a value of type %q at byte %d; expected a string", kind, s.at-1)
	}
	return s.characters()
}

// open takes the marker of an object or an array, and what says how long it is and
// of which type its values are: -1 and 0 where nothing does.
func (s *ubjsonSource) open(opens byte, kind string) (n int, typed byte, err error) {
	got, err := s.marker()
	if err != nil {
		return 0, 0, err
	}
	if got != opens {
		return 0, 0, wrong("", "has a value of type %q at byte %d; expected %s", got, s.at-1, kind)
	}
	s.typed = 0
	least := 1
	if s.peek() == '$' {
		if len(s.data)-s.at < 3 {
			return 0, 0, s.short()
		}
		typed = s.data[s.at+1]
		s.at += 2
		if least = sizes[typed]; least == 0 {
			return 0, 0, wrong("", "has values of one type %q at byte %d; expected a number's", typed, s.at-1)
		}
		if s.data[s.at] != '#' {
			return 0, 0, wrong("", "has a type and no count at byte %d", s.at)
		}
	}
	if s.peek() != '#' {
		return -1, 0, nil
	}
	s.at++
	n, err = s.count(least)
	return n, typed, err
}

func (s *ubjsonSource) object(each func(name string) error) error {
	n, typed, err := s.open('{', "an object")
	if err != nil {
		return err
	}
	for i := 0; i != n; i++ {
		if n < 0 && s.peek() == '}' {
			s.at++
			break
		}
		s.peek()
		name, err := s.characters()
		if err != nil {
			return err
		}
		s.typed = typed
		if err := each(name); err != nil {
			return err
		}
		s.typed = 0
	}
	return nil
}

func (s *ubjsonSource) isArray() bool { return s.typed == 0 && s.peek() == '[' }

func (s *ubjsonSource) array(each func() error) error {
	n, typed, err := s.open('[', "an array")
	if err != nil {
		return err
	}
	for i := 0; i != n; i++ {
		if n < 0 && s.peek() == ']' {
			s.at++
			break
		}
		s.typed = typed
		if err := each(); err != nil {
			return err
		}
		s.typed = 0
	}
	return nil
}

func (s *ubjsonSource) skip() error { return s.skipTo(maxDepth) }

func (s *ubjsonSource) skipTo(depth int) error {
	if depth == 0 {
		return wrong("", "nests more than %d levels at byte %d", maxDepth, s.at)
	}
	kind := s.typed
	if kind == 0 {
		kind = s.peek()
	}
	switch kind {
	case '{':
		return s.object(func(string) error { return s.skipTo(depth - 1) })
	case '[':
		return s.array(func() error { return s.skipTo(depth - 1) })
	case 'S':
		_, err := s.text()
		return err
	case 'Z':
		s.at++
		return nil
	}
	_, err := s.number()
	return err
}

func (s *ubjsonSource) end() error {
	if s.peek(); s.at < len(s.data) {
		return wrong("", "goes on after the model's end, at byte %d", s.at)
	}
	return nil
}
