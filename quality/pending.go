package quality

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"math/bits"
	"slices"
)

// The predictions that are remembered, as they are kept over a restart:
//
//	for each request that is remembered   1, then
//	   series    as a number in the order of the state that stands before
//	   flags     1 labelled, 2 with confidences, 4 with details
//	   key       16 bytes
//	   moment    8 bytes, Unix nanoseconds
//	   holder    its number; a number not yet seen is followed by the key of its caller,
//	             the caller's name, the key of its scope, and the scope's name
//	   size      how many values
//	   values, confidences   4 bytes each
//	   details   their number, and for each row: shown, form, slice, 13 probabilities
//	0 at the end
//
// Numbers are varints, and those of fixed length little-endian.

const (
	flagLabelled = 1 << iota
	flagSure
	flagDetails
)

// pendingWriter writes remembered predictions.
type pendingWriter struct {
	store   *Store
	series  map[*Series]uint64
	holders map[uint64]uint64 // numbers of scopes, by their keys
	b       []byte
}

// writePending writes the predictions that are remembered. It looks at a thousand
// places at a time, or fewer where requests are large: those that come or go meanwhile are
// in it or not.
func (state *State) writePending(out io.Writer) error {
	s := state.store
	w := &pendingWriter{store: s, series: make(map[*Series]uint64), holders: make(map[uint64]uint64)}
	for i, one := range state.series {
		w.series[one] = uint64(i)
	}
	for next := 0; next >= 0; {
		next = w.part(next)
		if _, err := out.Write(w.b); err != nil {
			return fmt.Errorf("quality: the remembered predictions: %w", err)
		}
	}
	if _, err := out.Write([]byte{0}); err != nil {
		return fmt.Errorf("quality: the remembered predictions: %w", err)
	}
	return nil
}

// mostPart is after how many bytes the store's mutex is let go: a request may have a
// thousand rows, and a thousand of these hold everybody else up for a long time.
const mostPart = 64 << 10

// part encodes the requests of some places from first on, and returns where the next part
// begins; -1 is that there are no more.
func (w *pendingWriter) part(first int) (next int) {
	w.b = w.b[:0]
	s := w.store
	s.mu.Lock()
	defer s.mu.Unlock()
	m := &s.memory
	for next = first; next < m.requests.made; next++ {
		if next-first == chunk || len(w.b) >= mostPart {
			return next
		}
		if head := m.requests.at(uint32(next)); head.size > 0 {
			w.request(m, head)
		}
	}
	return -1
}

func (w *pendingWriter) request(m *memory, head *kept) {
	one := m.series.at(head.series)
	number, known := w.series[one]
	if !known { // it came after the state was taken
		return
	}
	sure := head.confidence != noConfidence
	flags := uint64(0)
	for flag, is := range map[uint64]bool{flagLabelled: head.labelled, flagSure: sure, flagDetails: head.details != none} {
		if is {
			flags |= flag
		}
	}
	w.uint(1, number, flags)
	w.fixed(head.key.high, head.key.low, uint64(w.store.unix(head.at)))
	w.holder(m, head.holder)
	width := max(one.judge.Width(), 1)
	w.uint(uint64(head.size))
	m.each(head, width, func(_ int, values, confidences []float32) {
		w.floats(values...)
		w.floats(confidences...)
	})
	if head.details != none {
		w.uint(uint64(int(head.size) / width))
	}
	for next := head.details; next != none; {
		d := m.details.at(next)
		w.floats(d.shown)
		w.uint(uint64(d.form), uint64(d.slice))
		w.floats(d.probabilities[:]...)
		next = d.next
	}
}

func (w *pendingWriter) holder(m *memory, position uint32) {
	scope := m.holders.at(position)
	number, known := w.holders[scope.key]
	if known {
		w.uint(number)
		return
	}
	number = uint64(len(w.holders))
	w.holders[scope.key] = number
	caller := m.holders.at(scope.parent)
	w.uint(number)
	w.fixed(caller.key)
	w.text(caller.name)
	w.fixed(scope.key)
	w.text(scope.name)
}

func (w *pendingWriter) uint(values ...uint64) {
	for _, v := range values {
		w.b = binary.AppendUvarint(w.b, v)
	}
}

func (w *pendingWriter) fixed(values ...uint64) {
	for _, v := range values {
		w.b = binary.LittleEndian.AppendUint64(w.b, v)
	}
}

func (w *pendingWriter) floats(values ...float32) {
	for _, v := range values {
		w.b = binary.LittleEndian.AppendUint32(w.b, math.Float32bits(v))
	}
}

func (w *pendingWriter) text(s string) {
	w.uint(uint64(len(s)))
	w.b = append(w.b, s...)
}

// errPending refuses what is no list of predictions.
var errPending = errors.New("quality: the remembered predictions are damaged")

// pendingReader reads them.
type pendingReader struct {
	store   *Store
	in      *bufio.Reader
	series  []*Series
	holders []source
	scopes  []uint64
	err     error
}

// pending is a request that was read.
type pending struct {
	request
	labelled bool
	details  []detail
}

// readPending remembers what writePending has written, the oldest first.
func (s *Store) readPending(in *bufio.Reader, series []*Series) error {
	r := pendingReader{store: s, in: in, series: series}
	var all []pending
	for r.uint(1) == 1 && r.err == nil {
		if p, ok := r.request(); ok {
			all = append(all, p)
		}
	}
	if r.err != nil {
		return r.err
	}
	slices.SortStableFunc(all, func(a, b pending) int { return int(min(max(a.at-b.at, -1), 1)) })
	for i := range all {
		s.remind(&all[i])
	}
	return nil
}

// remind remembers one again.
func (s *Store) remind(p *pending) {
	if p.size > s.memory.limit || !s.memory.push(&p.request) {
		return
	}
	head := s.memory.requests.at(s.memory.find(p.key))
	head.labelled = p.labelled
	link := &head.details
	for i := range p.details {
		*link = s.memory.details.take()
		d := s.memory.details.at(*link)
		*d = p.details[i]
		link = &d.next
	}
	*link = none
}

func (r *pendingReader) request() (p pending, ok bool) {
	number := r.uint(uint64(len(r.series)))
	flags := r.uint(7)
	p.key = key{high: r.fixed(), low: r.fixed()}
	p.at = int64(r.fixed()) - r.store.epochUnix
	p.source = r.holder()
	size := r.uint(maxRemember)
	if r.err != nil || number >= uint64(len(r.series)) || size == 0 {
		r.fail()
		return p, false
	}
	p.size, p.labelled = int(size), flags&flagLabelled != 0
	p.series = r.series[number]
	width := 1
	if p.series != nil {
		width = p.series.judge.Width()
	}
	return p, r.rows(&p, width, flags) && p.series != nil
}

// rows reads the values of a request. Those of a series that is not there any more
// are read as if of width 1, which takes as many bytes.
func (r *pendingReader) rows(p *pending, width int, flags uint64) bool {
	p.rows = p.size / max(width, 1)
	if p.rows*max(width, 1) != p.size {
		r.fail()
		return false
	}
	for range p.rows {
		if r.err != nil {
			return false
		}
		p.values = r.floats(p.values, max(width, 1))
		if flags&flagSure != 0 {
			p.confidences = r.floats(p.confidences, max(width, 1))
		}
	}
	if width == 0 {
		p.values, p.confidences = nil, nil
	}
	if flags&flagDetails == 0 {
		return r.err == nil
	}
	for range r.uint(uint64(p.size)) {
		if r.err != nil {
			return false
		}
		p.details = append(p.details, r.detail(p.series))
	}
	return r.err == nil
}

func (r *pendingReader) detail(of *Series) (d detail) {
	d.shown = r.float()
	d.form, d.slice = form(r.uint(uint64(formLikeliest))), uint8(r.uint(math.MaxUint8))
	for i := range d.probabilities {
		d.probabilities[i] = r.float()
	}
	if of != nil && !d.form.fits(of.classes) {
		r.fail()
	}
	return d
}

// fits reports whether a detail of this form may be of a model of so many classes.
func (f form) fits(classes int) bool {
	switch f {
	case formFull:
		return classes > 0 && classes <= FullClasses
	case formLikeliest:
		return classes > FullClasses
	}
	return true
}

func (r *pendingReader) holder() source {
	number := r.uint(uint64(len(r.holders)))
	if number < uint64(len(r.holders)) {
		return r.holders[number]
	}
	oldCaller := r.fixed()
	of := source{callerName: r.text()}
	oldScope := r.fixed()
	of.scopeName = r.text()
	// Keys of callers are new in each process, and scopes' are made of them.
	of.caller = maphash.String(r.store.seed, of.callerName)
	low := oldScope ^ bits.RotateLeft64(oldCaller, 32)
	of.scope = scopeKey(Scope{low: low}, of.caller)
	r.holders = append(r.holders, of)
	return of
}

func (r *pendingReader) fail() {
	if r.err == nil {
		r.err = errPending
	}
}

// uint reads a number up to most.
func (r *pendingReader) uint(most uint64) uint64 {
	v, err := binary.ReadUvarint(r.in)
	if err != nil || v > most {
		r.fail()
		return 0
	}
	return v
}

func (r *pendingReader) bytes(into []byte) {
	if _, err := io.ReadFull(r.in, into); err != nil {
		r.fail()
	}
}

func (r *pendingReader) fixed() uint64 {
	var b [8]byte
	r.bytes(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

func (r *pendingReader) float() float32 {
	var b [4]byte
	r.bytes(b[:])
	return math.Float32frombits(binary.LittleEndian.Uint32(b[:]))
}

func (r *pendingReader) floats(into []float32, n int) []float32 {
	for range n {
		if r.err != nil {
			return into
		}
		into = append(into, r.float())
	}
	return into
}

// longestText is how long a name may be.
const longestText = 1 << 16

func (r *pendingReader) text() string {
	b := make([]byte, r.uint(longestText))
	r.bytes(b)
	return string(b)
}
