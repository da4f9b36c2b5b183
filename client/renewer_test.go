package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"penstock/protocol"
)

// tokenErrors collects what OnStatus says of tokens.
type tokenErrors struct{ ch chan *TokenError }

func newTokenErrors() tokenErrors { return tokenErrors{make(chan *TokenError, 1000)} }

func (te tokenErrors) on(s Status, err error) {
	var e *TokenError
	if errors.As(err, &e) && s == Connected {
		te.ch <- e
	}
}

func (te tokenErrors) all() (errs []*TokenError) {
	for len(te.ch) > 0 {
		errs = append(errs, <-te.ch)
	}
	return errs
}

func at(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339Nano) }

func (c *fakeConn) authOK(expires string) {
	if expires != "null" {
		expires = `"` + expires + `"`
	}
	c.send(`{"type":"auth_ok","user":"ann","scopes":["predict"],"groups":[],"expires":%s}`, expires)
}

func (c *fakeConn) warn(left time.Duration) {
	c.send(`{"type":"notice","code":"token_expiring","message":"renew it","expires":"%s"}`, at(left))
}

func (c *fakeConn) refuse(code string, more string) {
	c.send(`{"type":"error","request_id":null,"code":"%s","message":"not this one"%s}`, code, more)
}

// authMessages serves as an honest server does, and gives auth messages to handle.
func (c *fakeConn) authMessages(handle func(n int, token string)) {
	n := 0
	c.each(func(m fakeMessage) {
		if m.Type == "auth" {
			n++
			handle(n, m.Token)
			return
		}
		c.answer(m)
	})
}

// A renewal costs the requests in flight nothing, and its answer is nobody's.
func TestARenewalAmidRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var notices []string
		renewed := make(chan string, 1)
		errs := newTokenErrors()
		c := newFakeServer(t, func(c *fakeConn) {
			c.greet(64)
			var owed []fakeMessage
			c.each(func(m fakeMessage) {
				if m.Type == "auth" {
					renewed <- m.Token
					c.authOK(at(time.Hour))
					for _, m := range slices.Backward(owed) {
						c.answer(m)
					}
					return
				}
				if owed = append(owed, m); len(owed) == 20 {
					c.warn(time.Minute)
				}
			})
		}).client(Options{Token: numberedTokens(), OnStatus: errs.on, OnNotice: func(n protocol.Notice) { notices = append(notices, n.Code) }})
		replies := make(chan error, 20)
		for range 20 {
			go func() { _, err := c.Predict(t.Context(), []float32{1}); replies <- err }()
		}
		for range 20 {
			if err := <-replies; err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		if token := <-renewed; token != "token-2" {
			t.Errorf("renewed with %q", token)
		}
		if !slices.Equal(notices, []string{"token_expiring"}) || len(errs.ch) != 0 || c.Status() != Connected {
			t.Errorf("told of %v, %v", notices, errs.all())
		}
	})
}

// Where the server tells when a token ends, the client is ahead of its notice.
func TestRenewalsByTheClientItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var when []time.Duration
		lives := []time.Duration{10 * time.Minute, 30 * time.Second, time.Second, 0} // then for ever
		c := newFakeServer(t, func(c *fakeConn) {
			c.authOK(at(10 * time.Minute)) // comes first where a server sends one
			c.greet(8)
			c.authMessages(func(n int, _ string) {
				when = append(when, time.Since(start))
				if lives[n] == 0 {
					c.authOK("null")
					return
				}
				c.authOK(at(lives[n]))
			})
		}).client(Options{Token: numberedTokens()})
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		want := []time.Duration{510 * time.Second, 530 * time.Second, 540 * time.Second}
		if !slices.Equal(when, want) || c.Status() != Connected {
			t.Errorf("renewed at %v, want %v; %v", when, want, c.Status())
		}
	})
}

// A client whose clock is ahead takes every token for expired. It renews when the
// server says so, not all the time.
func TestAClockThatIsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		renewals := 0
		newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			c.warn(-time.Hour)
			c.authMessages(func(int, string) {
				renewals++
				c.authOK(at(-time.Hour))
			})
		}).client(Options{Token: numberedTokens()})
		time.Sleep(time.Hour)
		synctest.Wait()
		if renewals != 1 {
			t.Errorf("renewed %d times", renewals)
		}
	})
}

func TestAFetchThatFailsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		sent := make(chan string, 10)
		errs := newTokenErrors()
		c := newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			c.warn(time.Minute)
			c.authMessages(func(_ int, token string) { sent <- token; c.authOK(at(time.Hour)) })
		}).client(Options{OnStatus: errs.on, Token: func(context.Context) (string, error) {
			switch n := asked.Add(1); n {
			case 2, 3, 4:
				return "", errors.New("the issuer is away")
			default:
				return fmt.Sprint("token-", n), nil
			}
		}})
		start := time.Now()
		if token := <-sent; token != "token-5" {
			t.Errorf("sent %q", token)
		}
		if d := time.Since(start); d > 7*time.Second { // pauses of at most 1, 2 and 4 s
			t.Errorf("it took %v", d)
		}
		got := errs.all()
		if len(got) != 3 || got[0].Final || !got[0].Expires.Equal(start.Add(time.Minute)) ||
			!strings.Contains(got[0].Error(), "the issuer is away") || !strings.Contains(got[0].Error(), "expires at 2000-01-01T00:01:00Z") {
			t.Errorf("told %v", got)
		}
		if _, err := c.Predict(t.Context(), []float32{1}); err != nil {
			t.Error(err)
		}
	})
}

// What the server refuses is told with its words, and is not sent twice.
func TestARefusedRenewal(t *testing.T) {
	for _, code := range []string{"unauthorized", "forbidden"} {
		synctest.Test(t, func(t *testing.T) {
			var asked atomic.Int64
			var sent []string
			errs := newTokenErrors()
			c := newFakeServer(t, func(c *fakeConn) {
				c.greet(8)
				c.warn(time.Minute)
				c.authMessages(func(n int, token string) {
					if sent = append(sent, token); n == 1 {
						c.refuse(code, "")
						return
					}
					c.authOK(at(time.Hour))
				})
			}).client(Options{OnStatus: errs.on, Token: func(context.Context) (string, error) {
				return []string{"token-1", "token-2", "token-2", "token-3"}[min(asked.Add(1), 4)-1], nil
			}})
			time.Sleep(time.Minute)
			synctest.Wait()
			got := errs.all()
			if len(got) != 2 || !isCode(got[0], protocol.ParseCode(code)) || !strings.Contains(got[0].Error(), code+": not this one") ||
				!errors.Is(got[1], errRefusedToken) {
				t.Errorf("%s: told %v", code, got)
			}
			if !slices.Equal(sent, []string{"token-2", "token-3"}) || c.Status() != Connected {
				t.Errorf("%s: sent %v; %v", code, sent, c.Status())
			}
		})
	}
}

func TestARenewalThatIsRateLimitedWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var when []time.Time
		newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			c.warn(time.Minute)
			c.authMessages(func(n int, _ string) {
				if when = append(when, time.Now()); n == 1 {
					c.refuse("rate_limited", `,"retry_after_ms":20000`)
					return
				}
				c.authOK("null")
			})
		}).client(Options{Token: numberedTokens()})
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(when) != 2 || when[1].Sub(when[0]) < 20*time.Second {
			t.Errorf("sent at %v", when)
		}
	})
}

// A function that goes on giving the old token is told so, and nothing is sent.
func TestTheSameTokenRenewsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		errs := newTokenErrors()
		newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			c.warn(time.Minute)
			c.authMessages(func(int, string) { sent++ })
		}).client(Options{OnStatus: errs.on, Token: StaticToken(canary)})
		time.Sleep(time.Minute)
		synctest.Wait()
		got := errs.all()
		if sent != 0 || len(got) < 2 || !errors.Is(got[0], errSameToken) {
			t.Errorf("sent %d times, told %v", sent, got)
		}
	})
}

// A function that says that nobody may have a token is believed.
func TestAFunctionThatRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		errs := newTokenErrors()
		c := newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			c.warn(time.Minute)
			c.each(c.answer)
		}).client(Options{OnStatus: errs.on, Token: func(context.Context) (string, error) {
			if asked.Add(1) == 1 {
				return canary, nil
			}
			return "", &protocol.Error{Code: protocol.Unauthorized, Message: "locked"}
		}})
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := errs.all(); asked.Load() != 2 || len(got) != 1 || !got[0].Final || !isCode(got[0], protocol.Unauthorized) {
			t.Errorf("asked %d times, told %v", asked.Load(), got)
		}
		if _, err := c.Predict(t.Context(), []float32{1}); err != nil {
			t.Error(err)
		}
	})
}

// Neither a function that hangs nor a server that does not answer stops the
// requests, the heartbeat or Close.
func TestRenewalsThatHang(t *testing.T) {
	hang := func() func(context.Context) (string, error) {
		var asked atomic.Int64
		return func(ctx context.Context) (string, error) {
			if asked.Add(1) == 1 {
				return canary, nil
			}
			<-ctx.Done()
			return "", ctx.Err()
		}
	}
	for name, token := range map[string]func(context.Context) (string, error){"function": hang(), "server": numberedTokens()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				errs := newTokenErrors()
				c := newFakeServer(t, func(c *fakeConn) {
					c.greet(8)
					c.warn(time.Minute)
					c.authMessages(func(int, string) {})
				}).client(Options{OnStatus: errs.on, Token: token})
				for range 100 {
					time.Sleep(10 * time.Second)
					if _, err := c.Predict(t.Context(), []float32{1}); err != nil {
						t.Fatal(err)
					}
				}
				if got := errs.all(); len(got) < 20 {
					t.Errorf("told %d times", len(got))
				}
				start := time.Now()
				_ = c.Close()
				if d := time.Since(start); d != 0 {
					t.Errorf("Close took %v", d)
				}
			})
		})
	}
}

func TestADashboardRenewsItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []string
		d := newFakeServer(t, func(c *fakeConn) {
			c.warn(time.Minute)
			stop := make(chan struct{})
			defer close(stop)
			go func() {
				for seq := 1; ; seq++ {
					select {
					case <-stop:
						return
					case <-time.After(time.Second):
						c.send(`{"type":"metrics","seq":%d}`, seq)
					}
				}
			}()
			c.authMessages(func(n int, token string) {
				sent = append(sent, token)
				switch n {
				case 1:
					c.refuse("forbidden", "")
				case 2:
					c.authOK(at(10 * time.Minute))
				default:
					c.send(`{"type":"notice","code":"going_away","message":"…"}`)
					_ = c.ws.Close(1008, "token_expired")
				}
			})
		}).dashboard(Options{Token: numberedTokens()})
		start := time.Now()
		var refused int
		var end *ConnError
		for frame, err := range d.Frames(t.Context()) {
			var failed *TokenError
			switch {
			case errors.As(err, &failed):
				refused++
				if !isCode(failed, protocol.Forbidden) {
					t.Error(failed)
				}
			case err != nil:
				_ = errors.As(err, &end)
			case frame.Metrics == nil:
				t.Errorf("got %+v", frame)
			}
		}
		if !slices.Equal(sent, []string{"token-2", "token-3", "token-4"}) || refused != 1 {
			t.Errorf("sent %v, %d refused", sent, refused)
		}
		if end == nil || !end.Final || end.Reason != "token_expired" || !strings.Contains(end.Error(), "Dial again") {
			t.Errorf("ended with %v", end)
		}
		if d := time.Since(start); d < 510*time.Second || d > 520*time.Second {
			t.Errorf("it took %v", d)
		}
	})
}

// Leaving the loop in the middle of a renewal ends the renewal.
func TestADashboardIsLeftAmidARenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		d := newFakeServer(t, func(c *fakeConn) {
			c.warn(time.Minute)
			time.Sleep(time.Second)
			c.send(`{"type":"metrics","seq":1}`)
			_, _ = c.read()
		}).dashboard(Options{Token: func(ctx context.Context) (string, error) {
			if asked.Add(1) == 1 {
				return canary, nil
			}
			<-ctx.Done()
			return "", ctx.Err()
		}})
		for range d.Frames(t.Context()) {
			break
		}
		if asked.Load() != 2 {
			t.Errorf("asked %d times", asked.Load())
		}
	})
}
