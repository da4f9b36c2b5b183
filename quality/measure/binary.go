package measure

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The form on disk is a byte of version, and then what is not zero: a set of bits says
// which numbers these are. Sets and counts are uvarints; sums are float64 in 8 bytes,
// the lowest first.
//
//	version = 1
//	set of counts, the counts; set of sums, the sums
//	the bins of Shown: a set, and count, correct and confidence of each
//	0 where the bins of Raw are the same, or 1 and these
//	number of values, and rows, mean, spread and residual of each
//
// A tally from an older release has no counts or sums that came later: they are 0. One
// from a newer release may have some that this one does not know, and is refused.
const version = 1

// DecodeError says why bytes are not a Tally that this release can read.
type DecodeError struct {
	Offset  int // where in the bytes
	Problem string
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("byte %d of a tally: %s", e.Offset, e.Problem)
}

// AppendBinary appends the tally to dst, and returns it. There is no error; it is
// there for encoding.BinaryAppender.
func (t *Tally) AppendBinary(dst []byte) ([]byte, error) {
	dst = append(dst, version)
	counts, sums := t.counts(), t.sums()
	dst = binary.AppendUvarint(dst, setOf(counts[:]))
	for _, count := range counts {
		if *count != 0 {
			dst = binary.AppendUvarint(dst, *count)
		}
	}
	dst = binary.AppendUvarint(dst, setOf(sums[:]))
	for _, sum := range sums {
		if *sum != 0 {
			dst = appendFloat(dst, *sum)
		}
	}
	dst = t.Shown.append(dst)
	if t.Raw == t.Shown {
		dst = append(dst, 0)
	} else {
		dst = t.Raw.append(append(dst, 1))
	}
	dst = binary.AppendUvarint(dst, uint64(len(t.Values)))
	for _, v := range t.Values {
		dst = binary.AppendUvarint(dst, v.Rows)
		for _, x := range [...]float64{v.Mean, v.Spread, v.Residual} {
			dst = appendFloat(dst, x)
		}
	}
	return dst, nil
}

// MarshalBinary is AppendBinary to nothing.
func (t *Tally) MarshalBinary() ([]byte, error) { return t.AppendBinary(nil) }

// UnmarshalBinary sets the tally to what AppendBinary of this release or an older one
// wrote, and keeps nothing of b. The error is a *DecodeError, and leaves the tally as
// it was.
func (t *Tally) UnmarshalBinary(b []byte) error {
	d := decoder{all: b, rest: b}
	read := d.tally()
	if d.err == nil && len(d.rest) > 0 {
		d.fail("%d bytes too many", len(d.rest))
	}
	if d.err != nil {
		return d.err
	}
	*t = read
	return nil
}

func (b *Bins) append(dst []byte) []byte {
	var used uint64
	for k := range b {
		if b[k] != (Bin{}) {
			used |= 1 << k
		}
	}
	dst = binary.AppendUvarint(dst, used)
	for k := range b {
		if used>>k&1 == 0 {
			continue
		}
		dst = binary.AppendUvarint(dst, b[k].Count)
		dst = binary.AppendUvarint(dst, b[k].Correct)
		dst = appendFloat(dst, b[k].Confidence)
	}
	return dst
}

// setOf has a bit for each number that is not zero.
func setOf[N uint64 | float64](numbers []*N) (set uint64) {
	for k, n := range numbers {
		if *n != 0 {
			set |= 1 << k
		}
	}
	return set
}

func appendFloat(dst []byte, x float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
}

// decoder reads until something is wrong, and then gives zeros.
type decoder struct {
	all, rest []byte
	err       error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = &DecodeError{Offset: len(d.all) - len(d.rest), Problem: fmt.Sprintf(format, args...)}
	}
}

func (d *decoder) tally() (t Tally) {
	switch v := d.byte(); {
	case d.err != nil:
		return t
	case v != version:
		d.fail("it is of version %d; this release of Penstock reads version %d: use the release that wrote it, or a newer one", v, version)
		return t
	}
	counts, sums := t.counts(), t.sums()
	set := d.set(len(counts), "counts")
	for k, count := range counts {
		if set>>k&1 == 1 {
			*count = d.uint()
		}
	}
	set = d.set(len(sums), "sums")
	for k, sum := range sums {
		if set>>k&1 == 1 {
			*sum = d.float()
		}
	}
	t.Shown = d.bins()
	t.Raw = t.Shown
	switch apart := d.byte(); apart {
	case 0:
	case 1:
		t.Raw = d.bins()
	default:
		d.fail("bins of raw confidences are %d; expected 0 or 1", apart)
	}
	width := d.uint()
	if width > MaxValues {
		d.fail("it has %d values of a row; expected %d at most", width, MaxValues)
		return t
	}
	t.grow(int(width))
	for k := range t.Values {
		t.Values[k] = Value{Rows: d.uint(), Mean: d.float(), Spread: d.float(), Residual: d.float()}
	}
	return t
}

// set reads which of so many numbers follow.
func (d *decoder) set(known int, what string) uint64 {
	set := d.uint()
	if set>>known != 0 {
		d.fail("it has more than the %d %s that this release of Penstock knows: use the release that wrote it, or a newer one", known, what)
		return 0
	}
	return set
}

func (d *decoder) bins() (b Bins) {
	used := d.set(len(b), "bins")
	for k := range b {
		if used>>k&1 == 1 {
			b[k] = Bin{Count: d.uint(), Correct: d.uint(), Confidence: d.float()}
		}
	}
	return b
}

func (d *decoder) byte() byte {
	if d.err != nil || len(d.rest) == 0 {
		d.fail("it ends too early")
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) uint() uint64 {
	if d.err != nil {
		return 0
	}
	x, n := binary.Uvarint(d.rest)
	switch {
	case n == 0:
		d.fail("it ends too early")
		return 0
	case n < 0:
		d.fail("a number has more than 64 bits")
		return 0
	}
	d.rest = d.rest[n:]
	return x
}

func (d *decoder) float() float64 {
	if d.err != nil || len(d.rest) < 8 {
		d.fail("it ends too early")
		return 0
	}
	x := math.Float64frombits(binary.LittleEndian.Uint64(d.rest))
	if math.IsNaN(x) || math.IsInf(x, 0) {
		d.fail("a sum is %v; expected a finite number", x)
		return 0
	}
	d.rest = d.rest[8:]
	return x
}
