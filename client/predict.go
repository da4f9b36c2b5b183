package client

import (
	"context"
	"errors"
	"time"
)

// Ticket is a request in flight.
type Ticket struct {
	ID ID
	l  *link
}

// Cancel asks the server to leave the request alone. The callback still comes
// once: mostly with the code cancelled, or with the reply if it was under way.
func (t Ticket) Cancel() {
	if t.l == nil || t.l.c.cancelAgain(t) {
		return
	}
	for _, l := range []*link{t.l, t.l.c.now.Load()} { // it may have been sent again
		if l.flight.has(t.ID, t.l) {
			m := l.c.newFrame()
			m.b = appendCancel(m.b, t.ID)
			l.flight.say(m)
			return
		}
	}
}

// Predict asks for the prediction of one row and waits for it. When ctx ends
// first, the request is cancelled and the error is the context's.
func (c *Client) Predict(ctx context.Context, features []float32, opts ...Option) (Prediction, error) {
	return c.Do(ctx, Request{Features: features}, opts...)
}

// PredictBytes asks for the prediction of one row of bytes, which the server
// scales as the model says, usually by 1/255. It travels as a binary frame.
func (c *Client) PredictBytes(ctx context.Context, features []byte, opts ...Option) (Prediction, error) {
	return c.Do(ctx, Request{Bytes: features}, opts...)
}

// PredictRows asks for the predictions of many rows in one request.
func (c *Client) PredictRows(ctx context.Context, rows [][]float32, opts ...Option) (Prediction, error) {
	return c.Do(ctx, Request{Rows: rows}, opts...)
}

// PredictNamed asks for the prediction of one row by the names of its columns; see
// Request.Named.
func (c *Client) PredictNamed(ctx context.Context, features map[string]any, opts ...Option) (Prediction, error) {
	return c.Do(ctx, Request{Named: features}, opts...)
}

// PredictNamedRows asks for the predictions of many such rows in one request.
func (c *Client) PredictNamedRows(ctx context.Context, rows []map[string]any, opts ...Option) (Prediction, error) {
	return c.Do(ctx, Request{NamedRows: rows}, opts...)
}

// Do sends a request and waits for its reply, as Predict does.
func (c *Client) Do(ctx context.Context, r Request, opts ...Option) (Prediction, error) {
	for _, o := range opts {
		o(&r)
	}
	if ctx.Err() != nil {
		return Prediction{}, context.Cause(ctx)
	}
	if deadline, ok := ctx.Deadline(); ok && r.Deadline == 0 {
		r.Deadline = max(time.Until(deadline), time.Microsecond)
	}
	type result struct {
		p   Prediction
		err error
	}
	replies := make(chan result, 1)
	ticket, err := c.Submit(ctx, r, func(p Prediction, err error) { replies <- result{p, err} })
	if err != nil {
		return Prediction{}, err
	}
	select {
	case got := <-replies:
		return got.p, got.err
	case <-ctx.Done():
		ticket.Cancel()
		return Prediction{ID: ticket.ID}, context.Cause(ctx)
	}
}

// Submit sends a request and returns. If it returns nil, done is called
// exactly once, with the reply or the error; otherwise never.
//
// The context bounds the wait for a connection and for room in the window, not
// the request; see Request.Deadline and Ticket.Cancel.
//
// Done runs on the goroutine that reads the socket, with no lock held. While
// it runs no other reply is read, so it must not block: it may hand over to a
// channel with room, and call Submit or SubmitFeedback where Options says to
// fail rather than wait. A done that waits for another reply waits for ever.
func (c *Client) Submit(ctx context.Context, r Request, done func(Prediction, error)) (Ticket, error) {
	if r.ID.IsZero() {
		r.ID = NumberID(c.ids.Add(1))
	} else if err := r.ID.check(); err != nil {
		return Ticket{}, err
	}
	if err := r.check(); err != nil {
		return Ticket{}, err
	}
	m := c.newFrame()
	var err error
	if m.binary = r.isBinary(c.opts.Binary); m.binary {
		m.model = r.Model
		m.b, err = appendBinary(m.b, &r)
	} else {
		m.b, err = appendRequest(m.b, &r)
	}
	if err != nil {
		c.freeFrame(m)
		return Ticket{}, err
	}
	waiting := call{kind: predictCall, many: r.many(), scores: r.Scores, outputs: r.Outputs, rows: r.rows(), frame: m, predicted: done}
	if r.Deadline > 0 {
		waiting.until = time.Now().Add(r.Deadline)
	}
	l, err := c.send(ctx, r.ID, waiting)
	if err != nil {
		c.freeFrame(m)
		return Ticket{}, err
	}
	return Ticket{ID: r.ID, l: l}, nil
}

// send finds a connection that lets the call in.
func (c *Client) send(ctx context.Context, id ID, waiting call) (*link, error) {
	for {
		l := c.link.Load()
		if l == nil {
			var err error
			if l, err = c.await(ctx); err != nil {
				return nil, err
			}
		}
		if err := l.fit(&waiting); err != nil {
			return nil, err
		}
		waiting.from = l
		err := l.flight.admit(ctx, id, waiting, !c.opts.FailWhenFull)
		if !errors.Is(err, errShut) {
			return l, err
		}
		// The link was detached before it was shut: the next round finds another.
	}
}

// await waits for a connection.
func (c *Client) await(ctx context.Context) (*link, error) {
	for {
		c.mu.Lock()
		l, end, changed := c.link.Load(), c.end, c.changed
		c.mu.Unlock()
		switch {
		case l != nil:
			return l, nil
		case end != nil && (end.Final || c.opts.FailWhenDown):
			return nil, end
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (c *Client) newFrame() *frame {
	m := c.frames.Get().(*frame)
	m.b, m.binary, m.model = m.b[:0], false, ""
	m.holders.Store(1)
	return m
}

// freeFrame lets go of a frame. The last keeps it for the next message, unless
// it is a rare large one.
func (c *Client) freeFrame(m *frame) {
	if m.holders.Add(-1) == 0 && cap(m.b) <= 64<<10 {
		c.frames.Put(m)
	}
}
