package chunk

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"penstock/quality"
)

// reader reads the body of one blob. After the first error it reads nothing.
type reader struct {
	c     *Coder
	o     *quality.Outcomes
	rest  []byte
	rows  int
	flags uint64
	err   error
}

func (r *reader) fail(format string, a ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, a...))
		r.rest = nil
	}
}

func (r *reader) read() {
	o := r.o
	r.rows, o.Width, o.LabelWidth = r.count(mostRows), r.count(mostWide), r.count(mostWide)
	r.flags = r.uvarint()
	if (r.flags&hasSetSize == 0) != (r.flags&hasCovered == 0) {
		r.fail("it has sizes of sets, or whether they cover the truth, and not both")
	}
	// A column takes a few bytes where all of it is the same: what a blob may ask memory
	// for is bounded by this alone.
	if cells := uint64(r.rows) * uint64(cellsOf(o)); cells > mostCells && r.rows > 1 || cells > mostWide {
		r.fail("%d rows of %d and %d numbers are more than one has", r.rows, o.Width, o.LabelWidth)
	}
	if r.err != nil {
		return
	}
	o.Labelled = intsOf(r, o.Labelled, r.rows)
	o.Predicted = intsOf(r, o.Predicted, r.rows)
	r.senders()
	r.identities()
	o.Rows = intsOf(r, o.Rows, r.rows)
	o.Values = r.floats32(o.Values, r.rows*o.Width, nil)
	o.Confidences = o.Confidences[:0]
	if r.flags&hasConfidences != 0 {
		o.Confidences = r.floats32(o.Confidences, r.rows*o.Width, nil)
	}
	o.Truths = r.floats64(o.Truths, r.rows*o.LabelWidth)
	r.verdicts()
	r.optional()
	if len(r.rest) > 0 {
		r.fail("%d bytes follow its last column", len(r.rest))
	}
}

func (r *reader) optional() {
	o := r.o
	o.Shown, o.Probability, o.Squares = o.Shown[:0], o.Probability[:0], o.Squares[:0]
	o.SetSize, o.Covered, o.Slices = o.SetSize[:0], o.Covered[:0], o.Slices[:0]
	if r.err != nil {
		return
	}
	like := confidencesOf(o, 0, r.rows)
	if r.flags&hasShown != 0 {
		o.Shown = r.floats32(o.Shown, r.rows, like)
	}
	if r.flags&hasProbability != 0 {
		o.Probability = r.floats32(o.Probability, r.rows, like)
	}
	if r.flags&hasSquares != 0 {
		o.Squares = r.floats32(o.Squares, r.rows, nil)
	}
	if r.flags&hasSetSize != 0 {
		o.SetSize = intsOf(r, o.SetSize, r.rows)
	}
	if r.flags&hasCovered != 0 {
		o.Covered = sized(o.Covered, r.rows)
		r.bits(func(i int, yes bool) { o.Covered[i] = yes })
	}
	if r.flags&hasSlices != 0 {
		o.Slices = intsOf(r, o.Slices, r.rows)
	}
}

func (r *reader) uvarint() uint64 {
	n, length := binary.Uvarint(r.rest)
	if length <= 0 {
		r.fail("a number is cut off")
		return 0
	}
	r.rest = r.rest[length:]
	return n
}

func (r *reader) varint() int64 {
	if len(r.rest) > 0 && r.rest[0] < 0x80 { // the most frequent case
		u := r.rest[0]
		r.rest = r.rest[1:]
		return int64(u>>1) ^ -int64(u&1)
	}
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// count is a number of things, at most most.
func (r *reader) count(most int) int {
	n := r.uvarint()
	if n > uint64(most) {
		r.fail("it tells of %d of something; expected at most %d", n, most)
		return 0
	}
	return int(n)
}

// bytes are the next n; nil after an error.
func (r *reader) bytes(n int) []byte {
	if n > len(r.rest) {
		r.fail("%d bytes are missing", n-len(r.rest))
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) text() string { return string(r.bytes(r.count(len(r.rest)))) }

// sized is a slice of n entries, of the same memory where it is large enough.
func sized[T any](of []T, n int) []T {
	if cap(of) < n {
		return make([]T, n)
	}
	return of[:n]
}

// intsOf reads a column of n whole numbers.
func intsOf[T integer](r *reader, into []T, n int) []T {
	if n == 0 || r.err != nil {
		return into[:0]
	}
	return intsAs(r, into, n, r.how())
}

func intsAs[T integer](r *reader, into []T, n int, how byte) []T {
	switch {
	case how == same:
		x := integerOf[T](r, r.varint())
		into = sized(into, n)
		for i := range into {
			into[i] = x
		}
	case how != plain && how != steps:
		r.fail("a column of whole numbers is written as %d", how)
	case n > len(r.rest):
		r.fail("a column of %d numbers has %d bytes", n, len(r.rest))
	default:
		into = sized(into, n)
		before := int64(0)
		for i := range into {
			x := before + r.varint()
			into[i] = integerOf[T](r, x)
			if how == steps {
				before = x
			}
		}
	}
	if r.err != nil {
		return into[:0]
	}
	return into
}

func integerOf[T integer](r *reader, x int64) T {
	if int64(T(x)) != x {
		r.fail("%d does not fit its column", x)
	}
	return T(x)
}

// floats32 reads a column of n numbers, of which like was taken off.
func (r *reader) floats32(into []float32, n int, like []float32) []float32 {
	if n == 0 || r.err != nil {
		return into[:0]
	}
	if how := r.how(); how != planes {
		return wholesOf(r, into, n, how)
	}
	plane := r.bytes(4 * n)
	if r.err != nil {
		return into[:0]
	}
	into = sized(into, n)
	a, b, c, d := plane[:n], plane[n:2*n], plane[2*n:3*n], plane[3*n:]
	for i := range into {
		bits := uint32(a[i]) | uint32(b[i])<<8 | uint32(c[i])<<16 | uint32(d[i])<<24
		if like != nil {
			bits ^= math.Float32bits(like[i])
		}
		into[i] = math.Float32frombits(bits)
	}
	return into
}

func (r *reader) floats64(into []float64, n int) []float64 {
	if n == 0 || r.err != nil {
		return into[:0]
	}
	if how := r.how(); how != planes {
		return wholesOf(r, into, n, how)
	}
	words := r.words(n)
	if r.err != nil {
		return into[:0]
	}
	into = sized(into, n)
	for i, word := range words {
		into[i] = math.Float64frombits(word)
	}
	return into
}

// how a column is written.
func (r *reader) how() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return same
}

// words reads n words of eight planes; nil after an error.
func (r *reader) words(n int) []uint64 {
	plane := r.bytes(8 * n)
	if r.err != nil {
		return nil
	}
	r.c.words = sized(r.c.words, n)
	words := r.c.words
	clear(words)
	for p := range 8 {
		for i, b := range plane[p*n : (p+1)*n] {
			words[i] |= uint64(b) << (8 * p)
		}
	}
	return words
}

func wholesOf[T float32 | float64](r *reader, into []T, n int, how byte) []T {
	r.c.numbers = intsAs(r, r.c.numbers, n, how)
	if r.err != nil {
		return into[:0]
	}
	into = sized(into, n)
	for i, x := range r.c.numbers {
		into[i] = T(x)
	}
	return into
}

func (r *reader) bits(set func(i int, yes bool)) {
	packed := r.bytes((r.rows + 7) / 8)
	if r.err != nil {
		return
	}
	for i := range r.rows {
		set(i, packed[i/8]&(1<<(i%8)) != 0)
	}
}

func (r *reader) verdicts() {
	if r.err != nil {
		return
	}
	o, distances := r.o, r.flags&hasDistances != 0
	o.Verdicts = sized(o.Verdicts, r.rows)
	r.bits(func(i int, other bool) {
		o.Verdicts[i] = derived(o, i, distances)
		o.Verdicts[i].Correct = o.Verdicts[i].Correct != other
	})
	if !distances || r.rows == 0 {
		return
	}
	if how := r.how(); how != planes {
		r.fail("verdicts are written as %d", how)
	}
	for i, word := range r.words(2 * r.rows) {
		v := &o.Verdicts[i/2]
		into := &v.Distance
		if i%2 == 1 {
			into = &v.Squared
		}
		*into = math.Float64frombits(word ^ math.Float64bits(*into))
	}
}

func (r *reader) senders() {
	s, o := &r.c.senders, r.o
	s.reset(r.rows)
	for range r.count(r.rows) {
		var scope [16]byte
		copy(scope[:], r.bytes(len(scope)))
		one := sender{scope: quality.ScopeFrom(scope)}
		one.caller, one.name = r.text(), r.text()
		s.list = append(s.list, one)
	}
	s.at = r.places(s.at, len(s.list), "sender")
	if r.err != nil {
		return
	}
	o.Scopes, o.Callers, o.Names = sized(o.Scopes, r.rows), sized(o.Callers, r.rows), sized(o.Names, r.rows)
	for i, at := range s.at {
		one := &s.list[at]
		o.Scopes[i], o.Callers[i], o.Names[i] = one.scope, one.caller, one.name
	}
}

// places reads for each row its place in a dictionary of n.
func (r *reader) places(into []int64, n int, of string) []int64 {
	into = intsOf(r, into, r.rows)
	for _, at := range into {
		if at < 0 || at >= int64(n) {
			r.fail("a row is of %s %d; there are %d", of, at, n)
			break
		}
	}
	return into
}

func (r *reader) identities() {
	t := &r.c.ids
	t.list = t.list[:0]
	n := r.count(mostTemplates)
	if n == 0 {
		r.raw()
		return
	}
	for range n {
		one := template{before: r.text(), after: r.text()}
		if b := r.bytes(1); b != nil {
			one.counts = b[0] == 1
		}
		t.list = append(t.list, one)
	}
	t.at = r.places(t.at, len(t.list), "template")
	t.numbers = intsOf(r, t.numbers, r.rows)
	if r.err != nil {
		return
	}
	r.join(t)
}

// join puts the request ids together in one text, of which each is a part.
func (r *reader) join(t *ids) {
	s, o := &r.c.senders, r.o
	last, stride := r.c.before(len(s.list), len(t.list), r.rows)
	text, ends := r.c.text[:0], sized(r.c.ends, r.rows)
	for i, step := range t.numbers {
		place := s.at[i]*stride + t.at[i]
		last[place] += step
		one := &t.list[t.at[i]]
		text = append(text, one.before...)
		if one.counts {
			text = strconv.AppendInt(text, last[place], 10)
		}
		text = append(text, one.after...)
		ends[i] = len(text)
		if i > 0 && len(text) > 2*mostText {
			r.fail("its request ids are longer than any")
			return
		}
	}
	r.c.text, r.c.ends = text, ends
	o.IDs = cut(o.IDs, string(text), ends)
}

func (r *reader) raw() {
	r.c.numbers = intsOf(r, r.c.numbers, r.rows)
	ends, end := sized(r.c.ends, r.rows)[:0], 0
	for _, length := range r.c.numbers {
		if length < 0 || length > int64(len(r.rest)) {
			r.fail("a request id of %d bytes is cut off", length)
			return
		}
		end += int(length)
		ends = append(ends, end)
	}
	r.c.ends = ends
	text := r.bytes(end)
	if r.err == nil {
		r.o.IDs = cut(r.o.IDs, string(text), ends)
	}
}

// cut makes one text into those that end there.
func cut(into []string, text string, ends []int) []string {
	into = sized(into, len(ends))
	from := 0
	for i, end := range ends {
		into[i], from = text[from:end], end
	}
	return into
}
