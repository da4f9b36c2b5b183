package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"penstock/protocol"
	"penstock/server/budget"
)

// link is one WebSocket. One goroutine reads, that of start: messages in one
// frame from the inbox, and all else through coder/websocket, which
// reads from the link and answers control frames through it; it is that
// library's net.Conn. The kept net.Conn carries the deadlines: in
// coder/websocket an expired context closes the connection, and Close can hang
// on a peer that stalled in the middle of a frame, so neither is used.
type link struct {
	net.Conn
	hub    *hub
	holder *budget.Holder // of the process's memory
	place  place          // given back by finish
	ws     *websocket.Conn
	inbox  inbox
	outbox outbox

	leaving atomic.Bool // goodbye was said: messages are not acted on any more
	ended   atomic.Bool // the reader is to stop
	dropped atomic.Bool // for want of memory
	aborted atomic.Bool // and nobody waits for the peer any more

	// On the hub's clock. lastRead is when bytes came last, or when the reader
	// was ready for more; messageSince is since when it waits for the rest of a
	// message, zero when it does not.
	lastRead     atomic.Int64
	messageSince atomic.Int64
	small        atomic.Bool               // a request came since the last sweep that is not large
	acting       atomic.Bool               // the reader acts on a message: silence is not the peer's
	inMessage    bool                      // the reader's own
	message      *buffer                   // the reader's own: what readMessage read
	unflushed    bool                      // the reader's own: it appended frames to the outbox
	idle         func()                    // called by the reader before it waits; nil for nothing to do
	owing        func() bool               // whether there are requests without an answer, with outbox.mu held; nil for never
	farewell     []byte                    // the reader's own: the close frame that part has made
	pinged       ping                      // the sweep's own
	pings        atomic.Pointer[pingMeter] // made by the reader with the first ping: most peers send none
	manners      manners                   // the reader's own

	notices bool // the client understands notice messages
}

// upgrade does the handshake in a place that the caller has reserved. On an
// error the response has been written, and the place is the caller's still.
func (h *hub) upgrade(w http.ResponseWriter, r *http.Request, holder *budget.Holder, maxBytes int, notices bool) (*link, error) {
	l := &link{hub: h, holder: holder, notices: notices}
	ws, err := websocket.Accept(&hijacker{ResponseWriter: w, link: l, maxBytes: maxBytes}, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // Origin and Host were checked before, by an own list
		Subprotocols:       offered(r),
		CompressionMode:    websocket.CompressionDisabled,
		OnPingReceived:     func(_ context.Context, payload []byte) bool { return l.pingReceived(payload) },
		OnPongReceived:     func(context.Context, []byte) { l.controlReceived() },
	})
	if err != nil {
		if l.Conn != nil {
			_ = l.Conn.Close()
		}
		return nil, err
	}
	l.ws = ws
	ws.SetReadLimit(int64(maxBytes))
	l.lastRead.Store(h.now())
	h.add(l)
	return l, nil
}

// offered returns our subprotocol if the client offers it. Names of subprotocols
// are compared as they are spelt (RFC 6455, section 11.5); coder/websocket
// ignores case, and answers with the first that it takes for ours.
func offered(r *http.Request) []string {
	for name := range strings.SplitSeq(strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ","), ",") {
		if strings.TrimSpace(name) == protocol.Subprotocol {
			r.Header.Set("Sec-WebSocket-Protocol", protocol.Subprotocol)
			return []string{protocol.Subprotocol}
		}
	}
	return nil
}

// hijacker hands coder/websocket the link in place of the raw connection.
type hijacker struct {
	http.ResponseWriter
	link     *link
	maxBytes int // of a message
}

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	l := h.link
	socket := socketOf(conn)
	if tcp, ok := socket.(*net.TCPConn); ok {
		// A client that never reads would else have the kernel buffer megabytes.
		_ = tcp.SetWriteBuffer(sendBuffer)
	}
	early, _ := rw.Reader.Peek(rw.Reader.Buffered()) // what is there can be peeked at
	l.Conn = conn
	l.inbox.init(socket, h.maxBytes, early)
	l.outbox.init(l.hub, l.holder, socket)
	// net/http's buffers stay behind, for its next connection. The reader is
	// small because the inbox reads ahead; only control frames go through the
	// writer, and the largest has 127 bytes.
	return l, bufio.NewReadWriter(bufio.NewReaderSize(l, 64), bufio.NewWriterSize(l, 256)), nil
}

// start hands the link to a goroutine of its own, which ends it when serve
// returns. The goroutine of the HTTP handler is let go, and with it what
// net/http holds for a connection; the hub waits for this one.
func (l *link) start(serve func()) {
	go func() {
		defer l.finish()
		defer l.contain()
		serve()
	}()
}

// contain keeps a panic from taking the other connections along.
func (l *link) contain() {
	if v := recover(); v != nil {
		l.hub.panicked(v)
		l.goodbye(protocol.CloseInternal, "internal error")
	}
}

// holdBack stops the reader while too much waits to be written, whoever has
// appended it: a request leaves its window when it is answered, not when the
// peer has read that.
func (l *link) holdBack() { l.outbox.waitBelow(errorBacklog) }

// more reports whether input is there already, read but not used. It is for the
// reader.
func (l *link) more() bool { return l.inbox.waiting() }

// Read is called by coder/websocket when it has used up what it read before.
func (l *link) Read(p []byte) (int, error) {
	if err := l.beforeWait(); err != nil {
		return 0, err
	}
	n, err := l.inbox.read(p)
	if errors.Is(err, errTooLarge) {
		l.partTooBig()
	} else if l.inbox.meter.fault != nil {
		l.part(protocol.CloseProtocol, l.inbox.meter.fault.Error())
	}
	if n > 0 {
		now := l.hub.now()
		l.lastRead.Store(now)
		if l.messageSince.Load() == 0 {
			l.messageSince.Store(now)
		}
	}
	return n, err
}

// beforeWait writes what the reader has appended, if it is about to wait:
// answers to all messages that came together leave together.
func (l *link) beforeWait() error {
	if !l.more() && l.answerLate(l.hub.now()) {
		l.unflushed = true
	}
	if l.unflushed && !l.more() {
		l.unflushed = false
		l.acting.Store(true) // while it writes nobody reads: silence is not the peer's
		began := l.hub.now()
		l.outbox.writeNow()
		if took := l.hub.now() - began; took > 0 {
			l.lastRead.Add(took)
			if l.messageSince.Load() != 0 {
				l.messageSince.Add(took)
			}
		}
		l.acting.Store(false)
	}
	if l.ended.Load() {
		return net.ErrClosed
	}
	return nil
}

// Write is called by coder/websocket for control frames, one at a time, on the
// reader's goroutine. A close frame, with which it answers the peer's or says
// what is wrong, waits for what the peer is owed.
func (l *link) Write(p []byte) (int, error) {
	switch {
	case p[0] == opClose && len(p) >= closeHeader && int(p[2])<<8|int(p[3]) == protocol.CloseTooBig:
		l.partTooBig() // coder/websocket names the limit and one
	case p[0] != opClose:
		l.outbox.appendRaw(p)
		l.unflushed = true
	case !utf8.Valid(p[min(len(p), closeHeader):]):
		l.part(protocol.CloseInvalidText, "a close reason must be UTF-8")
	default:
		l.partWith(append([]byte(nil), p...))
	}
	return len(p), nil
}

// closeHeader is how much of a close frame stands before its reason.
const closeHeader = 2 + 2

// part ends the link on the reader's own goroutine: when it is done with the
// message at hand, what the peer is owed is written, and then a close frame. Only
// the first has an effect.
func (l *link) part(code int, reason string) { l.partWith(closeFrame(code, reason)) }

func (l *link) partTooBig() {
	l.part(protocol.CloseTooBig, fmt.Sprintf("a message may have %d bytes", l.inbox.limit))
}

func (l *link) partWith(frame []byte) {
	if l.farewell == nil {
		l.farewell = frame
	}
}

// sayFarewell ends a link that part was called for. Requests that were read get
// their answers first, for as long as others wait for a peer at the end.
func (l *link) sayFarewell() {
	l.acting.Store(true) // the peer waits for us
	if l.owing != nil {
		l.outbox.waitFor(longestEnd, func() bool { return !l.owing() || !l.outbox.open() })
	}
	l.answerLate(l.hub.now()) // a ping that came before the end has its answer before it
	l.outbox.appendRaw(l.farewell)
	l.outbox.flush()
}

// reply appends a frame on the reader's goroutine. It leaves when the reader
// has no more input.
func (l *link) reply(op byte, payload []byte) {
	l.outbox.append(op, payload)
	l.unflushed = true
}

// Close is called by coder/websocket when it is done. The outbox may still
// hold a close frame: the connection itself is closed by finish.
func (l *link) Close() error {
	l.interrupt()
	return nil
}

// interrupt makes the reader return soon, and finish be called.
func (l *link) interrupt() {
	l.ended.Store(true)
	_ = l.SetReadDeadline(time.Unix(1, 0))
}

// drop ends the link because the process needs the memory of a message that its
// peer has begun. It takes no lock that anybody holds who calls the budget; the
// reader says why.
func (l *link) drop() {
	l.dropped.Store(true)
	l.interrupt()
}

// finish ends the link after its reader has returned: what the outbox holds is
// written if the peer takes it within the linger time, then the connection is
// closed. It is the only place that does.
func (l *link) finish() {
	l.outbox.drain(lingerTime)
	if half, ok := l.Conn.(interface{ CloseWrite() error }); ok && !l.aborted.Load() && half.CloseWrite() == nil {
		// Closing with unread input would reset the connection, and the peer
		// might never see the close frame.
		_ = l.SetReadDeadline(time.Now().Add(lingerTime))
		_, _ = io.CopyN(io.Discard, l.Conn, lingerBytes)
	}
	_ = l.Conn.Close()
	l.used()
	l.inbox.release()
	_ = l.ws.CloseNow()
	l.hub.remove(l)
	l.place.release()
}
