package accept

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"syscall"
)

// listenLocal opens both addresses that localhost stands for: some clients try
// the one alone, some the other. Where the machine has no IPv6, that of IPv4
// will do.
func listenLocal(config net.ListenConfig, port string) (net.Listener, error) {
	const tries = 10 // for a port that is free on both, where any will do
	for try := 1; ; try++ {
		first, err := config.Listen(context.Background(), "tcp4", net.JoinHostPort("127.0.0.1", port))
		if isUnavailable(err) {
			return config.Listen(context.Background(), "tcp6", net.JoinHostPort("::1", port))
		}
		if err != nil {
			return nil, err
		}
		chosen := strconv.Itoa(first.Addr().(*net.TCPAddr).Port)
		second, err := config.Listen(context.Background(), "tcp6", net.JoinHostPort("::1", chosen))
		switch {
		case err == nil:
			return newSeveral(first, second), nil
		case isUnavailable(err):
			return first, nil
		}
		_ = first.Close()
		if port != "0" || try == tries {
			return nil, err
		}
	}
}

// isUnavailable reports that a machine has no such address, nor can have.
func isUnavailable(err error) bool {
	return errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.EADDRNOTAVAIL)
}

// several accepts from more listeners than one.
type several struct {
	listeners []net.Listener
	accepted  chan accepted
	closed    chan struct{}

	start, end sync.Once
	running    sync.WaitGroup
	err        error // of closing
}

type accepted struct {
	conn net.Conn
	err  error
}

func newSeveral(listeners ...net.Listener) *several {
	return &several{listeners: listeners, accepted: make(chan accepted), closed: make(chan struct{})}
}

// Accept returns what the first of the listeners does that has something.
func (s *several) Accept() (net.Conn, error) {
	s.start.Do(func() {
		for _, l := range s.listeners {
			s.running.Go(func() { s.acceptFrom(l) })
		}
	})
	select {
	case a := <-s.accepted:
		return a.conn, a.err
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

// acceptFrom hands on what a listener accepts until it is closed. An error is
// handed on as well: who asks again knows when to wait first.
func (s *several) acceptFrom(l net.Listener) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		select {
		case s.accepted <- accepted{conn, err}:
		case <-s.closed:
			if err == nil {
				_ = conn.Close()
			}
			return
		}
	}
}

// Close closes all of them, and waits until nothing is accepted any more.
func (s *several) Close() error {
	s.end.Do(func() {
		close(s.closed)
		for _, l := range s.listeners {
			s.err = errors.Join(s.err, l.Close())
		}
	})
	s.running.Wait()
	return s.err
}

// Addr is the first one's.
func (s *several) Addr() net.Addr { return s.listeners[0].Addr() }
