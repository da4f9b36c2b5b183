package decimal

// The code in assembly looks for commas in a window of so many bytes at a time.
// It reads less than reach bytes from the start of a window: numbers end within
// it, and are taken for 16 bytes from after their sign, or, when they are
// longer, for 32.
const (
	window = 64
	reach  = window + 16
)

// mostAtOnce bounds what one call reads, since Go cannot preempt assembly: tens
// of microseconds.
const mostAtOnce = 2048

// Run reads plain numbers with commas between them from the start of b into
// dst: as many as there are and as fit, but a bounded number in one call. It
// returns how many it read, n, and, where that is not none, the index after the
// last of them: there is a comma or a closing bracket, which is left to the
// caller. What dst holds after them is undefined.
//
// It is Parse for the common case, and stops before any number that is not
// plain; what is plain differs from machine to machine. Then, as when b starts
// with no number at all, the caller goes on with Parse.
func Run(dst []float32, b []byte) (n, end int) {
	if len(dst) > mostAtOnce {
		dst = dst[:mostAtOnce]
	}
	if !vectors || len(dst) == 0 {
		return runPortably(dst, b)
	}
	if len(b) < reach {
		var padded [2 * reach]byte // no number ends at a zero
		copy(padded[:], b)
		return runVectors(dst, padded[:])
	}
	return runVectors(dst, b)
}

// runPortably is Run for every machine. Like runVectors it takes one space after
// a comma, as many programs write.
func runPortably(dst []float32, b []byte) (n, end int) {
	i := 0
	for n < len(dst) {
		f, next, state := Parse(b, i)
		if state != OK || next == len(b) || b[next] != ',' && b[next] != ']' {
			break
		}
		dst[n] = f
		n++
		end = next
		if b[next] == ']' {
			break
		}
		i = next + 1
		if i < len(b) && b[i] == ' ' {
			i++
		}
	}
	return n, end
}
