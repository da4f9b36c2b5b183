//go:build !purego

package decimal

import "golang.org/x/sys/cpu"

// vectors tells that this processor, and the operating system, run runVectors.
var vectors = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT

// runVectors is Run for room for at least one number, and a text of at least
// reach bytes.
func runVectors(dst []float32, b []byte) (n, end int) {
	return readWindows(&tables, &dst[0], len(dst), &b[0], len(b))
}

// readWindows stops where fewer than reach bytes are left. Plain is to it a
// number of up to 20 digits with a point among them, or 16 without, that has no
// exponent and does not lie beside a midpoint of two float32 values; see
// roundsSafely.
//
//go:noescape
func readWindows(tables *vectorTables, dst *float32, room int, text *byte, size int) (n, end int)

// vectorTables are what readWindows looks up. Its bytes move with VPSHUFB, which
// takes for each byte of the result the index of the byte to put there, or
// zero for a negative one.
type vectorTables struct {
	// indices[length+l] is length+l−16: which byte of a number of that length
	// goes to byte l of 16, so that it ends at the last.
	indices [48]int8
	// least[digits] is the least first digit that a number with so many digits
	// before its point may have.
	least [32]byte
	// turns[commas] is how many numbers of a window to read. Not always all, so
	// that messages whose numbers differ little in length always do the same,
	// which the processor foresees; and few, so that a run of zeros, which is
	// looked for at the start of a window, is soon found.
	turns [window + 1]byte
	_     [15]byte
	// rows[2·after+sign] is for numbers of which so many characters are the point
	// and what follows it, zero for no point.
	rows [2 * 21]row
}

type row struct {
	// point is added to indices. It is −1 for digits before the point, which
	// close the gap that the point leaves.
	point [32]int8
	// powers are what the digits but the last eight, and the last eight, are to
	// be multiplied by: powers of ten with the number's sign.
	powers [2]float64
	_      [2]float64 // 64 bytes in all, for an index by shifting
}

var tables = makeTables()

func makeTables() (t vectorTables) {
	for i := range t.indices {
		t.indices[i] = int8(i - 16)
	}
	for i := range t.least {
		t.least[i] = '1'
	}
	t.least[0], t.least[1] = 0xff, '0'
	for i := range t.turns {
		t.turns[i] = 1
		for _, turns := range []int{2, 4, 5} {
			if turns <= i {
				t.turns[i] = byte(turns)
			}
		}
	}
	for i := range t.rows {
		r, after := &t.rows[i], i/2
		for j := range 33 - after {
			if after > 0 {
				r.point[j] = -1
			}
		}
		fraction := max(after-1, 0)
		r.powers = [2]float64{pow10[22+8-fraction], pow10[22-fraction]}
		if i%2 == 1 {
			r.powers = [2]float64{-r.powers[0], -r.powers[1]}
		}
	}
	return t
}
