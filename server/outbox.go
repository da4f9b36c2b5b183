package server

import (
	"math"
	"net"
	"sync"
	"time"

	"penstock/protocol"
	"penstock/server/budget"
)

const (
	opFin    = 0x80 // the last frame of a message, or the only one
	opText   = opFin | 0x1
	opBinary = opFin | 0x2
	opClose  = opFin | 0x8
	opPing   = opFin | 0x9
	opPong   = opFin | 0xa
)

const (
	closeNormal    = protocol.CloseNormal
	closeGoingAway = protocol.CloseGoingAway
	closePolicy    = protocol.ClosePolicy
)

// outbox holds the frames that wait to be written to one socket. Appending
// never blocks. A goroutine writes while there is something to write, and only
// then: frames that come meanwhile gather and leave in the next system call.
//
// Its size is bounded by who appends: a request is let in with room for its
// reply (see account), and the reader waits in waitBelow while much else is
// there. A reply that is long to write down is given as it is, and written down
// when its turn comes.
type outbox struct {
	conn   net.Conn
	turns  *turns
	failed func(v any) // told of a panic in the writer
	writer func()      // write, made once: a method value a flush would be garbage

	mu       sync.Mutex
	account  account
	frames   *buffer   // whole frames only; nil when there are none
	begun    int       // bytes of frames that are written already
	large    largeList // replies that are not written down yet
	raw      rawWriter // made by the first writeAtOnce; nil where there is none
	writing  bool      // the writer goroutine runs
	closing  bool      // a close frame was appended: nothing may follow it
	draining bool      // the link ends: drain has set the last deadline
	dead     bool      // a write failed: what comes is thrown away
	changed  sync.Cond
	deadline time.Time // set on the connection last
}

func (o *outbox) init(h *hub, holder *budget.Holder, conn net.Conn) {
	o.conn, o.writer = conn, o.write
	o.turns, o.failed = h.turns, h.panicked
	o.account = account{holder: holder, limit: h.replyBytes}
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

// unwritten reports whether there is something to write. The caller holds o.mu.
func (o *outbox) unwritten() bool { return o.frames != nil || o.large.first != nil }

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
	o.account.owe(len(frames))
	o.closing = frames[0] == opClose
	return true
}

// close appends a close frame, after all that was appended before. It reports
// whether the outbox was open.
func (o *outbox) close(code int, reason string) bool {
	first := o.appendRaw(closeFrame(code, reason))
	o.flush()
	return first
}

func closeFrame(code int, reason string) []byte {
	return append([]byte{opClose, byte(2 + len(reason)), byte(code >> 8), byte(code)}, reason...)
}

// flush has everything written that was appended. It does not wait.
func (o *outbox) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
}

func (o *outbox) flushLocked() {
	if o.unwritten() && !o.writing && !o.dead {
		o.writing = true
		go o.writer()
	}
}

// waitBelow blocks while more than limit bytes wait to be written.
func (o *outbox) waitBelow(limit int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waitUntil(func() bool { return o.waiting() <= limit })
}

// waitUntil blocks until there is room, by what has been written meanwhile, or
// the connection is dead. The caller holds o.mu, which is free meanwhile.
func (o *outbox) waitUntil(room func() bool) {
	for !room() && !o.dead {
		o.flushLocked()
		o.changed.Wait()
	}
}

// waitFor is waitUntil for so long at most.
func (o *outbox) waitFor(most time.Duration, room func() bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	late := false
	timer := time.AfterFunc(most, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		late = true
		o.changed.Broadcast()
	})
	defer timer.Stop()
	o.waitUntil(func() bool { return late || room() })
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

// fail ends the link after a write that failed. The caller holds o.mu.
func (o *outbox) fail() {
	o.dead = true
	o.forget()
	_ = o.conn.SetReadDeadline(time.Unix(1, 0)) // the reader ends the link
}

// cut has a writer that waits for its peer give up, now or when its deadline is
// next reached, and throws away what is not written.
func (o *outbox) cut() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dead = true
	o.forget()
}

// forget lets go of what is not written. The caller holds o.mu.
func (o *outbox) forget() {
	o.frames, o.large = nil, largeList{}
	o.account.close()
	o.changed.Broadcast()
}

// drain lets the writer finish, for as long as the peer goes on taking what is
// there, and waits for it.
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
	o.forget()
}
