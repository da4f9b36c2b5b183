package accept_test

import (
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/server/accept"
	"penstock/server/quietlog"
)

// limited puts limits before a listener.
func limited(t testing.TB, l net.Listener, places, perAddress int) *accept.Listener {
	t.Helper()
	a, err := accept.New(l, accept.Options{
		Name: "test", Places: places, PerAddress: perAddress, Registerer: prometheus.NewRegistry(),
		Log: quietlog.New(slog.New(slog.DiscardHandler), prometheus.NewCounter(prometheus.CounterOpts{})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// script is a listener that accepts what a test puts into it.
type script chan any // *fake or error

func (s script) Accept() (net.Conn, error) {
	switch next := (<-s).(type) {
	case *fake:
		return next, nil
	case error:
		return nil, next
	}
	return nil, net.ErrClosed
}

func (s script) Close() error { return nil }
func (script) Addr() net.Addr { return &net.TCPAddr{} }

// fake is a connection that comes from an address and is never written to in
// vain.
type fake struct {
	from   string
	said   []byte
	closed atomic.Bool
}

func (f *fake) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.ParseIP(f.from), Port: 1} }
func (f *fake) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (f *fake) Read([]byte) (int, error)         { return 0, io.EOF }
func (f *fake) Write(b []byte) (int, error)      { f.said = append(f.said, b...); return len(b), nil }
func (f *fake) Close() error                     { f.closed.Store(true); return nil }
func (f *fake) SetDeadline(time.Time) error      { return nil }
func (f *fake) SetReadDeadline(time.Time) error  { return nil }
func (f *fake) SetWriteDeadline(time.Time) error { return nil }
