package measure

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// The form on disk: a byte of version, then numbers as uvarints. A float is a uvarint
// of its bits from the last byte to the first, as in encoding/gob: 0 takes a byte, and
// small integers two or three.
//
//	version = 1
//	number of counts, the counts; number of sums, the sums
//	the bins of Shown; then those of Raw, of which all bits set means: as Shown
//	number of values, the values
//
// Bins are a set of bits for those that are not empty, and then these. A tally with
// fewer counts or sums than this release knows is from an older one: the rest is 0.
// One with more is from a newer one, and refused.
const version = 1

// asShown stands for bins that are the same as those before.
const asShown = 1 << len(Bins{})

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
	dst = binary.AppendUvarint(dst, uint64(len(counts)))
	for _, count := range counts {
		dst = binary.AppendUvarint(dst, *count)
	}
	dst = binary.AppendUvarint(dst, uint64(len(sums)))
	for _, sum := range sums {
		dst = appendFloat(dst, *sum)
	}
	dst = t.Shown.append(dst)
	if t.Raw == t.Shown {
		dst = binary.AppendUvarint(dst, asShown)
	} else {
		dst = t.Raw.append(dst)
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

func appendFloat(dst []byte, x float64) []byte {
	return binary.AppendUvarint(dst, bits.ReverseBytes64(math.Float64bits(x)))
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
	for _, count := range counts[:d.known(len(counts), "counts")] {
		*count = d.uint()
	}
	for _, sum := range sums[:d.known(len(sums), "sums")] {
		*sum = d.float()
	}
	t.Shown = d.bins(d.uint())
	if used := d.uint(); used == asShown {
		t.Raw = t.Shown
	} else {
		t.Raw = d.bins(used)
	}
	t.grow(d.known(MaxValues, "values"))
	for k := range t.Values {
		t.Values[k] = Value{Rows: d.uint(), Mean: d.float(), Spread: d.float(), Residual: d.float()}
	}
	return t
}

// known reads how many of something there are.
func (d *decoder) known(most int, what string) int {
	n := d.uint()
	if n > uint64(most) {
		d.fail("it has %d %s; this release of Penstock knows %d: use the release that wrote it, or a newer one", n, what, most)
		return 0
	}
	return int(n)
}

func (d *decoder) bins(used uint64) (b Bins) {
	if used >= asShown {
		d.fail("it has more than %d bins", len(b))
		return b
	}
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
	x := math.Float64frombits(bits.ReverseBytes64(d.uint()))
	if math.IsNaN(x) || math.IsInf(x, 0) {
		d.fail("a sum is %v; expected a finite number", x)
		return 0
	}
	return x
}
