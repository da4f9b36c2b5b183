package server

import (
	"net"
	"sync"
)

// chunkSize is how much an inbox reads at a time: with many requests in
// flight, one system call brings dozens of them.
const chunkSize = 32 << 10

// chunks are shared by all inboxes.
var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// inbox reads ahead from one socket. It takes a chunk when bytes are there and
// gives it back when they are used up: a socket that waits holds none.
type inbox struct {
	conn  net.Conn
	raw   rawReader // reads without holding a chunk while it waits; nil where that cannot be done
	chunk *[chunkSize]byte
	ahead []byte // read, not yet asked for: a part of chunk, or what came with the handshake
}

// rawReader reads into a chunk that it takes once the socket is readable.
type rawReader interface {
	read() (chunk *[chunkSize]byte, n int, err error)
}

func (b *inbox) init(conn net.Conn, early []byte) {
	b.conn = conn
	b.ahead = append(b.ahead, early...)
	b.raw = newRawReader(conn)
}

// waiting reports whether read will return without waiting.
func (b *inbox) waiting() bool { return len(b.ahead) > 0 }

// read waits for bytes and copies to p what there is and fits. The middle of a
// large message goes straight to p.
func (b *inbox) read(p []byte) (int, error) {
	if len(b.ahead) == 0 {
		if b.raw == nil || len(p) >= chunkSize {
			return b.conn.Read(p)
		}
		chunk, n, err := b.raw.read()
		if n == 0 {
			return 0, err
		}
		b.chunk, b.ahead = chunk, chunk[:n]
	}
	n := copy(p, b.ahead)
	if b.ahead = b.ahead[n:]; len(b.ahead) == 0 {
		b.release()
	}
	return n, nil
}

// release gives the chunk back.
func (b *inbox) release() {
	b.ahead = nil
	if b.chunk != nil {
		chunks.Put(b.chunk)
		b.chunk = nil
	}
}
