package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"penstock/protocol"
)

// Every reason of 1008 ends the client for good, and whoever waits, wherever, is
// told at once.
func TestPolicyEndsTheClient(t *testing.T) {
	for _, reason := range []string{"auth_required", "unauthorized", "token_expired", "revoked", "slow_consumer", "too_many_errors"} {
		synctest.Test(t, func(t *testing.T) {
			var connections atomic.Int64
			closing := make(chan struct{})
			statuses := newWatch()
			c := newFakeServer(t, func(c *fakeConn) {
				connections.Add(1)
				c.greet(1)
				go c.each(func(fakeMessage) {}) // never answers
				<-closing
				_ = c.ws.Close(1008, reason)
			}).client(Options{OnStatus: statuses.on, Token: numberedTokens()})
			ctx := t.Context()
			waits := map[string]func() error{
				"request in flight":       func() error { _, err := c.Predict(ctx, []float32{1}); return err },
				"request without room":    func() error { _, err := c.Predict(ctx, []float32{1}); return err },
				"label":                   func() error { _, err := c.Feedback(ctx, NumberID(9), Class("a")); return err },
				"group":                   func() error { return c.Join(ctx, "ops") },
				"group behind the former": func() error { return c.Join(ctx, "dev") },
			}
			type end struct {
				what string
				err  error
			}
			ends := make(chan end, len(waits))
			for what, wait := range waits {
				go func() { ends <- end{what, wait()} }()
			}
			synctest.Wait()
			start := time.Now()
			close(closing)
			for range waits {
				got := <-ends
				var e *ConnError
				if !errors.As(got.err, &e) || e.CloseCode != 1008 || e.Reason != reason || !e.Final || Retryable(got.err) {
					t.Errorf("%s, %s: ended with %#v", reason, got.what, got.err)
				}
				if errors.As(got.err, new(*protocol.Error)) {
					t.Errorf("%s, %s: %v looks like an answer", reason, got.what, got.err)
				}
			}
			if d := time.Since(start); d != 0 {
				t.Errorf("%s: it took %v", reason, d)
			}
			time.Sleep(time.Hour)
			_, err := c.Predict(ctx, []float32{1})
			var e *ConnError
			if !errors.As(err, &e) || e.Reason != reason || connections.Load() != 1 {
				t.Errorf("%s: later %v, after %d connections", reason, err, connections.Load())
			}
			if s := <-statuses.changes; s != Disconnected || len(statuses.changes) != 0 {
				t.Errorf("%s: told %v first, and %d more", reason, s, len(statuses.changes))
			}
		})
	}
}

// A request that waits to be sent again after draining ends with a 1008 as well.
func TestPolicyEndsWhatWaitsForTheNextConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeServer(t, func(c *fakeConn) {
			if c.n > 1 {
				_ = c.ws.Close(1008, "revoked")
				return
			}
			c.greet(8)
			m, _ := c.read()
			c.drain(m)
			goAway(c)
		}).client(Options{Token: StaticToken(canary)})
		_, err := c.Predict(t.Context(), []float32{1})
		var e *ConnError
		if !errors.As(err, &e) || e.CloseCode != 1008 || e.Reason != "revoked" || !e.Final {
			t.Errorf("got %#v", err)
		}
	})
}

// The client stays away after token_expired although its function has another
// token by now, and says so.
func TestAnExpiredTokenSaysWhatToDo(t *testing.T) {
	expire := func(c *fakeConn) { _ = c.ws.Close(1008, "token_expired") }
	warn := func(c *fakeConn) { c.send(`{"type":"notice","code":"token_expiring","message":"soon"}`) }
	for _, test := range []struct {
		name  string
		end   func(*fakeConn)
		token func(context.Context) (string, error)
		want  string
	}{
		{"never warned", expire, StaticToken(canary), "Dial again"},
		{"fresh token too late", func(c *fakeConn) { warn(c); _, _ = c.read(); expire(c) }, numberedTokens(), "had a fresh token, too late"},
		{"same token", func(c *fakeConn) { warn(c); time.Sleep(10 * time.Second); expire(c) }, StaticToken(canary), "expected a new one"},
		{"refused", func(c *fakeConn) {
			warn(c)
			_, _ = c.read()
			c.send(`{"type":"error","request_id":null,"code":"forbidden","message":"another user's","retryable":false}`)
			time.Sleep(time.Millisecond)
			expire(c)
		}, numberedTokens(), "forbidden: another user's"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newFakeServer(t, func(c *fakeConn) { c.greet(8); test.end(c) }).client(Options{Token: test.token, BackoffMin: time.Minute, BackoffMax: time.Minute})
				<-c.done
				_, err := c.Predict(t.Context(), []float32{1})
				var e *ConnError
				if !errors.As(err, &e) || e.CloseCode != 1008 || e.Reason != "token_expired" || !e.Final || Retryable(err) {
					t.Fatalf("got %#v", err)
				}
				if text := err.Error(); !strings.Contains(text, test.want) || !strings.Contains(text, "does not reconnect by itself after 1008") {
					t.Errorf("%q does not say %q", text, test.want)
				}
				if errors.As(err, new(*protocol.Error)) {
					t.Errorf("%v looks like an answer to the request", err)
				}
			})
		})
	}
}

// refuseAfter lets the first connection in, and refuses later handshakes.
func refuseAfter(s *fakeServer, n int64, refuse http.HandlerFunc) {
	accept, count := s.http.Handler, new(atomic.Int64)
	s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if k := count.Add(1); k > 1 && k <= n {
			refuse(w, r)
			return
		}
		accept.ServeHTTP(w, r)
	})
}

func TestRefusedWhileReconnecting(t *testing.T) {
	for _, status := range []int{401, 403} {
		synctest.Test(t, func(t *testing.T) {
			s := newFakeServer(t, func(c *fakeConn) { c.greet(8); _, _ = c.read() })
			refuseAfter(s, 1000, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, `{"title":"No","detail":"the token is not good here","code":"unauthorized"}`)
			})
			c := s.client(Options{Token: StaticToken(canary)})
			_, _ = c.Predict(t.Context(), []float32{1})
			_, err := c.Predict(t.Context(), []float32{1})
			<-c.done
			var e *ConnError
			if !errors.As(err, &e) || e.HTTPStatus != status || e.Reason != "the token is not good here" || !e.Final || c.Status() != Disconnected {
				t.Errorf("%d: %#v, %v", status, err, c.Status())
			}
		})
	}
}

func TestRetryAfterIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(t, honest(8))
		refuseAfter(s, 3, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "20")
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		c := s.client(Options{})
		_ = c.now.Load().s.raw.Close()
		synctest.Wait()
		start := time.Now()
		if _, err := c.Predict(t.Context(), []float32{1}); err != nil {
			t.Error(err)
		}
		if d := time.Since(start); d < 40*time.Second || d > 50*time.Second {
			t.Errorf("two refusals with Retry-After: 20 took %v", d)
		}
	})
}

func TestRateLimitedIsRetryable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			c.each(func(m fakeMessage) {
				c.send(`{"type":"error","request_id":%s,"code":"rate_limited","message":"slower","retryable":true,"retry_after_ms":1500}`, m.ID)
			})
		}).client(Options{})
		_, err := c.Predict(t.Context(), []float32{1})
		if !isCode(err, protocol.RateLimited) || !Retryable(err) || RetryAfter(err) != 1500*time.Millisecond {
			t.Errorf("got %v, after %v", err, RetryAfter(err))
		}
	})
	if RetryAfter(&ConnError{RetryAfter: time.Second}) != time.Second || RetryAfter(io.EOF) != 0 || RetryAfter(nil) != 0 {
		t.Error("RetryAfter reads other errors wrong")
	}
	// What was lost with the client's end does not come back, whatever the cause says.
	if Retryable(&ConnError{Final: true, Err: &protocol.Error{Code: protocol.Overloaded}}) {
		t.Error("the end of the client is retryable")
	}
}
