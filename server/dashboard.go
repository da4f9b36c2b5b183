package server

import (
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"penstock/monitor"
	"penstock/protocol"
)

// watchMessage is the largest message of a dashboard: a subscription to many
// models has a few kilobytes.
const watchMessage = 64 << 10

// watcher is one connection to /ws/dashboard. The link's goroutine reads, the
// server's rounds send what the monitor publishes.
type watcher struct {
	*link
	server *Server
	user   string
	filter atomic.Pointer[filter]
	notes  *rate.Limiter
	typing *rate.Limiter

	mu       sync.Mutex // of what follows, and of the filter's last
	sub      *monitor.Subscription
	presence *byte // first byte of the presence frame sent last

	seen seen // guarded by the board's mutex
}

func (s *Server) serveDashboard(w http.ResponseWriter, r *http.Request, _ string) {
	l, ok := s.connect(w, r, min(watchMessage, s.opt.MaxMessageBytes), true)
	if !ok {
		return
	}
	c := &watcher{link: l, server: s, user: anonymous, notes: rate.NewLimiter(1, 5), typing: rate.NewLimiter(1, 2)}
	c.filter.Store(&filter{})
	l.start(c.watch)
}

// watch sends the history and reads until the link ends. Meanwhile, once the
// peer has taken the history, the watcher joins the rounds.
func (c *watcher) watch() {
	defer c.begin().Close()
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		defer c.contain()
		if c.outbox.waitWritten() { // a long history leaves no room for notes
			c.server.board.join(c)
			c.advance(time.Now())
		}
	}()
	c.messages(c.handle)
	<-settled // at the latest when the history's write has timed out
	c.server.board.leave(c)
}

// begin sends the history and the alerts that hold. Nothing comes before them.
func (c *watcher) begin() *monitor.Subscription {
	sub, state := c.server.monitor.Subscribe()
	c.sub = sub
	c.outbox.append(opText, state.History())
	for _, alert := range state.Firing() {
		c.outbox.append(opText, protocol.Encode(alert))
	}
	c.outbox.flush()
	return sub
}

// advance sends what is new since the last time, notes among it, and who watches
// if that has changed. A peer that has not taken what it was sent before gets nothing; what
// it is sent then is the newest. now is when the round began, the same for all:
// turns move when others leave.
func (c *watcher) advance(now time.Time) {
	if c.outbox.busy() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	news, gone := c.server.board.news(c, nil)
	for _, frame := range news {
		c.outbox.append(opText, frame)
	}
	c.server.metrics.dropped.Add(float64(gone))
	for update, ok := c.sub.Poll(); ok; update, ok = c.sub.Poll() {
		if frame := c.filter.Load().apply(update, now); frame != nil {
			c.outbox.append(opText, frame)
		}
	}
	if presence := c.server.board.present(); &presence[0] != c.presence {
		c.presence = &presence[0]
		c.outbox.append(opText, presence)
	}
	c.outbox.writeAtOnce()
}

// handle acts on what the watcher sends.
func (c *watcher) handle(received message) {
	frame := received.plain()
	switch {
	case received.typ == websocket.MessageBinary:
		c.part(protocol.CloseUnsupported, "the dashboard takes JSON text only")
		return
	case !c.ping():
		return
	case string(frame) == "ping":
		c.reply(opText, []byte("pong"))
		return
	case !utf8.Valid(frame):
		c.part(protocol.CloseInvalidText, "a text message must be UTF-8")
		return
	}
	m, err := protocol.DecodeWatch(frame)
	if err == nil {
		err = c.act(m)
	}
	if err != nil {
		c.server.metrics.countError(err.Code)
		c.reply(opText, protocol.AppendError(nil, nil, err))
		c.blame(err.Code)
	}
}

func (c *watcher) act(m protocol.WatchMessage) *protocol.Error {
	switch m.Type {
	case "ping":
		c.reply(opText, []byte(`{"type":"pong"}`))
	case "auth":
		c.reply(opText, protocol.Encode(protocol.AuthOK{Type: "auth_ok", User: c.user}))
	case "hello":
		if err := c.hello(); err != nil {
			return err
		}
		c.reply(opText, c.server.hello(""))
	case "subscribe":
		f, err := newFilter(m, c.server.byName)
		if err != nil {
			return err
		}
		c.filter.Store(f)
	case "note":
		if err := limited(c.notes, "too many notes"); err != nil {
			return err
		}
		return c.server.board.note(c.user, m.Text)
	case "accept_baseline":
		return c.acceptBaseline(m.Model)
	case "typing":
		if err := limited(c.typing, "typing too often"); err != nil {
			return err
		}
		c.server.board.tell(c)
	}
	return nil
}

// acceptBaseline makes the present error of a model the one that is expected. It
// changes what all dashboards see, and so is limited as notes are.
func (c *watcher) acceptBaseline(name string) *protocol.Error {
	if err := limited(c.notes, "too many notes"); err != nil {
		return err
	}
	served := c.server.byName[name]
	if served == nil {
		return protocol.Errorf(protocol.UnknownModel, "no model is named %.40q", name)
	}
	if err := limited(c.server.board.notesLeft, "too many notes by all together"); err != nil {
		return err
	}
	c.server.opt.Quality.AcceptBaseline(served.series)
	c.server.QuietLog().Log(slog.LevelInfo, "the present error of a model was accepted as its baseline", "model", name)
	return nil
}
