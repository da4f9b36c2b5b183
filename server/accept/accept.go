// Package accept lets TCP connections in: how many, from whom, and how long
// they may stay without getting on. It stands between a net.Listener and an
// http.Server, beneath TLS where that is spoken.
//
// Every connection takes a place until it is closed, whatever it became: silent,
// plain HTTP, or a WebSocket. Where there is no place, the connection that has
// waited longest for its client's request gives way; where none waits, the
// newcomer is told so and closed. So a crowd that says nothing keeps nobody out.
//
// It knows nothing of what is served.
package accept

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/server/quietlog"
)

// Options configure a Listener.
type Options struct {
	// Name says which listener it is, in the log and in metrics. Required.
	Name string
	// Places is how many connections may be open. Required.
	Places int
	// PerAddress is how many of them one caller (see Caller) may have. It does
	// not hold for the machine's own addresses and for Proxies. Required.
	PerAddress int
	// Proxies speak for many callers. Default: none.
	Proxies Proxies
	// TLS is what the connections speak. What they send before a handshake is over
	// counts as silence, and one that is refused or gives way is closed without a
	// word: it could not be read. Default: none.
	TLS *tls.Config
	// Log takes at most a line a second about connections refused. Required.
	Log *quietlog.Logger
	// Registerer takes the metrics, which have the label listener. Default: none.
	Registerer prometheus.Registerer
}

func (o Options) validate() error {
	switch {
	case o.Name == "":
		return errors.New("accept: Name is empty")
	case o.Places < 1:
		return fmt.Errorf("accept: Places is %d; expected at least 1", o.Places)
	case o.PerAddress < 1:
		return fmt.Errorf("accept: PerAddress is %d; expected at least 1", o.PerAddress)
	case o.Log == nil:
		return errors.New("accept: Log is nil")
	}
	return nil
}

// Listener accepts connections within the limits. Its http.Server must report
// to Track.
type Listener struct {
	net.Listener
	opt     Options
	places  places
	metrics *metrics

	lingering chan struct{} // a place for each refused connection that is not closed yet
	mu        sync.Mutex    // of closed, and held while refusals are added
	closed    bool
	refusals  sync.WaitGroup
}

// How long a peer may be gone without a word: its connection ends 30 s after
// what it sent or acknowledged last. A peer that is there but reads nothing is
// the write deadline's matter.
const userTimeout = 30 * time.Second

// sendBuffer is how much of a response the system holds for a peer that does not
// read it.
const sendBuffer = 64 << 10

var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

// Listen opens a TCP address for a Listener, and for localhost both addresses
// that it stands for. Its connections notice within 35 s that their peer is gone,
// and have a small send buffer.
func Listen(address string) (net.Listener, error) {
	config := net.ListenConfig{KeepAliveConfig: keepAlive, Control: func(_, _ string, socket syscall.RawConn) error {
		var failed error
		err := socket.Control(func(fd uintptr) { failed = setSocket(fd) }) // connections inherit it
		return errors.Join(err, failed)
	}}
	if host, port, err := net.SplitHostPort(address); err == nil && strings.EqualFold(host, "localhost") {
		return listenLocal(config, port)
	}
	return config.Listen(context.Background(), "tcp", address)
}

// New puts limits before a listener. The Listener owns it.
func New(l net.Listener, opt Options) (*Listener, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	a := &Listener{Listener: l, opt: opt, lingering: make(chan struct{}, maxLingering)}
	a.places.init(opt.Places, opt.PerAddress)
	var err error
	a.metrics, err = newMetrics(opt.Name, opt.Registerer, a)
	return a, err
}

// Accept waits for a connection that has a place.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil, err
		case outOfFiles(err) && l.makeRoom():
			continue
		case err != nil:
			l.opt.Log.Log(slog.LevelWarn, "no connection can be accepted; it is tried again", "listener", l.opt.Name, "err", err)
			return nil, temporary{err}
		}
		c := l.admit(raw)
		switch {
		case c == nil:
			continue
		case l.opt.TLS != nil:
			return tls.Server(c, l.opt.TLS), nil
		}
		return c, nil
	}
}

// temporary is an error after which net/http tries again, a second later at
// most. It would end the server for all but a few: accept also fails for want of
// memory, or because of what has become of the one that would have come.
type temporary struct{ error }

func (temporary) Timeout() bool   { return false }
func (temporary) Temporary() bool { return true }
func (t temporary) Unwrap() error { return t.error }

// admit gives a connection a place, or sends it away.
func (l *Listener) admit(raw net.Conn) *Conn {
	c := &Conn{Conn: raw, listener: l, fresh: true}
	victim, reason := l.places.take(c, l.caller(raw))
	if victim != nil {
		l.evict(victim)
	}
	if reason != "" {
		l.refuse(raw, reason)
		return nil
	}
	return c
}

// caller returns whose share a connection is of; nobody's where there is no
// limit per address.
func (l *Listener) caller(conn net.Conn) string {
	address, ok := peer(conn)
	if !ok || l.opt.Proxies.Exempt(address) {
		return ""
	}
	return Caller(address)
}

// evict closes a connection that has lost its place.
func (l *Listener) evict(c *Conn) {
	l.metrics.evicted.Inc()
	if c.fresh && l.opt.TLS == nil {
		sayTryAgain(c.Conn)
	}
	_ = c.Conn.Close()
}

// makeRoom closes the connection that has waited longest, since the process has
// no descriptors left.
func (l *Listener) makeRoom() bool {
	l.metrics.refused[OpenFiles].Inc()
	l.opt.Log.Log(slog.LevelWarn, "no open files are left for connections; those that wait are closed", "listener", l.opt.Name,
		"advice", "raise the limit of open files (ulimit -n) or lower --max-connections")
	victim := l.places.giveUpOne()
	if victim != nil {
		l.evict(victim)
	}
	return victim != nil
}

func outOfFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// Track is the http.Server's ConnState: it tells which connections wait for
// their client.
func (l *Listener) Track(conn net.Conn, state http.ConnState) {
	c := under(conn)
	if c == nil {
		return
	}
	switch state {
	case http.StateIdle:
		l.places.wait(c)
	case http.StateActive, http.StateHijacked:
		l.places.work(c)
	case http.StateNew, http.StateClosed: // Accept and Close have seen to it
	}
}

// under finds our connection beneath layers such as TLS.
func under(conn net.Conn) *Conn {
	for {
		switch c := conn.(type) {
		case *Conn:
			return c
		case interface{ NetConn() net.Conn }:
			conn = c.NetConn()
		default:
			return nil
		}
	}
}

// Close stops accepting and waits, a moment at most, for those who are being
// refused. Connections stay open.
func (l *Listener) Close() error {
	err := l.Listener.Close()
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.refusals.Wait()
	return err
}
