package watch

import (
	"errors"
	"math"
	"math/rand/v2"
	"time"
	"unicode/utf8"

	"golang.org/x/time/rate"

	"penstock/access"
	"penstock/lockorder"
	"penstock/monitor"
	"penstock/protocol"
	"penstock/server/audience"
	"penstock/server/manners"
	"penstock/server/socket"
)

// MaxMessageBytes is the largest message of a dashboard: a subscription to many
// models has a few kilobytes.
const MaxMessageBytes = 64 << 10

// watcher is one dashboard's connection. Its reader reads, the rounds send what the
// monitor publishes.
type watcher struct {
	*socket.Conn
	outbox  *socket.Outbox
	manners manners.Meter
	all     *Dashboards
	id      uint64 // random, not zero
	guest   *access.Session
	user    string
	notes   *rate.Limiter
	typing  *rate.Limiter
	joins   *rate.Limiter
	member  *audience.Member

	mu       lockorder.Mutex[lockorder.Watcher] // of what follows
	sub      *monitor.Subscription
	filter   *filter
	last     time.Time // of the metrics sent last, since the filter is that
	presence *byte     // first byte of the presence frame sent last

	seen   seen     // guarded by the board's mutex, as is what follows
	groups []*place // that it has joined
}

// Serve serves a connection as a dashboard of a guest, on its reader's goroutine, until
// it ends. Its messages are at most MaxMessageBytes long.
func (d *Dashboards) Serve(conn *socket.Conn, guest *access.Session) {
	c := &watcher{
		Conn: conn, outbox: conn.Outbox(), manners: manners.Of(conn), all: d, id: 1 + rand.Uint64N(math.MaxUint64),
		guest: guest, user: guest.User(),
		notes: rate.NewLimiter(1, 5), typing: rate.NewLimiter(1, 2), joins: rate.NewLimiter(1, joinsAtOnce),
		filter: new(filter),
	}
	c.watch()
}

// watch sends the history and reads until the connection ends. Meanwhile, once the
// peer has taken the history, the watcher joins the rounds.
func (c *watcher) watch() {
	defer c.begin().Close()
	c.member = c.all.opt.Audience.Enter(c.guest, c)
	defer c.member.Leave()
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		defer c.Contain()
		if c.outbox.WaitWritten() { // a long history leaves no room for notes
			c.all.board.join(c)
			c.advance(time.Now())
		}
	}()
	c.Messages(socket.Handler{Message: c.handle})
	<-settled // at the latest when the history's write has timed out
	c.all.board.leave(c)
}

// begin sends the history and the alerts that hold. Nothing comes before them.
func (c *watcher) begin() *monitor.Subscription {
	sub, state := c.all.opt.Monitor.Subscribe()
	c.sub = sub
	grants := c.guest.Grants()
	c.outbox.Append(socket.Text, history(state, grants))
	for _, alert := range firing(state, grants) {
		c.outbox.Append(socket.Text, protocol.Encode(alert))
	}
	c.outbox.Flush()
	return sub
}

// advance sends what is new since the last time, notes among it, and who watches
// if that has changed. A peer that has not taken what it was sent before gets nothing; what
// it is sent then is the newest. now is when the round began, the same for all:
// turns move when others leave.
func (c *watcher) advance(now time.Time) {
	if c.outbox.Busy() {
		return
	}
	if err := c.guest.May(access.Dashboard, "", time.Time{}); err != nil {
		if errors.Is(err, access.ErrForbidden) { // any more; for other reasons it is ended by others
			c.End(protocol.ClosePolicy, protocol.ReasonForbidden)
		}
		return
	}
	grants := c.guest.Grants()
	c.member.Reconsider()
	c.mu.Lock()
	defer c.mu.Unlock()
	news, gone := c.all.board.news(c, nil)
	for _, frame := range news {
		c.outbox.Append(socket.Text, frame)
	}
	c.all.dropped.Add(float64(gone))
	for update, ok := c.sub.Poll(); ok; update, ok = c.sub.Poll() {
		switch {
		case update.Metrics == nil: // alerts always pass
			if seen := sight(update, grants); seen != nil {
				c.outbox.Append(socket.Text, seen)
			}
		case c.filter.due(c.last, now):
			c.last = now
			c.outbox.Append(socket.Text, c.filter.apply(update, grants))
		}
	}
	if presence := c.all.board.present(); &presence[0] != c.presence {
		c.presence = &presence[0]
		c.outbox.Append(socket.Text, presence)
	}
	c.outbox.Offer()
}

// handle acts on what the watcher sends.
func (c *watcher) handle(received socket.Message) {
	frame := received.Plain()
	switch {
	case received.Kind == socket.Binary:
		c.Part(protocol.CloseUnsupported, "the dashboard takes JSON text only")
		return
	case !c.manners.Ping():
		return
	case string(frame) == "ping":
		c.Send(socket.Text, []byte("pong"))
		return
	case !utf8.Valid(frame):
		c.Part(protocol.CloseInvalidText, "a text message must be UTF-8")
		return
	}
	m, err := protocol.DecodeWatch(frame)
	if err == nil {
		err = c.act(m)
	}
	if err != nil {
		c.all.opt.CountError(err.Code)
		c.Send(socket.Text, protocol.AppendError(nil, nil, err))
		c.manners.Blame(err.Code)
	}
}

func (c *watcher) act(m protocol.WatchMessage) *protocol.Error {
	switch m.Type {
	case "ping":
		c.Send(socket.Text, []byte(`{"type":"pong"}`))
	case "auth":
		return c.renew(m.Token)
	case "hello":
		if err := c.manners.Hello(); err != nil {
			return err
		}
		c.Send(socket.Text, c.all.opt.Hello(c.guest))
	case "subscribe":
		f, err := newFilter(m, c.all.opt.Serves)
		if err != nil {
			return err
		}
		c.subscribe(f)
	case "join":
		return c.join(m.Group)
	case "leave":
		c.member.Part(m.Group)
	case "note":
		return c.note(m)
	case "accept_baseline":
		return c.acceptBaseline(m.Model)
	case "freeze_calibration":
		return c.freezeCalibration(m.Model, *m.Frozen)
	case "typing":
		return c.types()
	}
	return nil
}

// renew answers an auth message.
func (c *watcher) renew(token string) *protocol.Error {
	answer, err := c.all.opt.Renew(c.guest, &c.manners, []byte(token))
	if err == nil {
		c.Send(socket.Text, answer)
		c.member.Reconsider()
	}
	return err
}

func (c *watcher) note(m protocol.WatchMessage) *protocol.Error {
	if err := c.all.mayNotNote(c.guest); err != nil {
		return err
	}
	if m.Group != "" && !c.member.In(m.Group) {
		return protocol.Errorf(protocol.Forbidden, "notes in a group are for its members; join %q first", m.Group)
	}
	if err := manners.Limited(c.notes, "too many notes"); err != nil {
		return err
	}
	return c.all.board.note(c.user, m.Text, m.Group)
}

// types tells the others that this one writes a note.
func (c *watcher) types() *protocol.Error {
	if err := c.all.mayNotNote(c.guest); err != nil {
		return err
	}
	if err := manners.Limited(c.typing, "typing too often"); err != nil {
		return err
	}
	c.all.board.tell(c)
	return nil
}

// subscribe changes what the watcher is sent. The next frame comes at once,
// whatever interval held before.
func (c *watcher) subscribe(f *filter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.filter, c.last = f, time.Time{}
}

// acceptBaseline makes the present error of a model the one that is expected.
func (c *watcher) acceptBaseline(model string) *protocol.Error {
	if err := c.mayChange(model); err != nil {
		return err
	}
	return c.all.opt.AcceptBaseline(model)
}

// freezeCalibration keeps how a model's confidence is calibrated as it is, or lets it
// follow the labels again.
func (c *watcher) freezeCalibration(model string, frozen bool) *protocol.Error {
	if err := c.mayChange(model); err != nil {
		return err
	}
	return c.all.opt.FreezeCalibration(model, frozen)
}

// mayChange returns why the watcher may not change now how a model is judged; nil where
// it may. That changes what all dashboards see, and so is limited as notes are.
func (c *watcher) mayChange(model string) *protocol.Error {
	if err := c.all.mayNot(c.guest, access.Notes, model); err != nil {
		return err
	}
	if err := manners.Limited(c.notes, "too many notes"); err != nil {
		return err
	}
	if !c.all.opt.Serves(model) {
		return unknownModel(model)
	}
	return manners.Limited(c.all.board.notesLeft, "too many notes by all together")
}
