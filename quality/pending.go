package quality

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
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
