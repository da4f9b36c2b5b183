package socket

import (
	"context"
	"net"

	"penstock/protocol"
)

// Message is what a peer sent. It is valid until Handler.Message returns.
type Message struct {
	Kind    Kind
	Payload []byte
	// Mask is what the payload is still masked with, for those who undo that
	// while they read; 0 for nothing. See Plain.
	Mask uint32
}

// Plain unmasks the payload where it is. It may be called once, and Payload is
// not to be used then.
func (m Message) Plain() []byte {
	if m.Mask != 0 {
		protocol.Unmask(m.Payload, m.Mask)
	}
	return m.Payload
}

// Handler is what the reader calls.
type Handler struct {
	// Message acts on a message. While it does, silence is not the peer's.
	Message func(Message)
	// Idle is called when the reader is about to wait: what messages needed can
	// be let go of. Default: nothing to do.
	Idle func()
}

// Messages reads until the connection is to end, and hands every message over.
// It is what the function that is given to Start calls last.
func (c *Conn) Messages(handler Handler) {
	c.handler = handler
	for c.Message(handler.Message) {
		continue
	}
}

// Message reads one message and hands it over. It reports false when the connection is
// to end; then the function that is given to Start returns.
func (c *Conn) Message(handle func(Message)) bool {
	m, err := c.next()
	switch {
	case c.farewell.Load() != nil:
		c.sayFarewell()
		return false
	case err != nil:
		if c.state.now() == dropped {
			c.Goodbye(protocol.CloseTryLater, "the server is short of memory")
		}
		return false
	case c.state.listens(): // after goodbye was said it only waits for the end
		handle(m)
	}
	c.used()
	if c.farewell.Load() != nil {
		c.sayFarewell()
		return false
	}
	// While too much waits to be written nothing is read, whoever has appended
	// it: a request is answered and done with before the peer has read that.
	c.outbox.waitBelow(longestBacklog)
	return true
}

// longestBacklog is how many bytes may wait to be written before a connection's
// reader stops: errors answer requests that nothing has let in.
const longestBacklog = 256 << 10

// next waits for a message. It is valid until used.
func (c *Conn) next() (Message, error) {
	if !c.More() {
		if err := c.await(); err != nil {
			return Message{}, err
		}
	}
	if m, ok := c.inbox.message(); ok {
		if c.state.ended() {
			return Message{}, net.ErrClosed
		}
		c.act()
		return m, nil
	}
	m, err := c.readMessage()
	if err != nil {
		c.used()
		return Message{}, err
	}
	c.message.whole()
	c.messageSince.Store(0)
	c.act()
	return m, nil
}

// await waits for the first bytes of what comes next.
func (c *Conn) await() error {
	c.rest()
	c.messageSince.Store(0)
	if err := c.beforeWait(); err != nil {
		return err
	}
	err := c.inbox.fill()
	c.lastRead.Store(c.hub.now())
	return err
}

// act and rest say whether the reader acts on a message. Between messages that
// came together nothing needs to be said, and what one needed serves the next.
func (c *Conn) act() { c.state.mark(acting) }

func (c *Conn) rest() {
	if c.handler.Idle != nil {
		c.handler.Idle()
	}
	c.lastRead.Store(c.hub.now())
	c.state.unmark(acting)
}

// readMessage reads a message that is not there as a whole, or has
// coder/websocket read whatever else has come. It takes a buffer when a message
// has begun: a socket that waits for one holds none.
func (c *Conn) readMessage() (Message, error) {
	c.rest()
	c.startMessageClock()
	if m, length, ok := c.inbox.open(); ok {
		c.message = c.newMessage()
		err := c.message.readFull(&c.wire, length)
		m.Payload = c.message.b
		return m, err
	}
	typ, r, err := c.ws.Reader(context.Background())
	if err != nil {
		return Message{}, err
	}
	c.inMessage = true
	c.message = c.newMessage()
	err = c.message.readFrom(r)
	c.inMessage = false
	return Message{Kind: Kind(opFin | byte(typ)), Payload: c.message.b}, err
}

// used gives back the memory of the message that next returned.
func (c *Conn) used() {
	c.DropMessage()
	if !c.inbox.waiting() {
		c.inbox.release()
	}
}

// DropMessage gives back the memory that the message at hand had of its own, before
// the handler waits for something: it has been decoded. It is the reader's call.
func (c *Conn) DropMessage() {
	if c.message != nil {
		c.message.recycle()
		c.message = nil
	}
}

// startMessageClock runs on the reader's goroutine when it begins to wait, and
// after a control frame: if more bytes have come already, a message began.
func (c *Conn) startMessageClock() {
	if c.More() {
		c.messageSince.Store(c.hub.now())
		return
	}
	c.messageSince.Store(0)
}

func (c *Conn) controlReceived() {
	if !c.inMessage {
		c.startMessageClock()
	}
}
