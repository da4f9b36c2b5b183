package socket

import (
	"errors"
	"io"
	"math"
	"sync"

	"penstock/server/budget"
)

// keepBuffer is the largest buffer that is used again; larger ones go back to
// the garbage collector. Who needs a buffer gets one of smallBuffer at most, and
// a larger one when he has filled that: a frame of ten bytes is not to hold a
// mebibyte.
const (
	smallBuffer = 64 << 10
	keepBuffer  = 1 << 20
)

// buffer is memory for frames or messages, shared by all connections: an idle one
// holds none.
type buffer struct {
	b []byte

	// Of a message that is read.
	conn  *Conn
	count *budget.Message // nil while it is small
	kept  int64           // counted bytes of what has come whole
}

// uncounted is how many bytes of a half-read message count as its socket's own
// cost.
const uncounted = 4 << 10

// errDropped ends the reading of a message whose memory others need.
var errDropped = errors.New("message dropped for want of memory")

// newMessage returns a buffer for a message, whose bytes count in the budget.
func (c *Conn) newMessage() *buffer {
	b := newBuffer()
	b.conn = c
	return b
}

// holds tells the budget of the buffer's size, after it has changed from before.
func (b *buffer) holds(before int) error {
	if b.conn == nil || cap(b.b) <= uncounted {
		return nil
	}
	if b.count == nil {
		b.count, before = b.conn.place.holder.Read(b.conn.drop), 0
	}
	if !b.count.Grow(int64(cap(b.b) - before)) {
		return errDropped
	}
	return nil
}

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// largeBuffers are few, since nobody counts them: what one burst of messages
// needed is not kept for the next. Sweeps empty it; see trimBuffers.
var largeBuffers = make(chan []byte, 16)

// frameBuffers are for outboxes, of which the account counts what they hold, not
// what they could: they are small.
var frameBuffers = sync.Pool{New: func() any { return new(buffer) }}

const keepFrames = 16 << 10

func newFrames() *buffer {
	b := frameBuffers.Get().(*buffer)
	b.b = b.b[:0]
	return b
}

// recycleFrames gives up what newFrames returned.
func (b *buffer) recycleFrames() {
	if cap(b.b) <= keepFrames {
		frameBuffers.Put(b)
	}
}

func newBuffer() *buffer {
	b := buffers.Get().(*buffer)
	b.b = b.b[:0]
	return b
}

// grow makes room for some more of at most end bytes, where there is none.
func (b *buffer) grow(end int) {
	size := min(end, max(2*len(b.b), uncounted))
	if size > smallBuffer {
		select {
		case large := <-largeBuffers:
			if cap(large) > len(b.b) {
				b.b = append(large[:0], b.b...)
				return
			}
		default:
		}
	}
	b.b = append(make([]byte, 0, size), b.b...)
}

// readFrom appends all that r has.
func (b *buffer) readFrom(r io.Reader) error {
	err := b.holds(0)
	for err == nil {
		if before := cap(b.b); len(b.b) == before {
			b.grow(math.MaxInt)
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
	err := b.holds(0)
	for end := len(b.b) + length; len(b.b) < end && err == nil; {
		if before := cap(b.b); len(b.b) == before {
			b.grow(end)
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

// whole says that the message has come to its end.
func (b *buffer) whole() {
	if b.count != nil {
		b.kept = b.count.Keep()
	}
}

func (b *buffer) recycle() {
	if b.count != nil {
		b.count.Done()
	}
	if b.kept > 0 {
		b.conn.place.holder.Give(b.kept)
	}
	b.conn, b.count, b.kept = nil, nil, 0
	switch size := cap(b.b); {
	case size <= smallBuffer:
		buffers.Put(b)
	case size <= keepBuffer:
		select {
		case largeBuffers <- b.b:
		default:
		}
	}
}

// trimBuffers lets go of half of the large buffers, once a second: while there
// are large messages, they come back.
func trimBuffers() {
	for range (len(largeBuffers) + 1) / 2 {
		select {
		case <-largeBuffers:
		default:
			return
		}
	}
}
