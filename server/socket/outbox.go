package socket

import (
	"net"
	"sync"
	"time"

	"penstock/lockorder"
	"penstock/server/budget"
)

// Outbox holds the frames that wait to be written to one connection. Appending
// never blocks. A goroutine writes while there is something to write, and only
// then: frames that come meanwhile gather and leave in the next system call.
//
// Its size is bounded by who appends: a request is let in with room for its
// answer (Take), and the reader waits while much else is there. See debts.go for
// what is done with the outbox locked.
type Outbox struct {
	conn     net.Conn
	turns    *turns
	panicked func(v any) // told of a panic in the writer
	writer   func()      // write, made once: a method value a flush would be garbage

	mu         lockorder.Mutex[lockorder.Outbox]
	account    account
	unanswered int       // requests taken that have no answer here yet
	frames     *buffer   // whole frames only; nil when there are none
	begun      int       // bytes of frames that are written already
	pushed     int       // bytes of frames that Conn.Push appended
	start      int       // where the frame begins that Begin began
	late       lateList  // answers that are not written down yet
	raw        rawWriter // made by the first Offer; nil where there is none
	writing    bool      // the writer goroutine runs
	closing    bool      // a close frame was appended: nothing may follow it
	draining   bool      // the connection ends: drain has set the last deadline
	dead       bool      // a write failed: what comes is thrown away
	tooSlow    bool      // the peer has taken nothing for WriteTimeout
	broken     bool      // nothing more may be written beneath a layer
	layered    bool      // the connection has a layer such as TLS; it never changes
	changed    sync.Cond
	deadline   time.Time // set on the connection last
	began      time.Time // to write what is being written
}

func (o *Outbox) init(h *Hub, holder *budget.Holder, conn net.Conn) {
	o.conn, o.writer = conn, o.write
	o.turns, o.panicked = h.turns, h.opt.Panicked
	o.account = account{holder: holder, limit: h.opt.MaxReplyBytes}
	o.changed.L = &o.mu
	o.divert()
}

// waiting returns how many bytes nobody writes yet. The caller holds o.mu.
func (o *Outbox) waiting() int {
	if o.frames == nil {
		return 0
	}
	return len(o.frames.b)
}

// unwritten reports whether there is something to write. The caller holds o.mu.
func (o *Outbox) unwritten() bool { return o.frames != nil || !o.late.empty() }

// Append appends a frame, if the outbox is open. It leaves with the next flush.
// The payload is copied.
func (o *Outbox) Append(kind Kind, payload []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.appendLocked(kind, payload)
}

func (o *Outbox) appendLocked(kind Kind, payload []byte) {
	if o.Open() {
		o.End(append(o.Begin(), payload...), kind)
	}
}

// sendNow appends a frame and has it written, if the outbox is open.
func (o *Outbox) sendNow(kind Kind, payload []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.appendLocked(kind, payload)
	o.flushLocked()
}

// mostPushed is how many bytes of what Push appends may wait while the peer takes what
// came before.
const mostPushed = 128 << 10

// push appends a message and has it written, if the outbox is open and not too much of
// that kind waits.
func (o *Outbox) push(message []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.Open() || o.pushed+len(message) > mostPushed {
		return false
	}
	o.pushed += len(message)
	o.appendLocked(Text, message)
	o.flushLocked()
	return true
}

// appendRaw appends bytes that are whole frames already. It reports whether
// the outbox was open.
func (o *Outbox) appendRaw(frames []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.Open() || len(frames) == 0 {
		return false
	}
	if o.frames == nil {
		o.frames = newFrames()
	}
	o.frames.b = append(o.frames.b, frames...)
	o.account.owe(len(frames))
	o.closing = Kind(frames[0]) == opClose
	return true
}

// close appends a close frame, after all that was appended before. It reports
// whether the outbox was open.
func (o *Outbox) close(code int, reason string) bool {
	first := o.appendRaw(closeFrame(code, reason))
	o.Flush()
	return first
}

// Flush has everything written that was appended. It does not wait.
func (o *Outbox) Flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
}

func (o *Outbox) flushLocked() {
	if o.unwritten() && !o.writing && !o.dead {
		o.writing = true
		go o.writer()
	}
}

// waitBelow blocks while more than limit bytes wait to be written.
func (o *Outbox) waitBelow(limit int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waitUntil(func() bool { return o.waiting() <= limit })
}

// waitUntil blocks until there is room, by what has been written meanwhile, or
// the connection is dead. The caller holds o.mu, which is free meanwhile.
func (o *Outbox) waitUntil(room func() bool) {
	for !room() && !o.dead {
		o.flushLocked()
		o.changed.Wait()
	}
}

// waitAnswered waits until all requests that were taken have their answers here,
// or nothing more can be appended, for so long at most.
func (o *Outbox) waitAnswered(most time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.unanswered == 0 || !o.Open() {
		return
	}
	late := false
	timer := time.AfterFunc(most, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		late = true
		o.changed.Broadcast()
	})
	defer timer.Stop()
	o.waitUntil(func() bool { return late || o.unanswered == 0 || !o.Open() })
}

// belong moves the account to another holder.
func (o *Outbox) belong(to *budget.Holder) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.account.move(to)
}

// Busy reports whether a writer runs: the peer has not taken all yet.
func (o *Outbox) Busy() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.writing
}

// WaitWritten blocks until everything that was flushed is written or the
// connection is dead, and reports whether it lives.
func (o *Outbox) WaitWritten() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.writing && !o.dead {
		o.changed.Wait()
	}
	return o.Open()
}

// fail ends the connection after a write that failed. The caller holds o.mu.
func (o *Outbox) fail() {
	o.dead = true
	o.forget()
	_ = o.conn.SetReadDeadline(time.Unix(1, 0)) // the reader ends it
}

// cut has a writer that waits for its peer give up, now or when its deadline is
// next reached, and throws away what is not written.
func (o *Outbox) cut() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dead, o.broken = true, true
	o.forget()
}

// forget lets go of what is not written. The caller holds o.mu.
func (o *Outbox) forget() {
	o.frames, o.late = nil, lateList{}
	o.account.close()
	o.changed.Broadcast()
}

// drain lets the writer finish, for as long as the peer goes on taking what is
// there, and waits for it.
func (o *Outbox) drain(timeout time.Duration) {
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
