package socket

import (
	"errors"
	"net"
	"unicode/utf8"

	"penstock/protocol"
)

// wire is a Conn as coder/websocket sees it: the net.Conn that it reads from and
// writes to, always on the reader's goroutine. The kept net.Conn carries the
// deadlines.
type wire struct {
	net.Conn
	conn *Conn
}

// Read is called by coder/websocket when it has used up what it read before.
func (w *wire) Read(p []byte) (int, error) {
	c := w.conn
	if err := c.beforeWait(); err != nil {
		return 0, err
	}
	n, err := c.inbox.read(p)
	if errors.Is(err, errTooLarge) {
		c.partTooBig()
	} else if c.inbox.meter.fault != nil {
		c.Part(protocol.CloseProtocol, c.inbox.meter.fault.Error())
	}
	if n > 0 {
		now := c.hub.now()
		c.lastRead.Store(now)
		if c.messageSince.Load() == 0 {
			c.messageSince.Store(now)
		}
	}
	return n, err
}

// beforeWait writes what the reader has appended, if it is about to wait:
// answers to all messages that came together leave together.
func (c *Conn) beforeWait() error {
	if !c.More() && c.answerLate(c.hub.now()) {
		c.unflushed = true
	}
	if c.unflushed && !c.More() {
		c.unflushed = false
		c.state.mark(acting) // while it writes nobody reads: silence is not the peer's
		began := c.hub.now()
		c.outbox.writeNow()
		if took := c.hub.now() - began; took > 0 {
			c.lastRead.Add(took)
			if c.messageSince.Load() != 0 {
				c.messageSince.Add(took)
			}
		}
		c.state.unmark(acting)
	}
	if c.state.ended() {
		return net.ErrClosed
	}
	return nil
}

// Write is called by coder/websocket for control frames, one at a time. A close
// frame, with which it answers the peer's or says what is wrong, waits for what
// the peer is owed.
func (w *wire) Write(p []byte) (int, error) {
	c := w.conn
	switch {
	case Kind(p[0]) != opClose:
		c.outbox.appendRaw(p)
		c.unflushed = true
	case len(p) >= closeHeader && int(p[2])<<8|int(p[3]) == protocol.CloseTooBig:
		c.partTooBig() // coder/websocket names the limit and one
	case !utf8.Valid(p[min(len(p), closeHeader):]):
		c.Part(protocol.CloseInvalidText, "a close reason must be UTF-8")
	default:
		c.partWith(append([]byte(nil), p...))
	}
	return len(p), nil
}

// Close is called by coder/websocket when it is done. The outbox may still
// hold a close frame: the connection itself is closed by finish.
func (w *wire) Close() error {
	w.conn.stop()
	return nil
}
