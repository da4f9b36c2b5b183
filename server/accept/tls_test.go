package accept_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log" //nolint:depguard // net/http takes no other logger
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/server/accept"
	"penstock/server/certs/certstest"
	"penstock/server/quietlog"
	"penstock/server/socket/pipe"
)

// secure is a server with TLS, in memory.
type secure struct {
	t         *testing.T
	authority *certstest.Authority
	pipes     *pipe.Listener
	log       bytes.Buffer
}

// serveTLS serves h until the end of a test, which is in a bubble.
func serveTLS(t *testing.T, places, perAddress int, h http.HandlerFunc) *secure {
	t.Helper()
	s := &secure{t: t, authority: certstest.NewAuthority(t, "authority"), pipes: pipe.Listen(pipe.New)}
	quiet := quietlog.New(slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})), prometheus.NewCounter(prometheus.CounterOpts{}))
	l, err := accept.New(s.pipes, accept.Options{
		Name: "test", Places: places, PerAddress: perAddress, Log: quiet,
		TLS: &tls.Config{Certificates: []tls.Certificate{s.authority.Server("server").TLS}, MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		ConnState: l.Track, ConnContext: l.Context, Handler: h, ReadHeaderTimeout: 5 * time.Second,
		ErrorLog: log.New(quiet.HTTP(), "", 0),
	}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-served })
	return s
}

// dial opens a connection that has said nothing yet.
func (s *secure) dial() net.Conn {
	s.t.Helper()
	conn, err := s.pipes.Dial(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func (s *secure) client(conn net.Conn) *tls.Conn {
	return tls.Client(conn, &tls.Config{RootCAs: s.authority.Pool(), ServerName: "localhost", MinVersion: tls.VersionTLS12})
}

// ends is how long it takes until a connection is closed, and what it was told.
func ends(t *testing.T, conn net.Conn) (after time.Duration, told []byte) {
	t.Helper()
	began := time.Now()
	told, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		t.Fatal(err)
	}
	return time.Since(began), told
}

// TestStalledHandshakes are over after 5 s, however they stall.
func TestStalledHandshakes(t *testing.T) {
	hello := clientHello(t)
	for name, said := range map[string][]byte{
		"silence": nil, "the start of a record": hello[:3], "half a greeting": hello[:len(hello)/2], "a whole greeting": hello,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := serveTLS(t, 9, 9, nil).dial()
				if _, err := conn.Write(said); err != nil {
					t.Fatal(err)
				}
				if after, _ := ends(t, conn); after != 5*time.Second {
					t.Errorf("it was closed after %v; want 5 s", after)
				}
			})
		})
	}
	t.Run("byte by byte", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			conn := serveTLS(t, 9, 9, nil).dial()
			began := time.Now()
			for i := range hello {
				if _, err := conn.Write(hello[i : i+1]); err != nil {
					break
				}
				time.Sleep(time.Second)
			}
			if took := time.Since(began); took > 6*time.Second {
				t.Errorf("it was closed after %v; want 5 s", took)
			}
		})
	})
}

// clientHello is how a client greets.
func clientHello(t *testing.T) []byte {
	t.Helper()
	near, far := pipe.New()
	defer near.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = tls.Client(near, &tls.Config{ServerName: "localhost", MinVersion: tls.VersionTLS12}).Handshake()
	}()
	hello := make([]byte, 16<<10)
	n, err := far.Read(hello)
	if err != nil {
		t.Fatal(err)
	}
	_ = far.Close()
	<-done
	return hello[:n]
}

// TestPlainHTTPToTLS is told so, and a crowd of it does not flood the log.
func TestPlainHTTPToTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveTLS(t, 9, 9, nil)
		for range 100 {
			conn := s.dial()
			if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			_, told := ends(t, conn)
			head, body, _ := strings.Cut(string(told), "\r\n\r\n")
			var problem struct{ Code string }
			if err := json.Unmarshal([]byte(body), &problem); err != nil || problem.Code != "tls_required" || !strings.HasPrefix(head, "HTTP/1.1 400 ") {
				t.Fatalf("told %q; want 400 with the code tls_required", told)
			}
		}
		for range 100 {
			conn := s.dial()
			if _, err := io.WriteString(conn, "\x16\x03\x01nonsense"); err != nil {
				t.Fatal(err)
			}
			_ = conn.Close()
		}
		synctest.Wait()
		if n := strings.Count(s.log.String(), "\n"); n != 1 {
			t.Errorf("%d lines in one second; want one:\n%s", n, s.log.String())
		}
	})
}

// TestPlacesOverTLS: who has not done a handshake gives way without a word, and so
// does who is refused; connections with a request stay.
func TestPlacesOverTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := serveTLS(t, 2, 9, func(http.ResponseWriter, *http.Request) { <-release })
		defer close(release)
		silent, begun := s.dial(), s.dial()
		if _, err := begun.Write(clientHello(t)[:9]); err != nil {
			t.Fatal(err)
		}
		for _, old := range []net.Conn{silent, begun} {
			conn := s.client(s.dial())
			if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if after, told := ends(t, old); after != 0 || len(told) != 0 {
				t.Errorf("who gave way was told %q after %v; want nothing, at once", told, after)
			}
		}
		if after, told := ends(t, s.dial()); after != 0 || len(told) != 0 {
			t.Errorf("who was refused was told %q after %v; want nothing, at once", told, after)
		}
	})
}

// slowly is a connection that is read in small pieces with time between them.
type slowly struct {
	net.Conn
	every time.Duration
}

func (s *slowly) Read(b []byte) (int, error) {
	time.Sleep(s.every)
	return s.Conn.Read(b[:min(len(b), 4<<10)])
}

// TestSlowReaderOverTLS of a plain response: it goes on as long as the peer does.
func TestSlowReaderOverTLS(t *testing.T) {
	const size = 256 << 10
	for name, c := range map[string]struct {
		every time.Duration // the peer reads 4 KiB
		whole bool
	}{"steadily": {time.Second, true}, "too slowly": {3 * time.Second, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				written := make(chan error, 1)
				s := serveTLS(t, 9, 9, func(w http.ResponseWriter, _ *http.Request) {
					_, err := w.Write(make([]byte, size))
					written <- err
				})
				slow := &slowly{Conn: s.dial()}
				conn := s.client(slow)
				if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\nHost: x\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				slow.every = c.every
				body, _ := io.ReadAll(conn)
				if err := <-written; c.whole != (err == nil) || !c.whole && !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("writing ended with %v", err)
				}
				if c.whole != (len(body) >= size) {
					t.Errorf("%d bytes came", len(body))
				}
			})
		})
	}
}

// TestDivert: what TLS writes goes where it is told to.
func TestDivert(t *testing.T) {
	near, far := pipe.New()
	defer near.Close()
	conn, err := limited(t, &pipes{end: far}, 1, 1).Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var diverted bytes.Buffer
	conn.(*accept.Conn).Divert(func(raw net.Conn, b []byte) (int, error) {
		if raw != far {
			t.Error("it is not given the connection itself")
		}
		return diverted.Write(b)
	})
	if n, err := io.WriteString(conn, "HTTP/1.0 400 Bad Request"); n != 24 || err != nil || diverted.String() != "HTTP/1.0 400 Bad Request" {
		t.Errorf("wrote %d bytes with %v, %q", n, err, diverted.String())
	}
}
