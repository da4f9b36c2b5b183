package shift

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"

	"penstock/model"
)

// stateVersion is the first byte of a state.
const stateVersion = 1

// Errors of UnmarshalBinary, which it wraps in a *StateError.
var (
	// ErrVersion means that a newer Penstock wrote the state.
	ErrVersion = errors.New("was written by another version of Penstock")
	// ErrReference means that the state is of another reference or model.
	ErrReference = errors.New("is of another reference")
	// ErrDamaged means that the state was not written by AppendBinary, or was changed.
	ErrDamaged = errors.New("is damaged")
)

// StateError says why a state cannot be taken up. The detector is then as it was, and
// starts without: nothing but the rows of its window is lost.
type StateError struct{ Err error }

func (e *StateError) Error() string {
	return fmt.Sprintf("the state of a drift detector %v: it starts anew", e.Err)
}

func (e *StateError) Unwrap() error { return e.Err }

// AppendBinary appends the window, what was learned, and whether it fires, so that a
// restart loses nothing. The reference is not part of it.
func (d *Detector) AppendBinary(dst []byte) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	dst = append(dst, stateVersion)
	dst = binary.LittleEndian.AppendUint64(dst, d.fingerprint())
	dst = binary.AppendUvarint(dst, uint64(d.rows))
	dst = append(dst, flag(d.full), flag(d.firing), flag(d.learned.done))
	dst = binary.AppendUvarint(dst, d.windows)
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(d.family))
	dst = binary.AppendUvarint(dst, uint64(len(d.text)))
	dst = append(dst, d.text...)
	if d.learned.done {
		for _, p := range d.answers() {
			dst = appendBins(dst, &p.bins)
		}
	} else {
		dst = binary.AppendUvarint(dst, uint64(len(d.learned.samples[0])))
		for _, sample := range d.learned.samples {
			for _, x := range sample {
				dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(x))
			}
		}
	}
	for i := range d.parts {
		dst = append(dst, flag(d.parts[i].fired))
		for _, counts := range []*[mostCounts]uint16{&d.parts[i].older, &d.parts[i].younger} {
			for _, n := range counts[:len(d.parts[i].bins.Counts)] {
				dst = binary.AppendUvarint(dst, uint64(n))
			}
		}
	}
	return dst, nil
}

// answers are the parts that were learned.
func (d *Detector) answers() []part { return d.parts[len(d.parts)-len(d.learned.names):] }

// fingerprint tells detectors of different references or models apart.
func (d *Detector) fingerprint() uint64 {
	h := fnv.New64a()
	features := 0
	if d.reference != nil {
		features = len(d.reference.Features)
	}
	for i := range d.parts[:features] {
		p := &d.parts[i]
		fmt.Fprintln(h, p.name, p.bins.Edges, p.bins.Groups, p.bins.Counts)
	}
	fmt.Fprintln(h, d.learned.names, d.learned.categories)
	return h.Sum64()
}

func flag(on bool) byte {
	if on {
		return 1
	}
	return 0
}

func appendBins(dst []byte, b *model.Bins) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b.Edges)))
	for _, edge := range b.Edges {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(edge))
	}
	for _, group := range b.Groups { // as many as there are categories
		dst = binary.AppendUvarint(dst, uint64(group))
	}
	dst = binary.AppendUvarint(dst, uint64(len(b.Counts)))
	for _, n := range b.Counts {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	return dst
}

// UnmarshalBinary takes up what AppendBinary wrote, of a detector of the same
// reference. Its errors are *StateError, after which the detector is as it was.
func (d *Detector) UnmarshalBinary(data []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := &stateReader{data: data}
	switch {
	case len(data) == 0:
		return &StateError{ErrDamaged}
	case r.byte() != stateVersion:
		return &StateError{ErrVersion}
	case r.uint64() != d.fingerprint():
		return &StateError{ErrReference}
	}
	read := d.blank()
	read.rows = r.count(half - 1)
	read.full, read.firing, read.learned.done = r.flag(), r.flag(), r.flag()
	read.windows = r.uvarint()
	if read.family = math.Float64frombits(r.uint64()); !(read.family >= 0 && read.family <= 1) {
		r.err = io.ErrUnexpectedEOF
	}
	read.text = string(r.bytes(r.count(maxText)))
	if read.learned.done {
		read.readAnswers(r)
	} else {
		read.readSamples(r)
	}
	for i := range read.parts {
		read.parts[i].readWindow(r)
	}
	if r.err != nil || len(r.data) != 0 {
		return &StateError{ErrDamaged}
	}
	d.parts, d.learned, d.rows, d.full = read.parts, read.learned, read.rows, read.full
	d.windows, d.family, d.firing, d.text = read.windows, read.family, read.firing, read.text
	return nil
}

// maxText bounds the text of a state; those that describe writes are far shorter,
// unless columns have very long names.
const maxText = 1 << 20

// blank is a detector of the same reference that has seen nothing.
func (d *Detector) blank() *Detector {
	b := &Detector{reference: d.reference, learned: learning{names: d.learned.names, categories: d.learned.categories}}
	b.learned.samples = make([][]float32, len(b.learned.names))
	if d.reference != nil {
		b.parts = append(b.parts, d.parts[:len(d.reference.Features)]...)
	}
	for i := range b.parts {
		b.parts[i].older, b.parts[i].younger, b.parts[i].fired = [mostCounts]uint16{}, [mostCounts]uint16{}, false
	}
	return b
}

func (d *Detector) readAnswers(r *stateReader) {
	d.learned.samples = nil
	for i, name := range d.learned.names {
		categories := d.learned.categories[i]
		bins := r.bins(len(categories))
		d.parts = append(d.parts, partOf(name, bins, 0, categories))
	}
}

func (d *Detector) readSamples(r *stateReader) {
	n := r.count(learnRows + half)
	for i := range d.learned.samples {
		data := r.bytes(4 * n)
		for ; len(data) >= 4; data = data[4:] {
			d.learned.samples[i] = append(d.learned.samples[i], math.Float32frombits(binary.LittleEndian.Uint32(data)))
		}
	}
}

func (p *part) readWindow(r *stateReader) {
	p.fired = r.flag()
	for _, counts := range []*[mostCounts]uint16{&p.older, &p.younger} {
		sum := 0
		for i := range p.bins.Counts {
			n := r.count(half)
			counts[i] = uint16(n)
			sum += n
		}
		if sum > half {
			r.err = io.ErrUnexpectedEOF
		}
	}
}

// stateReader reads a state; after an error everything is zero.
type stateReader struct {
	data []byte
	err  error
}

func (r *stateReader) bytes(n int) []byte {
	if r.err != nil || n > len(r.data) {
		r.err = io.ErrUnexpectedEOF
		return nil
	}
	read := r.data[:n]
	r.data = r.data[n:]
	return read
}

func (r *stateReader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *stateReader) flag() bool { return r.byte() == 1 }

func (r *stateReader) uint64() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *stateReader) uvarint() uint64 {
	n, size := binary.Uvarint(r.data)
	if size <= 0 {
		r.err, size = io.ErrUnexpectedEOF, 0
	}
	r.data = r.data[size:]
	return n
}

// count reads a number that is at most so large.
func (r *stateReader) count(most int) int {
	n := r.uvarint()
	if n > uint64(most) {
		r.err = io.ErrUnexpectedEOF
		return 0
	}
	return int(n)
}

// bins reads bins that At can be asked of: their parts must fit each other.
func (r *stateReader) bins(categories int) model.Bins {
	var b model.Bins
	for range r.count(mostEdges) {
		b.Edges = append(b.Edges, math.Float64frombits(r.uint64()))
	}
	for range categories {
		b.Groups = append(b.Groups, r.count(model.MostBins))
	}
	for range r.count(mostCounts) {
		b.Counts = append(b.Counts, r.count(learnRows+half))
	}
	if err := b.Check(categories); err != nil && r.err == nil {
		r.err = err
	}
	return b
}
