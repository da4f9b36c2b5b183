package quality

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"io"
	"math"
	"math/bits"
	"slices"
)

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
