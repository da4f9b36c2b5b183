package server

import (
	"errors"
	"math"
	"net"
	"os"
	"sync"
	"time"

	"penstock/protocol"
)

const (
	opFin    = 0x80 // the last frame of a message, or the only one
	opText   = opFin | 0x1
	opBinary = opFin | 0x2
	opClose  = opFin | 0x8
	opPing   = opFin | 0x9
)

const (
	closeNormal    = protocol.CloseNormal
	closeGoingAway = protocol.CloseGoingAway
	closePolicy    = protocol.ClosePolicy
)

const (
	sendBuffer   = 256 << 10       // of the kernel, per socket
	writeTimeout = 5 * time.Second // for the peer to take what is written
	lingerTime   = time.Second     // for a close frame to get through
	lingerBytes  = 1 << 20         // input thrown away meanwhile
)

// outbox holds the frames that wait to be written to one socket. Appending
// never blocks. A goroutine writes while there is something to write, and only
// then: frames that come meanwhile gather and leave in the next system call.
//
// Its size is bounded by who appends: the reader waits in waitBelow while it is
// long, and beyond that there can only be replies to what was in the window.
type outbox struct {
	conn   net.Conn
	writer func() // write, made once: a method value a flush would be garbage

	mu       sync.Mutex
	frames   *buffer   // whole frames only; nil when there are none
	begun    int       // bytes of frames that are written already
	raw      rawWriter // made by the first writeAtOnce; nil where there is none
	writing  bool      // the writer goroutine runs
	closing  bool      // a close frame was appended: nothing may follow it
	draining bool      // the link ends: drain has set the last deadline
	dead     bool      // a write failed: what comes is thrown away
	changed  sync.Cond
	deadline time.Time // set on the connection last
}

func (o *outbox) init(conn net.Conn) {
	o.conn, o.writer = conn, o.write
	o.changed.L = &o.mu
}

// open reports whether a frame appended now may still reach the peer. The
// caller holds o.mu.
func (o *outbox) open() bool { return !o.closing && !o.dead }

// waiting returns how many bytes nobody writes yet. The caller holds o.mu.
func (o *outbox) waiting() int {
	if o.frames == nil {
		return 0
	}
	return len(o.frames.b)
}

// append appends one frame, if the outbox is open. It leaves with the next
// flush.
func (o *outbox) append(op byte, payload []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.appendLocked(op, payload)
}

func (o *outbox) appendLocked(op byte, payload []byte) {
	if o.open() {
		dst, start := o.begin()
		o.end(append(dst, payload...), start, op)
	}
}

// send appends one frame and has it written, if the outbox is open.
func (o *outbox) send(op byte, payload []byte) { o.sendBelow(math.MaxInt, op, payload) }

// sendBelow is send, unless more than limit bytes wait already. It reports
// whether the frame was appended.
func (o *outbox) sendBelow(limit int, op byte, payload []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.open() || o.waiting() > limit {
		return false
	}
	o.appendLocked(op, payload)
	o.flushLocked()
	return true
}

// appendRaw appends bytes that are whole frames already. It reports whether
// the outbox was open.
func (o *outbox) appendRaw(frames []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.open() || len(frames) == 0 {
		return false
	}
	_, start := o.begin()
	o.frames.b = append(o.frames.b[:start], frames...)
	o.closing = frames[0] == opClose
	return true
}

// close appends a close frame, after all that was appended before. It reports
// whether the outbox was open.
func (o *outbox) close(code int, reason string) bool {
	frame := append([]byte{opClose, byte(2 + len(reason)), byte(code >> 8), byte(code)}, reason...)
	first := o.appendRaw(frame)
	o.flush()
	return first
}

// flush has everything written that was appended. It does not wait.
func (o *outbox) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
}

func (o *outbox) flushLocked() {
	if o.frames != nil && !o.writing && !o.dead {
		o.writing = true
		go o.writer()
	}
}

// write is the writer goroutine. It ends when there is nothing left to write.
func (o *outbox) write() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writeLocked()
}

// writeNow writes what waits on the caller's goroutine, unless a writer runs
// already: a reader that would wait for input anyway saves the hand-over.
func (o *outbox) writeNow() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.frames != nil && !o.writing && !o.dead {
		o.writing = true
		o.writeLocked()
	}
}

// writeAtOnce writes what waits as far as the socket takes it without waiting,
// and leaves the rest to a writer: the caller has others to serve.
func (o *outbox) writeAtOnce() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.frames == nil || o.writing || o.dead {
		return
	}
	if o.raw == nil {
		if o.raw = newRawWriter(o.conn); o.raw == nil {
			o.flushLocked()
			return
		}
	}
	o.extendDeadline()
	n, err := o.raw.write(o.frames.b)
	switch {
	case err != nil:
		o.fail()
	case n < len(o.frames.b):
		o.begun = n
		o.flushLocked()
	default:
		o.frames.recycle()
		o.frames = nil
	}
	o.changed.Broadcast()
}

// writeLocked does the writing. The caller holds o.mu, which is free while the
// system call runs, and has set o.writing.
func (o *outbox) writeLocked() {
	for o.frames != nil && !o.dead {
		frames, begun := o.frames, o.begun
		o.frames, o.begun = nil, 0
		o.extendDeadline()
		o.mu.Unlock()
		err := o.writeOut(frames.b, begun)
		frames.recycle()
		o.mu.Lock()
		if err != nil {
			o.fail()
		}
		o.changed.Broadcast()
	}
	o.writing = false
	o.changed.Broadcast()
}

// fail ends the link after a write that failed. The caller holds o.mu.
func (o *outbox) fail() {
	o.dead = true
	o.frames = nil
	_ = o.conn.SetReadDeadline(time.Unix(1, 0)) // the reader ends the link
}

// extendDeadline gives the peer time for the next write. Moving the deadline
// costs more than comparing it, so it is moved once in a while: the peer has
// between four fifths of writeTimeout and all of it. The caller holds o.mu.
func (o *outbox) extendDeadline() {
	now := time.Now()
	if o.draining || o.deadline.Sub(now) > writeTimeout*4/5 {
		return
	}
	o.deadline = now.Add(writeTimeout)
	_ = o.conn.SetWriteDeadline(o.deadline) // fails on a closed connection only, and so will the write
}

// writeOut writes frames, of which begun bytes are written already.
func (o *outbox) writeOut(frames []byte, begun int) error {
	n, err := o.conn.Write(frames[begun:])
	if errors.Is(err, os.ErrDeadlineExceeded) {
		o.tellSlow(frames, begun+n)
	}
	return err
}

// tellSlow tries to end a connection whose peer did not read in good order:
// the rest of the frame that was cut, then a close frame. The peer sees it if
// it begins to read within a moment.
func (o *outbox) tellSlow(frames []byte, written int) {
	end := 0
	for end < written {
		end += frameLength(frames[end:])
	}
	rest := append([]byte(nil), frames[written:end]...)
	rest = append(rest, opClose, byte(2+len(protocol.ReasonSlow)), closePolicy>>8, closePolicy&0xff)
	rest = append(rest, protocol.ReasonSlow...)
	_ = o.conn.SetWriteDeadline(time.Now().Add(lingerTime))
	_, _ = o.conn.Write(rest)
}

// rawWriter writes what a socket takes without waiting.
type rawWriter interface {
	write(b []byte) (n int, err error)
}

// waitBelow blocks while more than limit bytes wait to be written.
func (o *outbox) waitBelow(limit int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.waiting() > limit && !o.dead {
		o.flushLocked()
		o.changed.Wait()
	}
}

// busy reports whether a writer runs: the peer has not taken all yet.
func (o *outbox) busy() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.writing
}

// waitWritten blocks until everything is written or the connection is dead,
// and reports whether it lives.
func (o *outbox) waitWritten() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.writing && !o.dead {
		o.changed.Wait()
	}
	return o.open()
}

// drain lets the writer finish, for no longer than timeout, and waits for it.
func (o *outbox) drain(timeout time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closing, o.draining = true, true
	o.flushLocked()
	_ = o.conn.SetWriteDeadline(time.Now().Add(timeout))
	for o.writing {
		o.changed.Wait()
	}
	o.dead = true
	o.frames = nil
}
