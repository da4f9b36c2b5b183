package protocol

// MaxGroup is the longest name of a group.
const MaxGroup = 64

// expectedGroup says what ValidGroup checks, to whoever sent another name.
const expectedGroup = "a name of 1 to 64 characters of A-Z, a-z, 0-9, _, ., : and -"

// ValidGroup reports whether a group can have this name: 1 to 64 of A-Z, a-z, 0-9, _,
// ., : and -.
func ValidGroup(name string) bool {
	if name == "" || len(name) > MaxGroup {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '.', c == ':', c == '-':
		default:
			return false
		}
	}
	return true
}
