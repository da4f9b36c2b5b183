package client

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"penstock/protocol"
)

// link is one connection of a Client, from its hello to its end.
type link struct {
	c      *Client
	s      *socket
	hello  *protocol.Hello
	flight *flight
	since  time.Time

	asking  *asking
	renewer *renewer // nil without tokens

	ended   chan struct{} // closed when the reader has stopped
	leaving chan struct{} // holds a token after a going_away notice
	cause   atomic.Pointer[ConnError]
}

// connect dials and waits for the server's hello. It starts no goroutine.
func (c *Client) connect(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.DialTimeout)
	defer cancel()
	s, err := dialSocket(ctx, &c.opts, c.address, protocol.Subprotocol)
	if err != nil {
		return nil, err
	}
	l := &link{c: c, s: s, since: time.Now(), ended: make(chan struct{}),
		leaving: make(chan struct{}, 1)}
	l.asking = newAsking(c.opts.DialTimeout, l.say)
	l.renewer = newRenewer(&c.opts, s, l.asking, c.tokenFailed)
	// The context ends the wait by closing the connection beneath.
	stop := context.AfterFunc(ctx, func() { _ = s.raw.Close() })
	err = l.greet()
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		s.drop()
		return nil, err
	}
	rows := max(l.hello.Limits.Window, 1)
	if c.opts.Window > 0 {
		rows = min(rows, c.opts.Window)
	}
	l.flight = newFlight(rows)
	return l, nil
}

func (l *link) greet() error {
	if l.s.ws.Subprotocol() != protocol.Subprotocol {
		return &ConnError{Reason: "the server does not speak " + protocol.Subprotocol}
	}
	for l.hello == nil {
		_, b, err := l.s.read()
		if err != nil {
			return l.renewer.explain(ended(err))
		}
		var r reply
		if err := newReplyReader().read(b, &r); err != nil {
			return &ConnError{CloseCode: abnormal, Err: err}
		}
		switch {
		case r.kind == kindTold && r.told.Type == "auth_ok": // comes first where the server sends one
			l.renewer.learn(r.told)
		case r.kind == kindHello:
			l.hello = r.hello
		default:
			return &ConnError{CloseCode: abnormal, Reason: "the server's first message is not hello"}
		}
	}
	return nil
}

// serve carries requests and replies until the connection ends, and returns
// why. When it returns its goroutines have stopped; calls may still be in the
// air.
func (l *link) serve(ctx context.Context) *ConnError {
	// Beside this goroutine, and all ended by the reader's end: one writes, one
	// keeps the connection alive or says goodbye, one renews its token, and one
	// joins the groups of the connection before.
	var beside sync.WaitGroup
	beside.Go(l.write)
	alive, stop := context.WithCancel(ctx)
	defer stop()
	beside.Go(func() { l.tend(ctx, alive) })
	if l.renewer != nil {
		beside.Go(func() { l.renewer.run(alive) })
	}
	if groups := l.c.joinedGroups(); len(groups) > 0 {
		beside.Go(func() { l.rejoin(alive, groups) })
	}
	err := l.read()
	close(l.ended)
	stop()
	_ = l.s.raw.Close() // ends a write that is under way
	beside.Wait()
	l.s.drop()

	end := ended(err)
	if first := l.cause.Load(); first != nil && (first.Final || end.CloseCode == abnormal) {
		return first // what we did ourselves, unless the server told its reason
	}
	return l.renewer.explain(end)
}

// say sends a message that takes no room.
func (l *link) say(message []byte) error {
	m := l.c.newFrame()
	m.b = append(m.b, message...)
	l.flight.say(m)
	return nil
}

// giveUp records why the connection ends and lets the reader end it. The
// reader has a moment more, since a server that refuses us sends its reason
// and closes, and a write may notice first.
func (l *link) giveUp(e *ConnError, moment time.Duration) {
	l.cause.CompareAndSwap(nil, e)
	l.s.raw.expire(moment)
}

// write sends what the flight has, all that is there in one go.
func (l *link) write() {
	var batch []*frame
	for {
		select {
		case <-l.ended:
			return
		case <-l.flight.signal:
		}
		batch = l.flight.drain(batch)
		if err := l.writeBatch(batch); err != nil {
			l.giveUp(&ConnError{CloseCode: abnormal, Err: err}, time.Second)
			return
		}
	}
}

func (l *link) writeBatch(batch []*frame) (err error) {
	l.s.raw.gather()
	for i, m := range batch {
		if err == nil {
			kind := websocket.MessageText
			if m.binary {
				kind = websocket.MessageBinary
			}
			err = l.s.ws.Write(context.Background(), kind, m.b)
		}
		l.c.freeFrame(m)
		batch[i] = nil
	}
	if flushed := l.s.raw.flush(); err == nil {
		err = flushed
	}
	return err
}

// lose fails every call that is still in the air, and every question. Their frames may still be
// with the writer's, and are left to the collector.
func (l *link) lose(err error) {
	l.asking.end(err)
	l.c.calling.Lock()
	defer l.c.calling.Unlock()
	for id, c := range l.flight.empty() {
		c.fail(id, err)
	}
}

// fit makes a call one for this connection: its message must not be larger than
// the server takes, and a binary one names the model by its place in hello.
func (l *link) fit(c *call) error {
	if limit := l.hello.Limits.MaxBytes; limit > 0 && len(c.frame.b) > limit {
		return &protocol.Error{Code: protocol.TooManyRows, HasCounts: true, Expected: limit, Got: len(c.frame.b),
			Message: "the message has more bytes than the server takes; send fewer rows in a request"}
	}
	if !c.frame.binary || c.kind != predictCall {
		return nil
	}
	c.model = 0
	if name := c.frame.model; name != "" {
		c.model = slices.IndexFunc(l.hello.Models, func(m protocol.HelloItem) bool { return m.Name == name })
	}
	if c.model < 0 || c.model >= len(l.hello.Models) {
		return protocol.Errorf(protocol.UnknownModel, "the server has no model %q", c.frame.model)
	}
	c.frame.setModel(c.model)
	outputs := l.hello.Models[c.model].Outputs
	if c.outputs && len(outputs) == 0 {
		return protocol.Errorf(protocol.BadMessage, "the server's hello does not tell the outputs of model %q; ask for them by JSON", l.hello.Models[c.model].Name)
	}
	if len(outputs) > 0 && needsScores(&outputs[0]) {
		c.frame.askScores()
	}
	return nil
}
