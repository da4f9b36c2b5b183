package socket

import (
	"errors"
	"net"
	"os"
	"time"

	"penstock/protocol"
)

const (
	sendBuffer = 256 << 10 // of the kernel, per socket
	writePiece = 64 << 10  // written at a time: progress is seen between two
	// WriteTimeout is how long a peer may take to take some of what is written.
	WriteTimeout = 5 * time.Second
	writeSlice   = WriteTimeout / 4 // after which it is seen whether it did
	lingerTime   = time.Second      // for a close frame to get through
	longestEnd   = 5 * time.Second  // for what is owed to a peer that is taking it, at the end
	lingerBytes  = 1 << 20          // input thrown away meanwhile
)

// write is the writer goroutine. It ends when there is nothing left to write.
func (o *Outbox) write() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writeLocked()
}

// writeNow writes what waits on the caller's goroutine, unless a writer runs
// already: a reader that would wait for input anyway saves the hand-over.
func (o *Outbox) writeNow() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.unwritten() && !o.writing && !o.dead {
		o.writing = true
		o.writeLocked()
	}
}

// Offer writes what waits as far as the socket takes it without waiting,
// and leaves the rest to a writer: the caller has others to serve.
func (o *Outbox) Offer() {
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
		o.account.owe(-n)
		o.frames.recycleFrames()
		o.frames, o.pushed = nil, 0
	}
	o.changed.Broadcast()
}

// writeLocked does the writing. The caller holds o.mu, which is free while the
// system call runs, and has set o.writing.
func (o *Outbox) writeLocked() {
	defer o.stopWriting()
	for o.unwritten() && !o.dead {
		frames, begun, promised := o.next()
		o.extendDeadline()
		o.began = time.Now()
		err := o.unlocked(func() error { return o.writeOut(frames.b, begun) })
		o.account.owe(-promised)
		frames.recycleFrames()
		if err != nil {
			o.fail()
		}
		o.changed.Broadcast()
	}
}

// stopWriting ends writeLocked, also after a panic: writing down a late answer
// goes through what a model said of itself.
func (o *Outbox) stopWriting() {
	if v := recover(); v != nil {
		o.fail()
		o.panicked(v)
	}
	o.writing = false
	o.changed.Broadcast()
}

// unlocked calls do without the mutex, and has it again when that returns or
// panics.
func (o *Outbox) unlocked(do func() error) error {
	o.mu.Unlock()
	defer o.mu.Lock()
	return do()
}

// next takes what is to be written: what waits, in turn with late answers, or
// those first where a close frame has been appended. promised is what the
// account has for it.
func (o *Outbox) next() (frames *buffer, begun, promised int) {
	if !o.late.empty() && (o.frames == nil || o.begun == 0 && (o.closing || o.late.turn)) {
		o.late.turn = false
		answer := o.late.take()
		frames = newFrames()
		_ = o.unlocked(func() error { return o.writeDown(frames, answer) })
		o.account.settle(len(frames.b)-answer.debt.Frame, -answer.debt.Rows)
		return frames, 0, len(frames.b)
	}
	o.late.turn = true
	frames, begun = o.frames, o.begun
	o.frames, o.begun, o.pushed = nil, 0, 0
	return frames, begun, len(frames.b)
}

// writeOut writes frames, of which begun bytes are written already, for as long
// as the peer takes some of them.
func (o *Outbox) writeOut(frames []byte, begun int) error {
	write := o.writePatiently
	if o.layered {
		write = net.Conn.Write // patience is had beneath the layer: see writeBeneath
	}
	for begun < len(frames) {
		n, err := write(o.conn, frames[begun:min(len(frames), begun+writePiece)])
		begun += n
		if err == nil && (begun < len(frames) || o.layered) {
			err = o.renewDeadline()
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			o.tellSlow(frames, begun)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writePatiently writes for as long as the peer takes some of it.
func (o *Outbox) writePatiently(conn net.Conn, b []byte) (n int, err error) {
	quiet := time.Duration(0) // for how long the peer has taken nothing
	for {
		tried := time.Now()
		m, err := conn.Write(b[n:])
		n += m
		switch {
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return n, err
		case m > 0:
			quiet = 0
		default:
			// A process that stood still has not given its peer all that time.
			quiet += min(time.Since(tried), 2*writeSlice)
		}
		if !o.allowMore(quiet) {
			return n, err
		}
	}
}

// renewDeadline is extendDeadline between two pieces. It fails if the peer has been
// given up meanwhile.
func (o *Outbox) renewDeadline() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.tooSlow {
		return os.ErrDeadlineExceeded
	}
	o.extendDeadline()
	return nil
}

// allowMore gives a peer more time that has been quiet for less than
// WriteTimeout. At the end of a connection it must go on taking what it is owed, and
// there is an end to that.
func (o *Outbox) allowMore(quiet time.Duration) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	switch {
	case o.dead, o.tooSlow, quiet >= WriteTimeout:
		return false
	case o.draining:
		if quiet > 0 || now.Sub(o.began) > longestEnd {
			return false
		}
		_ = o.conn.SetWriteDeadline(now.Add(lingerTime))
		return true
	}
	o.deadline = now.Add(min(writeSlice, WriteTimeout-quiet))
	_ = o.conn.SetWriteDeadline(o.deadline)
	return true
}

// extendDeadline gives the next write its time. Moving the deadline costs more
// than comparing it, so it is moved once in a while: a write has between four
// fifths of writeSlice and all of it. The caller holds o.mu.
func (o *Outbox) extendDeadline() {
	now := time.Now()
	if o.draining || o.deadline.Sub(now) > writeSlice*4/5 {
		return
	}
	o.deadline = now.Add(writeSlice)
	_ = o.conn.SetWriteDeadline(o.deadline) // fails on a closed connection only, and so will the write
}

// tellSlow tries to end a connection whose peer did not read in good order:
// the rest of the frame that was cut, then a close frame. The peer sees it if
// it begins to read within a moment.
func (o *Outbox) tellSlow(frames []byte, written int) {
	end := 0
	for end < written {
		end += frameLength(frames[end:])
	}
	rest := append([]byte(nil), frames[written:end]...)
	rest = append(rest, closeFrame(protocol.ClosePolicy, protocol.ReasonSlow)...)
	_ = o.conn.SetWriteDeadline(time.Now().Add(lingerTime))
	_, _ = o.conn.Write(rest)
}

// rawWriter writes what a socket takes without waiting.
type rawWriter interface {
	write(b []byte) (n int, err error)
}
