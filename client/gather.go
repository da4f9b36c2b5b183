package client

import (
	"net"
	"sync/atomic"
	"time"
)

// gatherConn is the net.Conn beneath a WebSocket. It is kept for three things
// that the WebSocket above cannot do:
//
//   - deadlines that do not close a connection that others share (a context
//     that expires in the WebSocket's Read or Write does);
//   - an end that cannot hang, whatever the peer does;
//   - many messages in one system call: between gather and flush, writes are
//     kept in memory.
//
// Control frames that other goroutines write meanwhile join the same buffer,
// in order.
type gatherConn struct {
	net.Conn
	timeout time.Duration             // of one write
	last    atomic.Pointer[time.Time] // the deadline that expire set

	// lock is held through writes to the network. A Mutex would do, but for
	// tests: synctest's clock stands still while someone waits for one.
	lock      chan struct{}
	gathering bool
	buf       []byte
	err       error // of a write that the caller above did not see
}

func newGatherConn(conn net.Conn, timeout time.Duration) *gatherConn {
	return &gatherConn{Conn: conn, timeout: timeout, lock: make(chan struct{}, 1)}
}

func (g *gatherConn) unlock() { <-g.lock }

// gatherLimit is where gathered bytes are written without waiting for flush.
const gatherLimit = 64 << 10

func (g *gatherConn) Write(p []byte) (int, error) {
	g.lock <- struct{}{}
	defer g.unlock()
	if g.err != nil {
		return 0, g.err
	}
	if !g.gathering {
		return len(p), g.write(p)
	}
	g.buf = append(g.buf, p...)
	if len(g.buf) < gatherLimit {
		return len(p), nil
	}
	return len(p), g.writeBuffer()
}

// gather keeps writes in memory from now on.
func (g *gatherConn) gather() {
	g.lock <- struct{}{}
	defer g.unlock()
	g.gathering = true
}

// flush writes what was gathered and ends gathering.
func (g *gatherConn) flush() error {
	g.lock <- struct{}{}
	defer g.unlock()
	g.gathering = false
	if g.err != nil {
		return g.err
	}
	return g.writeBuffer()
}

func (g *gatherConn) writeBuffer() error {
	if len(g.buf) == 0 {
		return nil
	}
	err := g.write(g.buf)
	g.buf = g.buf[:0]
	return err
}

func (g *gatherConn) write(p []byte) error {
	g.err = g.Conn.SetWriteDeadline(time.Now().Add(g.timeout))
	if last := g.last.Load(); last != nil {
		g.err = g.Conn.SetWriteDeadline(*last)
	}
	if g.err == nil {
		_, g.err = g.Conn.Write(p)
	}
	return g.err
}

// expire makes every read and write that is under way, or yet to come, fail
// after d at the latest. It takes no lock, since a stalled write holds it.
func (g *gatherConn) expire(d time.Duration) {
	deadline := time.Now().Add(d)
	g.last.Store(&deadline) // before SetDeadline: write looks after its own
	_ = g.Conn.SetDeadline(deadline)
}

// Close ends the connection at once and frees whoever waits in a read or a
// write. What was gathered is offered to the kernel if nobody is writing.
func (g *gatherConn) Close() error {
	select {
	case g.lock <- struct{}{}:
		if g.err == nil && len(g.buf) > 0 {
			g.expire(10 * time.Millisecond)
			_ = g.writeBuffer()
		}
		g.unlock()
	default:
	}
	return g.Conn.Close()
}
