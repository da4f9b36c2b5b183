package server

import (
	"context"
	"net"

	"github.com/coder/websocket"
)

// messages hands every message to handle until the connection ends. A message
// is valid until handle returns.
func (l *link) messages(handle func(typ websocket.MessageType, message []byte)) {
	for {
		typ, message, err := l.next()
		if err != nil {
			return
		}
		if !l.leaving.Load() { // after goodbye was said it only waits for the end
			handle(typ, message)
		}
		l.used()
		l.holdBack()
	}
}

// next waits for a message. It is valid until used.
func (l *link) next() (websocket.MessageType, []byte, error) {
	if !l.more() {
		if err := l.await(); err != nil {
			return 0, nil, err
		}
	}
	if op, message, ok := l.inbox.message(); ok {
		if l.ended.Load() {
			return 0, nil, net.ErrClosed
		}
		l.act()
		return websocket.MessageType(op &^ opFin), message, nil
	}
	return l.readMessage()
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
// came together nothing needs to be said.
func (l *link) act() {
	if !l.acting.Load() {
		l.acting.Store(true)
	}
}

func (l *link) rest() {
	l.lastRead.Store(l.hub.now())
	l.acting.Store(false)
}

// readMessage has coder/websocket read a message that is not there as a whole,
// or whatever else has come. It takes a buffer when a message has begun: a
// socket that waits for one holds none.
func (l *link) readMessage() (websocket.MessageType, []byte, error) {
	l.rest()
	l.startMessageClock()
	typ, r, err := l.ws.Reader(context.Background())
	if err != nil {
		return 0, nil, err
	}
	l.inMessage = true
	l.message = newBuffer()
	if err := l.message.readFrom(r); err != nil {
		l.used()
		return 0, nil, err
	}
	l.inMessage = false
	l.messageSince.Store(0)
	l.act()
	return typ, l.message.b, nil
}

// used gives back the memory of the message that next returned.
func (l *link) used() {
	if l.message != nil {
		l.message.recycle()
		l.message = nil
	}
	if !l.inbox.waiting() {
		l.inbox.release()
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

func (l *link) pingReceived() bool {
	l.controlReceived()
	answer, flood := l.pings.count(l.hub.now())
	if flood {
		l.goodbye(closePolicy, "ping flood")
	}
	return answer
}
