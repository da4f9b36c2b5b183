package socket_test

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/protocol"
	"penstock/server/accept"
	"penstock/server/certs/certstest"
	"penstock/server/quietlog"
	"penstock/server/socket"
)

// layer puts TLS above what is listened and dialled to.
func (r *rig) layer() {
	r.t.Helper()
	authority := certstest.NewAuthority(r.t, "authority")
	l, err := accept.New(r.listener, accept.Options{
		Name: "test", Places: 99, PerAddress: 99,
		Log: quietlog.New(slog.New(slog.DiscardHandler), prometheus.NewCounter(prometheus.CounterOpts{})),
		TLS: &tls.Config{Certificates: []tls.Certificate{authority.Server("server").TLS}, MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	dial := r.dial
	r.listener, r.dial = l, func(ctx context.Context) (net.Conn, error) {
		conn, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		config := &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost", MinVersion: tls.VersionTLS12}
		return tls.Client(&throttle{Conn: conn}, config), nil
	}
}

// throttle is a connection that may be read slowly: a piece a second.
type throttle struct {
	net.Conn
	piece atomic.Int64 // bytes; 0 is as fast as it goes
}

func (s *throttle) Read(b []byte) (int, error) {
	if piece := s.piece.Load(); piece != 0 {
		time.Sleep(time.Second)
		b = b[:min(int64(len(b)), piece)]
	}
	return s.Conn.Read(b)
}

// beneath is what lies beneath a peer's TLS.
func (w *wire) beneath() *throttle { return w.Conn.(*tls.Conn).NetConn().(*throttle) }

// TestMessagesOverTLS of all sizes, in one frame and in several.
func TestMessagesOverTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{tls: true})
		for _, path := range []string{"/echo", "/worker"} {
			w := r.upgraded(path)
			if used := r.budget.Used(); used != socket.Cost+socket.LayerCost {
				t.Errorf("an idle socket counts as %d bytes", used)
			}
			for _, size := range messageSizes {
				message := strings.Repeat("m", size)
				go w.mustWrite(masked(fin|text, message))
				w.expect(message)
			}
			for range 100 { // many at once
				w.mustWrite(masked(fin|text, "a"), masked(text, "b"), masked(fin|more, "c"))
			}
			for range 100 {
				w.expect("a")
				w.expect("bc")
			}
			w.mustWrite(frame(fin|closing, "\x03\xe8"))
			w.closed(protocol.CloseNormal, "")
			_ = w.Close()
			synctest.Wait()
		}
		r.stop()
	})
}

// TestSteadyReaderOverTLS: a peer that reads slowly, but goes on, is waited for,
// although TLS can go on after no write that failed.
func TestSteadyReaderOverTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{tls: true})
		w := r.upgraded("/worker")
		w.beneath().piece.Store(3 << 10)
		message := strings.Repeat("m", 60_000)
		w.mustWrite(masked(fin|text, message))
		began := time.Now()
		w.expect(message)
		if took := time.Since(began); took < 15*time.Second {
			t.Errorf("it took %v: the test reads faster than it should", took)
		}
		w.beneath().piece.Store(0)
		w.mustWrite(masked(fin|text, "still there"))
		w.expect("still there")
		_ = w.Close()
		r.stop()
	})
}

// TestSlowReaderOverTLS: a peer that takes nothing for 5 s is closed with 1008,
// after whole frames, if it reads at once then.
func TestSlowReaderOverTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{tls: true})
		w := r.upgraded("/echo")
		message := strings.Repeat("m", 5000)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				if _, err := w.Write(masked(fin|text, message)); err != nil {
					return
				}
			}
		}()
		// The first quarter of the 5 s is that in which it took what fits in between.
		time.Sleep(5*time.Second*5/4 + 300*time.Millisecond)
		for n := 0; ; n++ {
			op, payload, err := w.next()
			if err != nil || n > 1000 {
				t.Fatalf("%v after %d messages; want a close frame", err, n)
			}
			if op == closing {
				if want := "\x03\xf0" + protocol.ReasonSlow; string(payload) != want {
					t.Errorf("closed with %q; want %q", payload, want)
				}
				break
			}
			if op != text || string(payload) != message {
				t.Fatalf("opcode %x with %d bytes; want the message", op, len(payload))
			}
		}
		_ = w.Close()
		<-ended
		r.stop()
	})
}

// TestGoneReaderOverTLS: a peer that never reads again is gone in seconds, also
// where TLS would like to say goodbye.
func TestGoneReaderOverTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{tls: true})
		w := r.upgraded("/worker")
		w.mustWrite(masked(fin|text, strings.Repeat("m", 200_000)))
		began := time.Now()
		for r.hub.Count() != 0 {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(began); took < 5*time.Second || took > 9*time.Second {
			t.Errorf("it was given up after %v; want 5 to 9 s", took)
		}
		r.stop()
	})
}

// TestAbortOverTLS: at the end of a drain nobody waits for a peer.
func TestAbortOverTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{tls: true})
		w := r.upgraded("/worker")
		w.mustWrite(masked(fin|text, strings.Repeat("m", 200_000)))
		synctest.Wait() // the answer is being written
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		r.hub.Close(ctx, 0)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("it took %v", took)
		}
		r.stop()
	})
}
