package bench

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipeBuffer is how many bytes one direction of a pipe holds that nobody has
// read yet.
const pipeBuffer = 8 << 10

// pipe returns the two ends of a connection in memory that synctest can follow.
// Unlike net.Pipe it has buffers, as a socket has: a client that sends twice
// before it reads must not wait for a server that waits for it to read, until
// the bubble's clock reaches a deadline.
func pipe() (near, far net.Conn) {
	up, down := newStream(), newStream()
	return &pipeEnd{reads: down, writes: up}, &pipeEnd{reads: up, writes: down}
}

type pipeEnd struct{ reads, writes *stream }

func (p *pipeEnd) Read(b []byte) (int, error)  { return p.reads.read(b) }
func (p *pipeEnd) Write(b []byte) (int, error) { return p.writes.write(b) }

// Close lets the other end read what was written before.
func (p *pipeEnd) Close() error {
	p.reads.close(&p.reads.readerGone)
	p.writes.close(&p.writes.writerGone)
	return nil
}

func (p *pipeEnd) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (p *pipeEnd) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipeEnd) SetReadDeadline(t time.Time) error  { return p.reads.expire(&p.reads.readBy, t) }
func (p *pipeEnd) SetWriteDeadline(t time.Time) error { return p.writes.expire(&p.writes.writeBy, t) }
func (p *pipeEnd) SetDeadline(t time.Time) error {
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
		if room := min(pipeBuffer-len(s.unread), len(b)-n); room > 0 {
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
