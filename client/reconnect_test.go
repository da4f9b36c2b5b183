package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"penstock/protocol"
)

// watch collects changes of status.
type watch struct{ changes chan Status }

func newWatch() watch { return watch{make(chan Status, 100)} }

func (w watch) on(s Status, _ error) { w.changes <- s }

func TestReconnectByCloseCode(t *testing.T) {
	for _, test := range []struct {
		code websocket.StatusCode // zero: cut
		back bool
	}{
		{0, true}, {1001, true}, {1005, true}, {1011, true}, {1012, true}, {1013, true}, {1014, true}, {3008, true},
		{1000, false}, {1002, false}, {1003, false}, {1007, false}, {1008, false}, {1009, false}, {1010, false},
		{3000, false}, {3003, false}, {4000, false}, {4999, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWatch()
			s := newFakeServer(t, func(c *fakeConn) {
				c.greet(8)
				if c.n > 1 {
					c.each(c.answer)
					return
				}
				_, _ = c.read()
				switch test.code {
				case 0:
				case 1005: // a close frame without a code
					_, _ = c.raw.Write([]byte{0x88, 0})
					_, _ = c.read()
				default:
					_ = c.ws.Close(test.code, "why")
				}
			})
			c := s.client(Options{OnStatus: w.on})
			_, err := c.Predict(t.Context(), []float32{1})
			var e *ConnError
			if !errors.As(err, &e) || e.Retryable() != test.back {
				t.Fatalf("code %d: the request in flight ended with %#v", test.code, err)
			}
			if test.code != 0 && test.code != 1005 && (e.CloseCode != int(test.code) || e.Reason != "why") {
				t.Errorf("code %d: told as %v", test.code, e)
			}
			_, err = c.Predict(t.Context(), []float32{1}) // waits for the new connection
			if (err == nil) != test.back {
				t.Errorf("code %d: the next request: %v", test.code, err)
			}
			want := []Status{Reconnecting, Connected}
			if !test.back {
				want = []Status{Disconnected}
			}
			for _, status := range want {
				if got := <-w.changes; got != status {
					t.Errorf("code %d: status %v, want %v", test.code, got, status)
				}
			}
		})
	}
}

func TestSessionOutlivesTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sessions := make(chan string, 2)
		c := newFakeServer(t, func(c *fakeConn) {
			sessions <- c.request.URL.Query().Get("session")
			c.greet(8)
			if m, err := c.read(); err == nil {
				c.answer(m)
			}
		}).client(Options{})
		p, err := c.Predict(t.Context(), []float32{1})
		if err != nil {
			t.Fatal(err)
		}
		var lost *ConnError
		_, err = c.Feedback(t.Context(), p.ID, Class("a"))
		if errors.As(err, &lost) { // it was on its way when the connection went
			_, err = c.Feedback(t.Context(), p.ID, Class("a"))
		}
		if err != nil {
			t.Fatal(err)
		}
		first, second := <-sessions, <-sessions
		if first != second || !protocol.ValidSession(first) || first != c.Session() {
			t.Errorf("sessions %q, %q", first, second)
		}
	})
}

func TestPausesGrowWhileTheServerIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		s := newFakeServer(t, func(c *fakeConn) {
			at = append(at, time.Now())
			c.greet(8)
			if c.n > 40 {
				_ = c.ws.Close(1008, "enough")
				return
			}
			_ = c.ws.Close(1013, "full")
		})
		c := s.client(Options{})
		<-c.done
		var last time.Duration
		for i := 1; i < len(at); i++ {
			ceiling := min(time.Second<<min(i-1, 10), 30*time.Second)
			gap := at[i].Sub(at[i-1])
			if gap > ceiling {
				t.Errorf("pause %d was %v; at most %v", i, gap, ceiling)
			}
			if i > 10 {
				last = max(last, gap)
			}
		}
		if last < 15*time.Second { // 30 draws below the middle: 2^-30
			t.Errorf("pauses stay short: %v", last)
		}
		if c.Status() != Disconnected {
			t.Errorf("status %v after 1008", c.Status())
		}
	})
}

func TestFailWhenDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(t, func(c *fakeConn) { c.greet(8) })
		w := newWatch()
		c := s.client(Options{FailWhenDown: true, OnStatus: w.on})
		<-w.changes
		_ = s.Close() // nobody listens any more
		synctest.Wait()
		_, err := c.Predict(t.Context(), []float32{1})
		if !Retryable(err) {
			t.Errorf("got %v", err)
		}
	})
}

func TestWaitForAConnectionEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(t, func(c *fakeConn) { c.greet(8); _, _ = c.read() })
		c := s.client(Options{})
		_ = s.Close()
		_, _ = c.Predict(t.Context(), []float32{1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := c.Predict(ctx, []float32{1}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestGoingAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notices := make(chan protocol.Notice, 1)
		s := newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			if c.n == 1 {
				owed, _ := c.read()
				c.send(`{"type":"notice","code":"going_away","message":"moving"}`)
				_ = pause(t.Context(), time.Second)
				c.answer(owed) // every reply owed, then the close
				_ = c.ws.Close(1001, "")
				return
			}
			c.each(func(m fakeMessage) {
				c.send(`{"type":"prediction","request_id":%s,"prediction":"b","confidence":1,"model":"m","version":"2"}`, m.ID)
			})
		})
		c := s.client(Options{OnNotice: func(n protocol.Notice) { notices <- n }})
		owed := make(chan string, 1)
		_, err := c.Submit(t.Context(), Request{Features: []float32{1}}, func(p Prediction, err error) {
			if err != nil {
				t.Error(err)
			}
			owed <- p.Label
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := <-notices; n.Code != "going_away" {
			t.Errorf("notice %+v", n)
		}
		if c.Status() != Reconnecting {
			t.Errorf("status %v", c.Status())
		}
		p, err := c.Predict(t.Context(), []float32{2})
		if err != nil || p.Label != "b" {
			t.Errorf("the new request went to %q, %v", p.Label, err)
		}
		if label := <-owed; label != "a" {
			t.Errorf("the owed reply is %q", label)
		}
	})
}

func TestGoingAwayAndStaying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			if c.n == 1 {
				c.send(`{"type":"notice","code":"going_away","message":"moving"}`)
			}
			c.each(c.answer)
		})
		c := s.client(Options{})
		start := time.Now()
		synctest.Wait()
		if _, err := c.Predict(t.Context(), []float32{2}); err != nil {
			t.Error(err)
		}
		if d := time.Since(start); d < 30*time.Second || d > 32*time.Second {
			t.Errorf("moved after %v", d)
		}
	})
}

func TestRefusedHandshakes(t *testing.T) {
	for _, test := range []struct {
		status int
		final  bool
	}{{401, true}, {403, true}, {503, false}} {
		s := newFakeServer(t, nil)
		s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(test.status)
			_, _ = io.WriteString(w, `{"title":"No","detail":"not you"}`)
		})
		_, err := Dial(t.Context(), "ws://penstock.test", Options{DialContext: s.dial})
		var e *ConnError
		if !errors.As(err, &e) || e.HTTPStatus != test.status || e.Final != test.final ||
			e.Reason != "not you" || e.RetryAfter != 7*time.Second {
			t.Errorf("status %d: %#v", test.status, err)
		}
	}
}

func TestTokens(t *testing.T) {
	got := make(chan string, 3)
	s := newFakeServer(t, func(c *fakeConn) {
		got <- c.request.Header.Get("Authorization")
		c.greet(8)
		c.send(`{"type":"notice","code":"token_expiring","message":"60 s"}`)
		m, _ := c.read()
		got <- m.Type + " " + m.Token
		_, _ = c.read()
	})
	n := 0
	s.client(Options{Token: func(context.Context) (string, error) { n++; return string(rune('a' + n)), nil }})
	if first, second := <-got, <-got; first != "Bearer b" || second != "auth c" {
		t.Errorf("sent %q, then %q", first, second)
	}
}

// A token function that fails is asked again, unless it says that nobody may.
func TestFailingTokens(t *testing.T) {
	for _, test := range []struct {
		err   error
		final bool
	}{
		{errors.New("the issuer is away"), false},
		{fmt.Errorf("issuer: %w", &protocol.Error{Code: protocol.Unauthorized}), true},
		{&protocol.Error{Code: protocol.Forbidden}, true},
		{&protocol.Error{Code: protocol.Overloaded}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			var asked atomic.Int64
			c := newFakeServer(t, func(c *fakeConn) { c.greet(8); _, _ = c.read() }).client(Options{Token: func(context.Context) (string, error) {
				if asked.Add(1) == 1 {
					return "fine", nil
				}
				return "", test.err
			}})
			_, _ = c.Predict(t.Context(), []float32{1}) // ends the first connection
			_ = pause(t.Context(), time.Hour)
			if test.final != (asked.Load() == 2) || test.final != (c.Status() == Disconnected) {
				t.Errorf("%v: asked %d times, then %v", test.err, asked.Load(), c.Status())
			}
		})
	}
}
