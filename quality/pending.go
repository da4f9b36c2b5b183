package quality

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"math/bits"
	"slices"
)

// The predictions that are remembered, as they are kept over a restart, are parts, each after its length in 4 bytes, and a length of 0 at the end. A part is
// records, each after its length as a varint:
//
//	flags     1 byte: labelled, with confidences, with details, first of its holder
//	moment    8 bytes, Unix nanoseconds
//	key       16 bytes
//	series    as a number in the order of the state that stands before
//	holder    its number; where this is its first record, the key of its caller, the
//	          caller's name, the key of its scope, and the scope's name follow
//	size      how many values
//	values, confidences   4 bytes each, row by row
//	details   their number, and for each row: shown, form, slice, 13 probabilities
//
// Other numbers are varints, and those of fixed length little-endian.

const (
	flagLabelled = 1 << iota
	flagSure
	flagDetails
	flagHolder

	// longestPart is beyond any: of one request more than mostPart.
	longestPart = 1 << 30
)

// pendingWriter writes remembered predictions.
type pendingWriter struct {
	store   *Store
	series  map[*Series]uint64
	holders map[uint64]uint64 // numbers of scopes, by their keys
	part    []byte
	b       []byte // the record
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
		next = w.fill(next)
		if len(w.part) == 0 {
			continue
		}
		if err := w.write(out); err != nil {
			return err
		}
	}
	w.part = w.part[:0]
	return w.write(out)
}

// write writes a part; an empty one is the end.
func (w *pendingWriter) write(out io.Writer) error {
	length := binary.LittleEndian.AppendUint32(nil, uint32(len(w.part)))
	for _, b := range [][]byte{length, w.part} {
		if _, err := out.Write(b); err != nil {
			return fmt.Errorf("quality: the remembered predictions: %w", err)
		}
	}
	return nil
}

// mostPart is after how many bytes the store's mutex is let go: a request may have a
// thousand rows, and a thousand of these would hold everybody else up for a long time.
const mostPart = 64 << 10

// fill encodes the requests of some places from first on, and returns where the next
// part begins; -1 is that there are no more.
func (w *pendingWriter) fill(first int) (next int) {
	w.part = w.part[:0]
	s := w.store
	s.mu.Lock()
	defer s.mu.Unlock()
	m := &s.memory
	for next = first; next < m.requests.made; next++ {
		if next-first == chunk || len(w.part) >= mostPart {
			return next
		}
		head := m.requests.at(uint32(next))
		if head.size == 0 {
			continue
		}
		if w.b = w.b[:0]; w.request(m, head) {
			w.part = binary.AppendUvarint(w.part, uint64(len(w.b)))
			w.part = append(w.part, w.b...)
		}
	}
	return -1
}

// request encodes one; false where its series came after the state was taken.
func (w *pendingWriter) request(m *memory, head *kept) bool {
	one := m.series.at(head.series)
	number, known := w.series[one]
	if !known {
		return false
	}
	scope := m.holders.at(head.holder)
	holder, seen := w.holders[scope.key]
	flags := byte(0)
	for i, is := range [...]bool{head.labelled, head.confidence != noConfidence, head.details != none, !seen} {
		if is {
			flags |= 1 << i
		}
	}
	w.b = append(w.b, flags)
	w.fixed(uint64(w.store.unix(head.at)), head.key.high, head.key.low)
	w.uint(number)
	if !seen {
		holder = uint64(len(w.holders))
		w.holders[scope.key] = holder
	}
	w.uint(holder)
	if !seen {
		caller := m.holders.at(scope.parent)
		w.fixed(caller.key)
		w.text(caller.name)
		w.fixed(scope.key)
		w.text(scope.name)
	}
	width := max(one.judge.Width(), 1)
	w.uint(uint64(head.size))
	m.each(head, width, func(_ int, values, confidences []float32) {
		w.floats(values...)
		w.floats(confidences...)
	})
	w.details(m, head, width)
	return true
}

func (w *pendingWriter) details(m *memory, head *kept, width int) {
	if head.details == none {
		return
	}
	w.uint(uint64(int(head.size) / width))
	for next := head.details; next != none; {
		d := m.details.at(next)
		w.floats(d.shown)
		w.uint(uint64(d.form), uint64(d.slice))
		w.floats(d.probabilities[:]...)
		next = d.next
	}
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

// pendingReader reads them: first all that there are, and then one by one, the
// oldest first, as they came.
type pendingReader struct {
	store   *Store
	series  []*Series
	parts   [][]byte
	records []recordAt
	holders []source

	b   []byte // what is left of the record
	err error

	values, confidences []float32 // of the record
	details             []detail
}

// recordAt is where a record lies.
type recordAt struct {
	moment       int64
	part, offset uint32
	length       uint32
}

// readPending remembers what writePending has written, the oldest first.
func (s *Store) readPending(in *bufio.Reader, series []*Series) error {
	r := pendingReader{store: s, series: series}
	for more := true; more && r.err == nil; {
		more = r.readPart(in)
	}
	slices.SortFunc(r.records, func(a, b recordAt) int {
		return cmp.Or(cmp.Compare(a.moment, b.moment), cmp.Compare(a.part, b.part), cmp.Compare(a.offset, b.offset))
	})
	for _, at := range r.records {
		if r.err != nil {
			return r.err
		}
		r.b = r.parts[at.part][at.offset : at.offset+at.length]
		if p, labelled, ok := r.request(); ok {
			s.remind(&p, labelled, r.details)
		}
	}
	return r.err
}

// readPart finds the records of a part, and who holds them; false is the end.
func (r *pendingReader) readPart(in *bufio.Reader) bool {
	var length [4]byte
	if _, err := io.ReadFull(in, length[:]); err != nil {
		r.fail()
		return false
	}
	n := binary.LittleEndian.Uint32(length[:])
	if n == 0 {
		return false
	}
	if n > longestPart {
		r.fail()
		return false
	}
	part, err := io.ReadAll(io.LimitReader(in, int64(n)))
	if err != nil || len(part) != int(n) {
		r.fail()
		return false
	}
	r.parts = append(r.parts, part)
	r.findRecords(part)
	return true
}

func (r *pendingReader) findRecords(part []byte) {
	for offset := 0; offset < len(part) && r.err == nil; {
		length, size := binary.Uvarint(part[offset:])
		offset += max(size, 0)
		if size <= 0 || length < 25 || length > uint64(len(part)-offset) {
			r.fail()
			return
		}
		r.b = part[offset : offset+int(length)]
		flags := r.byte()
		at := recordAt{moment: int64(r.fixed()), part: uint32(len(r.parts) - 1), offset: uint32(offset), length: uint32(length)}
		r.records = append(r.records, at)
		if flags&flagHolder != 0 {
			r.newHolder()
		}
		offset += int(length)
	}
}

// newHolder reads who holds the first of its records.
func (r *pendingReader) newHolder() {
	r.fixed()
	r.fixed()
	r.uint(uint64(len(r.series)))
	if r.uint(math.MaxUint32) != uint64(len(r.holders)) {
		r.fail()
		return
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
}

// request reads a record. False is that it is of a series that is not there any more,
// or damaged.
func (r *pendingReader) request() (p request, labelled, ok bool) {
	flags := r.byte()
	p.at = int64(r.fixed()) - r.store.epochUnix
	p.key = key{high: r.fixed(), low: r.fixed()}
	number, holder := r.uint(math.MaxUint32), r.uint(math.MaxUint32)
	if number >= uint64(len(r.series)) || holder >= uint64(len(r.holders)) {
		r.fail()
		return p, false, false
	}
	if flags&flagHolder != 0 {
		r.fixed()
		r.text()
		r.fixed()
		r.text()
	}
	p.source, p.series = r.holders[holder], r.series[number]
	if p.series == nil {
		return p, false, false
	}
	p.size = int(r.uint(maxRemember))
	r.rows(&p, flags)
	if r.err == nil && len(r.b) > 0 {
		r.fail()
	}
	return p, flags&flagLabelled != 0, r.err == nil
}

// rows reads the values of a request.
func (r *pendingReader) rows(p *request, flags byte) {
	width := max(p.series.judge.Width(), 1)
	p.rows = p.size / width
	if p.size == 0 || p.rows*width != p.size || p.size > len(r.b)/4 {
		r.fail()
		return
	}
	r.values, r.confidences, r.details = r.values[:0], r.confidences[:0], r.details[:0]
	for range p.rows {
		r.values = r.floats(r.values, width)
		if flags&flagSure != 0 {
			r.confidences = r.floats(r.confidences, width)
		}
	}
	p.values, p.confidences = r.values, r.confidences
	if p.series.judge.Width() == 0 {
		p.values, p.confidences = nil, nil
	}
	if flags&flagDetails == 0 {
		return
	}
	if r.uint(maxRemember) != uint64(p.rows) {
		r.fail()
		return
	}
	for range p.rows {
		r.details = append(r.details, r.detail(p.series))
	}
}

func (r *pendingReader) detail(of *Series) (d detail) {
	d.shown = r.float()
	d.form, d.slice = form(r.uint(uint64(formLikeliest))), uint8(r.uint(math.MaxUint8))
	for i := range d.probabilities {
		d.probabilities[i] = r.float()
	}
	if !d.form.fits(of.classes) {
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

// remind remembers one again.
func (s *Store) remind(p *request, labelled bool, details []detail) {
	if p.size > s.memory.limit || !s.memory.push(p) {
		return
	}
	head := s.memory.requests.at(s.memory.find(p.key))
	head.labelled = labelled
	link := &head.details
	for i := range details {
		*link = s.memory.details.take()
		d := s.memory.details.at(*link)
		*d = details[i]
		link = &d.next
	}
	*link = none
}

func (r *pendingReader) fail() {
	r.b = nil
	if r.err == nil {
		r.err = errPending
	}
}

func (r *pendingReader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	b := r.b[0]
	r.b = r.b[1:]
	return b
}

// uint reads a number up to most.
func (r *pendingReader) uint(most uint64) uint64 {
	v, size := binary.Uvarint(r.b)
	if size <= 0 || v > most {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return v
}

func (r *pendingReader) fixed() uint64 {
	if len(r.b) < 8 {
		r.fail()
		return 0
	}
	v := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[8:]
	return v
}

func (r *pendingReader) float() float32 {
	if len(r.b) < 4 {
		r.fail()
		return 0
	}
	v := math.Float32frombits(binary.LittleEndian.Uint32(r.b))
	r.b = r.b[4:]
	return v
}

func (r *pendingReader) floats(into []float32, n int) []float32 {
	for range n {
		into = append(into, r.float())
	}
	return into
}

// longestText is how long a name may be.
const longestText = 1 << 16

func (r *pendingReader) text() string {
	n := r.uint(longestText)
	if n > uint64(len(r.b)) {
		r.fail()
		return ""
	}
	text := string(r.b[:n])
	r.b = r.b[n:]
	return text
}
