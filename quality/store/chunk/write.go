package chunk

import (
	"encoding/binary"
	"math"

	"penstock/quality"
)

// How a column of whole numbers is written.
const (
	same   = iota // all are the same
	plain         // one after another
	steps         // each as its difference to the one before
	planes        // of bytes: of floating-point numbers alone
)

// The columns that a blob may lack.
const (
	hasConfidences = 1 << iota
	hasShown
	hasProbability
	hasSquares
	hasSetSize
	hasCovered
	hasSlices
	hasDistances // not a column: the verdicts are distances
)

func present(o *quality.Outcomes) (flags uint64) {
	for i, length := range []int{
		len(o.Confidences), len(o.Shown), len(o.Probability), len(o.Squares), len(o.SetSize), len(o.Covered), len(o.Slices),
	} {
		if length > 0 {
			flags |= 1 << i
		}
	}
	for i := range o.Verdicts {
		if v := &o.Verdicts[i]; math.Float64bits(v.Distance)|math.Float64bits(v.Squared) != 0 {
			return flags | hasDistances
		}
	}
	return flags
}

// writer writes the body of one blob.
type writer struct {
	c        *Coder
	o        *quality.Outcomes
	from, to int
	body     []byte
	flags    uint64
}

func (w *writer) write() {
	o, from, to := w.o, w.from, w.to
	w.flags = present(o)
	for _, n := range []uint64{uint64(to - from), uint64(o.Width), uint64(o.LabelWidth), w.flags} {
		w.body = binary.AppendUvarint(w.body, n)
	}
	ints(w, o.Labelled[from:to], steps)
	ints(w, o.Predicted[from:to], steps)
	w.senders()
	w.identities()
	ints(w, o.Rows[from:to], plain)
	width := o.Width
	w.floats32(o.Values[from*width:to*width], nil)
	if len(o.Confidences) > 0 {
		w.floats32(o.Confidences[from*width:to*width], nil)
	}
	w.floats64(o.Truths[from*o.LabelWidth : to*o.LabelWidth])
	w.verdicts()
	w.optional()
}

// optional writes the columns of classes.
func (w *writer) optional() {
	o, from, to := w.o, w.from, w.to
	like := confidencesOf(o, from, to)
	for _, column := range [][]float32{o.Shown, o.Probability} {
		if len(column) > 0 {
			w.floats32(column[from:to], like)
		}
	}
	if len(o.Squares) > 0 {
		w.floats32(o.Squares[from:to], nil)
	}
	if len(o.SetSize) > 0 {
		ints(w, o.SetSize[from:to], plain)
	}
	if len(o.Covered) > 0 {
		w.bits(from, to, func(i int) bool { return o.Covered[i] })
	}
	if len(o.Slices) > 0 {
		ints(w, o.Slices[from:to], plain)
	}
}

// confidencesOf are what Shown and Probability are compared with: the raw confidences,
// where a row has one.
func confidencesOf(o *quality.Outcomes, from, to int) []float32 {
	if o.Width != 1 || len(o.Confidences) == 0 {
		return nil
	}
	return o.Confidences[from:to]
}

type integer interface {
	~int64 | ~uint32 | ~uint16 | ~uint8
}

// ints writes a column of whole numbers: as one where all are the same.
func ints[T integer](w *writer, column []T, how byte) {
	if len(column) == 0 {
		return
	}
	first, alike := column[0], true
	for _, x := range column {
		if x != first {
			alike = false
			break
		}
	}
	if alike {
		w.body = binary.AppendVarint(append(w.body, same), int64(first))
		return
	}
	before := int64(0)
	body := w.body
	body = append(body, how)
	for _, x := range column {
		body = appendVarint(body, int64(x)-before)
		if how == steps {
			before = int64(x)
		}
	}
	w.body = body
}

// appendVarint is binary.AppendVarint with the most frequent case first.
func appendVarint(dst []byte, x int64) []byte {
	u := uint64(x)<<1 ^ uint64(x>>63)
	if u < 0x80 {
		return append(dst, byte(u))
	}
	return binary.AppendUvarint(dst, u)
}

// floats32 writes a column of numbers, those that are the same as in like as 0.
func (w *writer) floats32(column, like []float32) {
	words := w.words(len(column))
	for i, x := range column {
		words[i] = uint64(math.Float32bits(x))
	}
	for i, x := range like {
		words[i] ^= uint64(math.Float32bits(x))
	}
	if like == nil && wholes(w, column) {
		return
	}
	w.planes(words, 4)
}

func (w *writer) floats64(column []float64) {
	if wholes(w, column) {
		return
	}
	words := w.words(len(column))
	for i, x := range column {
		words[i] = math.Float64bits(x)
	}
	w.planes(words, 8)
}

// wholes writes a column whose numbers are all whole, such as indices of classes.
func wholes[T float32 | float64](w *writer, column []T) bool {
	numbers := w.c.numbers[:0]
	for _, x := range column {
		if !(math.Abs(float64(x)) <= math.MaxInt32) || T(int64(x)) != x || x == 0 && math.Signbit(float64(x)) {
			return false
		}
		numbers = append(numbers, int64(x))
	}
	w.c.numbers = numbers
	ints(w, numbers, plain)
	return true
}

func (w *writer) words(n int) []uint64 {
	if cap(w.c.words) < n {
		w.c.words = make([]uint64, n)
	}
	return w.c.words[:n]
}

// planes writes the lowest bytes of all words, then the next, and so on: a plane of
// signs and exponents has few values, one of the last digits of all has any.
func (w *writer) planes(words []uint64, width int) {
	if len(words) == 0 {
		return
	}
	w.body = append(w.body, planes)
	at := len(w.body)
	w.body = append(w.body, make([]byte, len(words)*width)...)
	for plane := range width {
		into, shift := w.body[at+plane*len(words):][:len(words)], 8*plane
		for i, word := range words {
			into[i] = byte(word >> shift)
		}
	}
}

// bits writes a column of yes and no.
func (w *writer) bits(from, to int, yes func(i int) bool) {
	at := len(w.body)
	w.body = append(w.body, make([]byte, (to-from+7)/8)...)
	for i := range to - from {
		if yes(from + i) {
			w.body[at+i/8] |= 1 << (i % 8)
		}
	}
}

// verdicts writes by how much the verdicts are others than those of values and
// truths: not at all, as long as judges judge as derived does.
func (w *writer) verdicts() {
	o, from, to := w.o, w.from, w.to
	distances := w.flags&hasDistances != 0
	w.bits(from, to, func(i int) bool { return o.Verdicts[i].Correct != derived(o, i, distances).Correct })
	if !distances {
		return
	}
	words := w.words(2 * (to - from))
	for i := range to - from {
		got, want := o.Verdicts[from+i], derived(o, from+i, true)
		words[2*i] = math.Float64bits(got.Distance) ^ math.Float64bits(want.Distance)
		words[2*i+1] = math.Float64bits(got.Squared) ^ math.Float64bits(want.Squared)
	}
	w.planes(words, 8)
}

// derived is what a judge most likely said of row i. Right is a row whose values are
// all those of its truth; numbers are a distance apart.
func derived(o *quality.Outcomes, i int, distances bool) (v quality.Verdict) {
	width := o.Width
	if width == 0 || width != o.LabelWidth {
		return quality.Verdict{}
	}
	values, truths := o.Values[i*width:(i+1)*width], o.Truths[i*width:(i+1)*width]
	v.Correct = !distances
	for j, x := range values {
		off := math.Abs(float64(x) - truths[j])
		v.Correct = v.Correct && off == 0
		v.Distance += off
		v.Squared += float64(off * off) // rounded, so that every processor says the same
	}
	if !distances {
		return quality.Verdict{Correct: v.Correct}
	}
	if n := float64(width); n > 1 {
		v.Distance /= n
		v.Squared /= n
	}
	return v
}
