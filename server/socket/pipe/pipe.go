// Package pipe has connections in memory for tests, which testing/synctest can
// follow: no goroutine of theirs waits in the system, and their deadlines are by
// the bubble's clock. They behave as sockets do, but for what TCP alone has:
// there is no half-close, no reset and no address of their own.
package pipe

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// buffered is how many bytes one direction of a pipe holds that nobody has
// read yet.
const buffered = 8 << 10

// New returns the two ends of a connection. Unlike net.Pipe it has buffers, as a socket has: a client that sends twice
// before it reads must not wait for a server that waits for it to read, until
// the bubble's clock reaches a deadline.
func New() (near, far net.Conn) {
	up, down := newStream(), newStream()
	return &end{reads: down, writes: up}, &end{reads: up, writes: down}
}

type end struct{ reads, writes *stream }

func (p *end) Read(b []byte) (int, error)  { return p.reads.read(b) }
func (p *end) Write(b []byte) (int, error) { return p.writes.write(b) }

// Close lets the other end read what was written before.
func (p *end) Close() error {
	p.reads.close(&p.reads.readerGone)
	p.writes.close(&p.writes.writerGone)
	return nil
}

func (p *end) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (p *end) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *end) SetReadDeadline(t time.Time) error  { return p.reads.expire(&p.reads.readBy, t) }
func (p *end) SetWriteDeadline(t time.Time) error { return p.writes.expire(&p.writes.writeBy, t) }
func (p *end) SetDeadline(t time.Time) error {
	_ = p.SetReadDeadline(t)
	return p.SetWriteDeadline(t)
}

// stream is one direction.
type stream struct {
	mu                     sync.Mutex
	changed                sync.Cond
	unread                 []byte
	readerGone, writerGone bool
	readBy, writeBy        deadline
}

type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func newStream() *stream {
	s := new(stream)
	s.changed.L = &s.mu
	return s
}

func (s *stream) read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.readerGone:
			return 0, net.ErrClosed
		case s.readBy.passed():
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		case len(s.unread) > 0:
			n := copy(b, s.unread)
			s.unread = s.unread[n:]
			s.changed.Broadcast()
			return n, nil
		case s.writerGone:
			return 0, io.EOF
		}
		s.changed.Wait()
	}
}

func (s *stream) write(b []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.writerGone:
			return n, net.ErrClosed
		case s.readerGone:
			return n, io.ErrClosedPipe
		case s.writeBy.passed():
			return n, os.ErrDeadlineExceeded
		case n == len(b):
			return n, nil
		}
		if room := min(buffered-len(s.unread), len(b)-n); room > 0 {
			s.unread = append(s.unread, b[n:n+room]...)
			n += room
			s.changed.Broadcast()
			continue
		}
		s.changed.Wait()
	}
}

func (s *stream) close(gone *bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*gone = true
	for _, d := range []*deadline{&s.readBy, &s.writeBy} {
		if d.timer != nil && s.readerGone && s.writerGone {
			d.timer.Stop()
		}
	}
	s.changed.Broadcast()
}

func (s *stream) expire(d *deadline, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if d.at = at; time.Until(at) > 0 {
		d.timer = time.AfterFunc(time.Until(at), func() {
			s.mu.Lock() // a reader that is about to wait must be waiting
			defer s.mu.Unlock()
			s.changed.Broadcast()
		})
	}
	s.changed.Broadcast()
	return nil
}

// Listener accepts connections that its Dial makes.
type Listener struct {
	pair   func() (near, far net.Conn)
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

// Listen returns a listener for connections whose two ends pair makes, such as
// New or net.Pipe.
func Listen(pair func() (near, far net.Conn)) *Listener {
	return &Listener{pair: pair, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Dial waits until the connection is accepted.
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	near, far := l.pair()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close has Dial and Accept fail. Connections stay as they are.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is one of the loopback interface.
func (l *Listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
