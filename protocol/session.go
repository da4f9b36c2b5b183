package protocol

// ValidSession reports whether a client may give this name to its stream of requests:
// 16 to 64 of A-Z, a-z, 0-9, _ and -.
func ValidSession(name string) bool {
	if len(name) < 16 || len(name) > 64 {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}
