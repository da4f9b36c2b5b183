package server

import (
	"errors"
	"io"
	"sync"

	"penstock/server/budget"
)

// keepBuffer is the largest buffer that is used again; larger ones go back to
// the garbage collector.
const keepBuffer = 1 << 20

// buffer is memory for frames or messages, shared by all links: an idle socket
// holds none.
type buffer struct {
	b []byte

	// Of a message that is read.
	link  *link
	count *budget.Message // nil while it is small
}

// uncounted is how many bytes of a half-read message count as its socket's own
// cost.
const uncounted = 4 << 10

// errDropped ends the reading of a message whose memory others need.
var errDropped = errors.New("message dropped for want of memory")

// newMessage returns a buffer for a message, whose bytes count in the budget.
func (l *link) newMessage() *buffer {
	b := newBuffer()
	b.link = l
	return b
}

// holds tells the budget of the buffer's size, after it has changed from before.
func (b *buffer) holds(before int) error {
	if b.link == nil || cap(b.b) <= uncounted {
		return nil
	}
	if b.count == nil {
		b.count, before = b.link.holder.Read(b.link.drop), 0
	}
	if !b.count.Grow(int64(cap(b.b) - before)) {
		return errDropped
	}
	return nil
}

var buffers = sync.Pool{New: func() any { return new(buffer) }}

func newBuffer() *buffer {
	b := buffers.Get().(*buffer)
	b.b = b.b[:0]
	return b
}

// readFrom appends all that r has.
func (b *buffer) readFrom(r io.Reader) error {
	err := b.holds(0)
	for err == nil {
		if before := cap(b.b); len(b.b) == before {
			b.b = append(b.b, 0)[:len(b.b)]
			if err = b.holds(before); err != nil {
				return err
			}
		}
		var n int
		n, err = r.Read(b.b[len(b.b):cap(b.b)])
		b.b = b.b[:len(b.b)+n]
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// readFull appends so many bytes of r. It takes memory as they come: that they
// were announced costs nothing yet.
func (b *buffer) readFull(r io.Reader, length int) error {
	const least = uncounted
	err := b.holds(0)
	for end := len(b.b) + length; len(b.b) < end && err == nil; {
		if before := cap(b.b); len(b.b) == before {
			b.b = append(make([]byte, 0, min(end, max(2*len(b.b), least))), b.b...)
			if err = b.holds(before); err != nil {
				return err
			}
		}
		var n int
		n, err = r.Read(b.b[len(b.b):min(end, cap(b.b))])
		b.b = b.b[:len(b.b)+n]
	}
	return err
}

func (b *buffer) recycle() {
	if b.count != nil {
		b.count.Done()
	}
	b.link, b.count = nil, nil
	if cap(b.b) <= keepBuffer {
		buffers.Put(b)
	}
}
