package decimal

// Skip returns the index after the JSON number at b[i:], whatever its value, or
// i when none starts there.
func Skip(b []byte, i int) int {
	start := i
	if i < len(b) && b[i] == '-' {
		i++
	}
	first := i
	i = skipDigits(b, i)
	if i == first || i > first+1 && b[first] == '0' {
		return start
	}
	if i < len(b) && b[i] == '.' {
		first = i + 1
		if i = skipDigits(b, first); i == first {
			return start
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		first = i
		if i = skipDigits(b, first); i == first {
			return start
		}
	}
	return i
}

func skipDigits(b []byte, i int) int {
	for i+8 <= len(b) {
		_, n := eight(b[i:])
		i += n
		if n < 8 {
			return i
		}
	}
	for i < len(b) && b[i]-'0' < 10 {
		i++
	}
	return i
}
