package socket

import (
	"fmt"
	"io"
	"time"

	"penstock/protocol"
)

// closeHeader is how much of a close frame stands before its reason.
const closeHeader = 2 + 2

func closeFrame(code int, reason string) []byte {
	return append([]byte{byte(opClose), byte(2 + len(reason)), byte(code >> 8), byte(code)}, reason...)
}

// Part ends the connection when the reader, whose call it is, is done with the
// message at hand: requests that were taken get their answers, for as long as
// others wait for a peer at the end, and then the peer gets a close frame. The
// reason has at most 123 bytes of UTF-8. Only the first call has an effect.
func (c *Conn) Part(code int, reason string) { c.partWith(closeFrame(code, reason)) }

func (c *Conn) partTooBig() {
	c.Part(protocol.CloseTooBig, fmt.Sprintf("a message may have %d bytes", c.inbox.limit))
}

func (c *Conn) partWith(frame []byte) {
	c.farewell.CompareAndSwap(nil, &frame)
}

// End is Part for who is not the reader: nothing that comes from now on is acted on,
// requests that were taken get their answers, for as long as endTimeout, and then the
// peer gets a close frame. Only the first call has an effect. Anybody may call it.
func (c *Conn) End(code int, reason string) {
	frame := closeFrame(code, reason)
	if c.farewell.CompareAndSwap(nil, &frame) {
		c.stop()
		time.AfterFunc(endTimeout, func() { c.Goodbye(code, reason) })
	}
}

// endTimeout is for how long a connection that is to end waits for a model.
const endTimeout = 900 * time.Millisecond

// Tell sends a message that answers none, now. Anybody may call it.
func (c *Conn) Tell(message []byte) { c.outbox.sendNow(Text, message) }

// Push is Tell for messages of which there may come more than the peer takes: it reports
// false, and sends nothing, where the connection ends or 128 KiB of such messages wait.
// Anybody may call it.
func (c *Conn) Push(message []byte) bool { return c.outbox.push(message) }

// sayFarewell does what Part promised.
func (c *Conn) sayFarewell() {
	c.state.mark(acting) // the peer waits for us
	c.outbox.waitAnswered(longestEnd)
	c.answerLate(c.hub.now()) // a ping that came before the end has its answer before it
	c.outbox.appendRaw(*c.farewell.Load())
	c.outbox.Flush()
}

// Goodbye ends the connection with a close frame, after what was appended before,
// and gives the peer a moment to answer it. Only the first has an effect, lest a
// peer that goes on stays for ever. Anybody may call it.
func (c *Conn) Goodbye(code int, reason string) {
	if c.outbox.close(code, reason) {
		c.state.advance(leaving)
		_ = c.wire.SetReadDeadline(time.Now().Add(2 * lingerTime))
	}
}

// Expel ends the connection of a peer that does not stop by itself, with 1008:
// what it sends meanwhile is not even read. It is the reader's call.
func (c *Conn) Expel(reason string) {
	c.Goodbye(protocol.ClosePolicy, reason)
	c.state.advance(stopped)
}

// Contain is deferred by whoever works for a connection, and keeps a panic from
// taking the others along: it costs this one, with 1011. The reader of Start
// needs none.
func (c *Conn) Contain() {
	if v := recover(); v != nil {
		c.hub.opt.Panicked(v)
		c.Goodbye(protocol.CloseInternal, "internal error")
	}
}

// stop makes the reader return soon, and finish be called.
func (c *Conn) stop() { c.stopAs(stopped) }

// drop stops the connection because the process needs the memory of a message
// that its peer has begun. It takes no lock that anybody holds who calls the
// budget; the reader says why.
func (c *Conn) drop() { c.stopAs(dropped) }

func (c *Conn) stopAs(to phase) {
	c.state.advance(to)
	_ = c.wire.SetReadDeadline(time.Unix(1, 0))
}

// abort ends the connection without ceremony.
func (c *Conn) abort() {
	c.state.advance(aborted)
	c.outbox.cut()
	_ = c.wire.SetDeadline(time.Unix(1, 0))
}

// finish ends the connection after its reader has returned: what the outbox holds
// is written if the peer takes it within the linger time, then the connection is
// closed. It is the only place that does.
func (c *Conn) finish() {
	c.outbox.drain(lingerTime)
	if half, ok := c.wire.Conn.(interface{ CloseWrite() error }); ok && c.state.now() < aborted && half.CloseWrite() == nil {
		// Closing with unread input would reset the connection, and the peer
		// might never see the close frame.
		_ = c.wire.SetReadDeadline(time.Now().Add(lingerTime))
		_, _ = io.CopyN(io.Discard, c.wire.Conn, lingerBytes)
	}
	_ = c.wire.Conn.Close()
	c.used()
	c.inbox.release()
	_ = c.ws.CloseNow()
	c.hub.remove(c)
	c.place.Release()
}
