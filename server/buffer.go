package server

import (
	"errors"
	"io"
	"sync"
)

// keepBuffer is the largest buffer that is used again; larger ones go back to
// the garbage collector.
const keepBuffer = 1 << 20

// buffer is memory for frames or messages, shared by all links: an idle socket
// holds none.
type buffer struct{ b []byte }

var buffers = sync.Pool{New: func() any { return new(buffer) }}

func newBuffer() *buffer {
	b := buffers.Get().(*buffer)
	b.b = b.b[:0]
	return b
}

// readFrom appends all that r has.
func (b *buffer) readFrom(r io.Reader) error {
	for {
		if len(b.b) == cap(b.b) {
			b.b = append(b.b, 0)[:len(b.b)]
		}
		n, err := r.Read(b.b[len(b.b):cap(b.b)])
		b.b = b.b[:len(b.b)+n]
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readFull appends so many bytes of r. It takes memory as they come: that they
// were announced costs nothing yet.
func (b *buffer) readFull(r io.Reader, length int) error {
	const least = 4 << 10
	for end := len(b.b) + length; len(b.b) < end; {
		if len(b.b) == cap(b.b) {
			b.b = append(make([]byte, 0, min(end, max(2*len(b.b), least))), b.b...)
		}
		n, err := r.Read(b.b[len(b.b):min(end, cap(b.b))])
		b.b = b.b[:len(b.b)+n]
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *buffer) recycle() {
	if cap(b.b) <= keepBuffer {
		buffers.Put(b)
	}
}
