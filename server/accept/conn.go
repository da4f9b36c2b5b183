package accept

import (
	"container/list"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

const (
	// pieceSize is how many bytes a peer must take within writeTimeout: the
	// slowest that is served reads some 3 KiB/s.
	pieceSize    = 16 << 10
	writeTimeout = 5 * time.Second
)

// Conn is a connection in a place, which it gives back when it is closed. What
// is written through it must be read by the peer as it goes. Who has hijacked
// it has rules of its own, and writes to Raw.
type Conn struct {
	net.Conn
	listener *Listener

	// Guarded by the places' lock. fresh changes no more once placed is false.
	fresh   bool // has had no request
	placed  bool
	share   *share        // nil where no limit per caller holds
	inAll   *list.Element // nil while it does not wait
	inShare *list.Element // likewise, or without a share

	diverted atomic.Pointer[diversion] // nil for none
}

// diversion writes in another way: see Divert.
type diversion func(raw net.Conn, b []byte) (n int, err error)

// Raw returns the connection as the system gave it. It must be closed through
// Close of the Conn.
func (c *Conn) Raw() net.Conn { return c.Conn }

// Divert has write do what Write does from now on, with the connection as the
// system gave it. It is for who has hijacked a connection with TLS above it, and so
// cannot write to Raw.
func (c *Conn) Divert(write func(raw net.Conn, b []byte) (n int, err error)) {
	c.diverted.Store((*diversion)(&write))
}

// Close closes the connection and gives its place back.
func (c *Conn) Close() error {
	err := c.Conn.Close()
	c.listener.places.leave(c)
	return err
}

// CloseWrite says to the peer that nothing more comes.
func (c *Conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Write writes in pieces, each within a time of its own: a response may take
// long, as long as it gets on. What net/http says in plain text about a request
// that it could not read is said as a problem.
func (c *Conn) Write(b []byte) (n int, err error) {
	if divert := c.diverted.Load(); divert != nil {
		return (*divert)(c.Conn, b)
	}
	if answer := typedAnswer(b); answer != nil {
		_, err := c.write(answer)
		return len(b), err
	}
	return c.write(b)
}

func (c *Conn) write(b []byte) (n int, err error) {
	for {
		if err := c.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return n, err
		}
		m, err := c.Conn.Write(b[n:min(len(b), n+pieceSize)])
		n += m
		if err != nil || n == len(b) {
			return n, err
		}
	}
}
