package server

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"penstock/monitor"
	"penstock/protocol"
)

// watchBacklog is how many bytes may wait for a dashboard before notes to it
// are dropped. Metrics never wait at all: a slow dashboard gets the newest.
const watchBacklog = 256 << 10

// watcher is one connection to /ws/dashboard. The link's goroutine reads; a
// second one, in follow, sends what the monitor publishes.
type watcher struct {
	*link
	server *Server
	user   string
	filter atomic.Pointer[filter]
	notes  *rate.Limiter
	typing *rate.Limiter
}

func (s *Server) serveDashboard(w http.ResponseWriter, r *http.Request, session string) {
	l, ok := s.connect(w, r, true)
	if !ok {
		return
	}
	identity := s.users.identify(anonymous, session)
	s.users.enter(identity)
	c := &watcher{link: l, server: s, user: anonymous, notes: rate.NewLimiter(1, 5), typing: rate.NewLimiter(1, 2)}
	c.filter.Store(&filter{})
	l.start(func() {
		defer s.users.leave(identity)
		c.watch()
	})
}

// watch runs follow beside the reader, and waits for it.
func (c *watcher) watch() {
	sub := c.begin()
	ctx, cancel := context.WithCancel(context.Background())
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		c.follow(ctx, sub)
	}()
	c.messages(c.handle)
	cancel()
	<-followed // at the latest when its write has timed out
}

// begin sends the history and the alerts that hold. Nothing comes before them.
func (c *watcher) begin() *monitor.Subscription {
	sub, state := c.server.monitor.Subscribe()
	c.outbox.send(opText, state.History())
	for _, alert := range state.Firing() {
		c.outbox.send(opText, protocol.Encode(alert))
	}
	return sub
}

// follow sends each frame as it comes. It waits until one is written before it
// asks for the next, which is then the newest.
func (c *watcher) follow(ctx context.Context, sub *monitor.Subscription) {
	defer sub.Close()
	if !c.outbox.waitWritten() { // a long history leaves no room for notes
		return
	}
	turn := min(time.Duration(c.server.board.join(c))*turnLength, longestTurn)
	defer c.server.board.leave(c)
	var presence *byte // first byte of the presence frame sent last
	for c.outbox.waitWritten() {
		if frame := c.server.board.present(); &frame[0] != presence {
			presence = &frame[0]
			c.outbox.send(opText, frame)
		}
		update, err := sub.Next(ctx)
		if err != nil {
			return
		}
		if update.Metrics != nil && !waitTurn(ctx, turn) {
			return
		}
		if frame := c.filter.Load().apply(update, time.Now()); frame != nil {
			c.outbox.send(opText, frame)
		}
	}
}

// A thousand frames written at once would hold up predictions for as long as
// that takes, so dashboards take turns: each waits a little longer than the one
// that came before it. turnLength is some twenty times what a frame costs.
const (
	turnLength  = 200 * time.Microsecond
	longestTurn = 500 * time.Millisecond
)

// waitTurn reports false when ctx ends first.
func waitTurn(ctx context.Context, turn time.Duration) bool {
	if turn == 0 {
		return true
	}
	timer := time.NewTimer(turn)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// handle acts on what the watcher sends.
func (c *watcher) handle(typ websocket.MessageType, frame []byte) {
	switch {
	case typ == websocket.MessageBinary:
		c.goodbye(protocol.CloseUnsupported, "the dashboard takes JSON text only")
		return
	case string(frame) == "ping":
		c.reply(opText, []byte("pong"))
		return
	case !utf8.Valid(frame):
		c.goodbye(protocol.CloseInvalidText, "a text message must be UTF-8")
		return
	}
	m, err := protocol.DecodeWatch(frame)
	if err == nil {
		err = c.act(m)
	}
	if err != nil {
		c.server.metrics.countError(err.Code)
		c.reply(opText, protocol.AppendError(nil, nil, err))
	}
}

func (c *watcher) act(m protocol.WatchMessage) *protocol.Error {
	switch m.Type {
	case "ping":
		c.reply(opText, []byte(`{"type":"pong"}`))
	case "auth":
		c.reply(opText, protocol.Encode(protocol.AuthOK{Type: "auth_ok", User: c.user}))
	case "hello":
		c.reply(opText, c.server.hello(""))
	case "subscribe":
		f, err := newFilter(m)
		if err != nil {
			return err
		}
		c.filter.Store(f)
	case "note":
		if err := limited(c.notes); err != nil {
			return err
		}
		c.server.board.note(c.user, m.Text)
	case "typing":
		if err := limited(c.typing); err != nil {
			return err
		}
		c.server.board.typing(c)
	}
	return nil
}

// limited takes one from the limiter, or says how long there is none.
func limited(l *rate.Limiter) *protocol.Error {
	reserved := l.Reserve()
	wait := reserved.Delay()
	if wait == 0 {
		return nil
	}
	reserved.Cancel()
	err := protocol.Errorf(protocol.RateLimited, "too many notes; wait a moment")
	err.RetryAfter = wait
	return err
}

// offer sends a frame that is not metrics, unless too much waits already.
func (c *watcher) offer(frame []byte) {
	if !c.outbox.sendBelow(watchBacklog, opText, frame) {
		c.server.metrics.dropped.Inc()
	}
}
