package protocol

import "penstock/protocol/decimal"

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

// space returns the position of the first byte from i that is not white space.
func (s *scanner) space(i int) int {
	if i < len(s.b) && s.b[i] > ' ' {
		return i // nearly always, and short enough to be inlined
	}
	return s.spaces(i)
}

func (s *scanner) spaces(i int) int {
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
	_, i = s.count(i, depth, 0)
	return i
}

// rest checks what is left of an array that is open, from the value at i, and
// returns how many values that were and the position after the array.
func (s *scanner) rest(i, depth int) (values, next int) { return s.count(i, depth, 1) }

// count checks the value at i, and so many arrays around it as are open, in one
// loop without recursion. It counts the values in the outermost array.
func (s *scanner) count(i, depth, open int) (values, next int) {
	var objects uint64 // a bit for every open container, the innermost lowest: set for an object
	for {
		i = s.space(i)
		switch c := s.peek(i); c {
		case '"':
			_, i = s.stringAt(i)
		case '{', '[':
			if depth+open >= maxDepth {
				return values, s.broken(i, "nested deeper than 64 levels")
			}
			i = s.space(i + 1)
			if s.peek(i) == c+2 { // the bracket that closes it
				i++
				break
			}
			open, objects = open+1, objects<<1
			if c == '{' {
				objects |= 1
				i = s.key(i)
			}
			if i < 0 {
				return values, i
			}
			continue
		case 't':
			i = s.word(i, "true")
		case 'f':
			i = s.word(i, "false")
		case 'n':
			i = s.word(i, "null")
		default:
			i = s.numberAt(i)
		}
		for {
			if i < 0 || open == 0 {
				return values, i
			}
			if open == 1 {
				values++
			}
			i = s.space(i)
			c := s.peek(i)
			if c == ',' {
				if i++; objects&1 != 0 {
					i = s.key(s.space(i))
				}
				if i < 0 {
					return values, i
				}
				break
			}
			if expected := ends[objects&1]; c != expected.bracket {
				return values, s.broken(i, expected.missing)
			}
			i++
			open, objects = open-1, objects>>1
		}
	}
}

// ends are how an array and an object end.
var ends = [2]struct {
	bracket byte
	missing string
}{{']', "expected , or ] in an array"}, {'}', "expected , or } in an object"}}

// key checks the key at i and returns the position of its value.
func (s *scanner) key(i int) int {
	if _, i = s.stringAt(i); i < 0 {
		return i
	}
	if i = s.space(i); s.peek(i) != ':' {
		return s.broken(i, "expected : after a key")
	}
	return s.space(i + 1)
}

func (s *scanner) word(i int, word string) int {
	if len(s.b)-i < len(word) || string(s.b[i:i+len(word)]) != word {
		return s.broken(i, "expected a JSON value")
	}
	return i + len(word)
}

// isNull reports whether the value at i is null.
func (s *scanner) isNull(i int) bool { return s.peek(i) == 'n' }

// array calls each with the position of every element of the array at i, which
// is nested so deep, until that says not to go on: from there the elements are
// only checked.
func (s *scanner) array(i, depth int, each func(i int) (next int, goOn bool)) int {
	i = s.space(i + 1)
	if s.peek(i) == ']' {
		return i + 1
	}
	for goOn := true; ; {
		if !goOn {
			return s.skipRest(i, depth)
		}
		if i, goOn = each(i); i < 0 {
			return i
		}
		i = s.space(i)
		switch s.peek(i) {
		case ',':
			i = s.space(i + 1)
		case ']':
			return i + 1
		default:
			return s.broken(i, "expected , or ] in an array")
		}
	}
}

// skipRest is rest where it does not matter how many values there were.
func (s *scanner) skipRest(i, depth int) int {
	_, i = s.rest(i, depth)
	return i
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
