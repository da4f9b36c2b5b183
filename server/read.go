package server

import (
	"context"
	"net"

	"github.com/coder/websocket"

	"penstock/protocol"
)

// message is what a client sent. The payload may still be masked, for those that
// undo it while they read (see protocol.DecodeBinary).
type message struct {
	typ     websocket.MessageType
	payload []byte
	mask    uint32
}

// plain unmasks the payload where it is. It may be called once.
func (m message) plain() []byte {
	if m.mask != 0 {
		protocol.Unmask(m.payload, m.mask)
	}
	return m.payload
}

// messages hands every message to handle until the connection ends. A message
// is valid until handle returns.
func (l *link) messages(handle func(message)) {
	for {
		m, err := l.next()
		switch {
		case l.farewell != nil:
			l.sayFarewell()
			return
		case err != nil:
			if l.dropped.Load() {
				l.goodbye(protocol.CloseTryLater, "the server is short of memory")
			}
			return
		case !l.leaving.Load(): // after goodbye was said it only waits for the end
			handle(m)
		}
		l.used()
		if l.farewell != nil {
			l.sayFarewell()
			return
		}
		l.holdBack()
	}
}

// next waits for a message. It is valid until used.
func (l *link) next() (message, error) {
	if !l.more() {
		if err := l.await(); err != nil {
			return message{}, err
		}
	}
	if m, ok := l.inbox.message(); ok {
		if l.ended.Load() {
			return message{}, net.ErrClosed
		}
		l.act()
		return m, nil
	}
	m, err := l.readMessage()
	if err != nil {
		l.used()
		return message{}, err
	}
	l.message.whole()
	l.messageSince.Store(0)
	l.act()
	return m, nil
}

// await waits for the first bytes of what comes next.
func (l *link) await() error {
	l.rest()
	l.messageSince.Store(0)
	if err := l.beforeWait(); err != nil {
		return err
	}
	err := l.inbox.fill()
	l.lastRead.Store(l.hub.now())
	return err
}

// act and rest say whether the reader acts on a message. Between messages that
// came together nothing needs to be said, and what one needed serves the next.
func (l *link) act() {
	if !l.acting.Load() {
		l.acting.Store(true)
	}
}

func (l *link) rest() {
	if l.idle != nil {
		l.idle()
	}
	l.lastRead.Store(l.hub.now())
	l.acting.Store(false)
}

// readMessage reads a message that is not there as a whole, or has
// coder/websocket read whatever else has come. It takes a buffer when a message
// has begun: a socket that waits for one holds none.
func (l *link) readMessage() (message, error) {
	l.rest()
	l.startMessageClock()
	if m, length, ok := l.inbox.open(); ok {
		l.message = l.newMessage()
		err := l.message.readFull(l, length)
		m.payload = l.message.b
		return m, err
	}
	typ, r, err := l.ws.Reader(context.Background())
	if err != nil {
		return message{}, err
	}
	l.inMessage = true
	l.message = l.newMessage()
	err = l.message.readFrom(r)
	l.inMessage = false
	return message{typ: typ, payload: l.message.b}, err
}

// used gives back the memory of the message that next returned.
func (l *link) used() {
	l.usedMessage()
	if !l.inbox.waiting() {
		l.inbox.release()
	}
}

// usedMessage gives back the memory that a message had of its own.
func (l *link) usedMessage() {
	if l.message != nil {
		l.message.recycle()
		l.message = nil
	}
}

// startMessageClock runs on the reader's goroutine when it begins to wait, and
// after a control frame: if more bytes have come already, a message began.
func (l *link) startMessageClock() {
	if l.more() {
		l.messageSince.Store(l.hub.now())
		return
	}
	l.messageSince.Store(0)
}

func (l *link) controlReceived() {
	if !l.inMessage {
		l.startMessageClock()
	}
}
