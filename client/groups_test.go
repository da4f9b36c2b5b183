package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"penstock/protocol"
)

// rooms is a server's book of who joined what, over all connections.
type rooms struct {
	mu     sync.Mutex
	log    []string
	refuse map[string]string // by group: what else an error says
}

func (r *rooms) serve(c *fakeConn, m fakeMessage) {
	switch m.Type {
	case "join", "leave":
		r.mu.Lock()
		r.log = append(r.log, fmt.Sprintf("%d %s %s", c.n, m.Type, m.Group))
		refusal, refused := r.refuse[m.Group]
		r.mu.Unlock()
		switch {
		case refused:
			c.send(`{"type":"error","request_id":null,%s,"message":"not %s","retryable":false}`, refusal, m.Group)
		case m.Type == "join":
			c.send(`{"type":"joined","group":"%s"}`, m.Group)
		default:
			c.send(`{"type":"left","group":"%s"}`, m.Group)
		}
	case "auth":
		c.authOK("null")
	default:
		c.answer(m)
	}
}

func (r *rooms) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.log)
}

func (r *rooms) setRefusal(group, says string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = map[string]string{group: says}
}

// server cuts a connection when it is asked for the model cut.
func (r *rooms) server(t *testing.T) *fakeServer {
	return newFakeServer(t, func(c *fakeConn) {
		c.greet(8)
		for {
			m, err := c.read()
			if err != nil || m.Model == "cut" {
				return
			}
			r.serve(c, m)
		}
	})
}

// cut loses the connection and waits for the next one and what follows it.
func cut(t *testing.T, c *Client) {
	t.Helper()
	_, _ = c.Predict(t.Context(), []float32{1}, WithModel("cut"))
	if _, err := c.Predict(t.Context(), []float32{1}); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

func TestGroupsOutliveTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(rooms)
		c := r.server(t).client(Options{})
		for _, group := range []string{"ops", "dev", "gone"} {
			if err := c.Join(t.Context(), group); err != nil {
				t.Errorf("%s: %v", group, err)
			}
		}
		if err := c.Leave(t.Context(), "gone"); err != nil {
			t.Error(err)
		}
		cut(t, c)
		if err := c.Leave(t.Context(), "dev"); err != nil {
			t.Error(err)
		}
		cut(t, c)
		want := []string{"1 join ops", "1 join dev", "1 join gone", "1 leave gone", "2 join dev", "2 join ops", "2 leave dev", "3 join ops"}
		if got := r.seen(); !slices.Equal(got, want) {
			t.Errorf("the server saw %q;\nwant %q", got, want)
		}
	})
}

func TestGroupsThatAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rooms{refuse: map[string]string{"secret": `"code":"forbidden"`}}
		var notices []string
		c := r.server(t).client(Options{OnNotice: func(n protocol.Notice) { notices = append(notices, n.Type+" "+n.Code+": "+n.Message) }})
		if err := c.Join(t.Context(), "secret"); !isCode(err, protocol.Forbidden) || Retryable(err) {
			t.Errorf("join: %v", err)
		}
		if err := c.Join(t.Context(), ""); !isCode(err, protocol.BadMessage) {
			t.Errorf("no name: %v", err)
		}
		if err := c.Leave(t.Context(), ""); !isCode(err, protocol.BadMessage) {
			t.Errorf("no name: %v", err)
		}
		if err := c.Join(t.Context(), "ops"); err != nil {
			t.Error(err)
		}
		// Refused to leave, it is still in the group, and joins it again.
		r.setRefusal("ops", `"code":"rate_limited","retry_after_ms":10`)
		if err := c.Leave(t.Context(), "ops"); !isCode(err, protocol.RateLimited) {
			t.Errorf("leave: %v", err)
		}
		if !c.inGroup("ops") || c.inGroup("secret") || len(notices) != 0 {
			t.Errorf("in %v; told of %v", c.joinedGroups(), notices)
		}
	})
}

// Who is not let in again after a reconnect is told, and does not try for ever.
func TestAGroupIsRefusedAfterAReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(rooms)
		var notices []string
		c := r.server(t).client(Options{OnNotice: func(n protocol.Notice) { notices = append(notices, n.Type+" "+n.Code+": "+n.Message) }})
		for _, group := range []string{"dev", "ops"} {
			if err := c.Join(t.Context(), group); err != nil {
				t.Fatal(err)
			}
		}
		r.setRefusal("dev", `"code":"forbidden"`)
		cut(t, c)
		if want := []string{"error forbidden: group dev was not joined again after a reconnect: not dev"}; !slices.Equal(notices, want) {
			t.Errorf("told %q", notices)
		}
		cut(t, c)
		if got, want := r.seen(), []string{"1 join dev", "1 join ops", "2 join dev", "2 join ops", "3 join ops"}; !slices.Equal(got, want) {
			t.Errorf("the server saw %q", got)
		}
	})
}

func TestAGroupIsJoinedAgainLaterWhereTheServerIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(rooms)
		c := r.server(t).client(Options{})
		if err := c.Join(t.Context(), "ops"); err != nil {
			t.Fatal(err)
		}
		r.setRefusal("ops", `"code":"rate_limited","retry_after_ms":5000`)
		cut(t, c)
		r.setRefusal("nobody", "")
		time.Sleep(4 * time.Second)
		if n := len(r.seen()); n != 2 {
			t.Errorf("tried %d times", n)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if n := len(r.seen()); n != 3 || !c.inGroup("ops") {
			t.Errorf("tried %d times; in %v", n, c.joinedGroups())
		}
	})
}

// Errors without an ID go to the one who asked, also when many ask at once and a
// token is renewed meanwhile.
func TestManyAskAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rooms{refuse: map[string]string{}}
		for i := range 50 {
			if i%2 == 1 {
				r.refuse[fmt.Sprint("g", i)] = `"code":"forbidden"`
			}
		}
		errs := newTokenErrors()
		c := newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			n := 0
			c.each(func(m fakeMessage) {
				if n++; n%10 == 5 {
					c.warn(time.Minute)
				}
				r.serve(c, m)
			})
		}).client(Options{Token: numberedTokens(), OnStatus: errs.on})
		var asking sync.WaitGroup
		for i := range 50 {
			asking.Go(func() {
				group := fmt.Sprint("g", i)
				err := c.Join(t.Context(), group)
				var wire *protocol.Error
				if i%2 == 1 && (!errors.As(err, &wire) || wire.Message != "not "+group) || i%2 == 0 && err != nil {
					t.Errorf("%s: %v", group, err)
				}
			})
			asking.Go(func() {
				if _, err := c.Predict(t.Context(), []float32{1}); err != nil {
					t.Error(err)
				}
			})
		}
		asking.Wait()
		synctest.Wait()
		if got := errs.all(); len(got) != 0 || len(c.joinedGroups()) != 25 {
			t.Errorf("renewals failed: %v; in %v", got, c.joinedGroups())
		}
	})
}

// A wait for an answer ends with its context, and others do not wait behind it for
// ever.
func TestJoinsWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			c.each(func(m fakeMessage) {
				if m.Group == "ops" {
					c.send(`{"type":"joined","group":"another"}`)
					c.send(`{"type":"joined","group":5}`)
					c.send(`{"type":"joined","group":"ops"}`)
				}
			})
		}).client(Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := c.Join(ctx, "silent"); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if err := c.Join(ctx, "late"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		brief, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Join(brief, "ops"); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if err := c.Join(t.Context(), "ops"); err != nil || time.Since(start) != 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if err := c.Join(t.Context(), "silent"); !isCode(err, protocol.DeadlineExceeded) || time.Since(start) != 20*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if got := c.joinedGroups(); !slices.Equal(got, []string{"ops"}) {
			t.Errorf("in %v", got)
		}
	})
}

func TestGroupsAndLostConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			c.each(func(m fakeMessage) {
				if c.n < 3 {
					_ = c.raw.Close()
					return
				}
				new(rooms).serve(c, m)
			})
		})
		c := s.client(Options{})
		var lost *ConnError
		if err := c.Join(t.Context(), "ops"); !errors.As(err, &lost) || lost.Final {
			t.Errorf("join: %v", err)
		}
		if err := c.Leave(t.Context(), "ops"); err != nil { // the loss left it
			t.Errorf("leave: %v", err)
		}
		if err := c.Join(t.Context(), "ops"); err != nil { // waits for the connection
			t.Errorf("join: %v", err)
		}
		_ = c.Close()
		for what, err := range map[string]error{"join": c.Join(t.Context(), "ops"), "leave": c.Leave(t.Context(), "ops")} {
			if !errors.As(err, &lost) || !lost.Final {
				t.Errorf("%s after Close: %v", what, err)
			}
		}
	})
}
