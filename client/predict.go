package client

import (
	"context"
	"errors"
	"time"

	"penstock/protocol"
)

// Ticket is a request in flight.
type Ticket struct {
	ID ID
	l  *link
}

// Cancel asks the server to leave the request alone. The callback still comes
// once: mostly with the code cancelled, or with the reply if it was under way.
func (t Ticket) Cancel() {
	if !t.l.flight.has(t.ID) {
		return
	}
	m := t.l.c.newFrame()
	m.b = appendCancel(m.b, t.ID)
	t.l.flight.say(m)
}

// Predict asks for the prediction of one row and waits for it. When ctx ends
// first, the request is cancelled and the error is the context's.
func (c *Client) Predict(ctx context.Context, features []float32, opts ...Option) (Prediction, error) {
	return c.Do(ctx, Request{Features: features}, opts...)
}

// PredictRows asks for the predictions of many rows in one request.
func (c *Client) PredictRows(ctx context.Context, rows [][]float32, opts ...Option) (Prediction, error) {
	return c.Do(ctx, Request{Rows: rows}, opts...)
}

// Do sends a request and waits for its reply, as Predict does.
func (c *Client) Do(ctx context.Context, r Request, opts ...Option) (Prediction, error) {
	for _, o := range opts {
		o(&r)
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
	m := c.newFrame()
	var err error
	if m.b, err = appendRequest(m.b, &r); err != nil {
		c.freeFrame(m)
		return Ticket{}, err
	}
	l, err := c.send(ctx, r.ID, call{kind: predictCall, rows: r.rows(), predicted: done}, m)
	if err != nil {
		c.freeFrame(m)
		return Ticket{}, err
	}
	return Ticket{ID: r.ID, l: l}, nil
}

// send finds a connection that lets the call in.
func (c *Client) send(ctx context.Context, id ID, waiting call, m *frame) (*link, error) {
	for {
		l := c.link.Load()
		if l == nil {
			var err error
			if l, err = c.await(ctx); err != nil {
				return nil, err
			}
		}
		if limit := l.hello.Limits.MaxBytes; limit > 0 && len(m.b) > limit {
			return nil, &protocol.Error{Code: protocol.TooManyRows, HasCounts: true, Expected: limit, Got: len(m.b),
				Message: "the message has more bytes than the server takes; send fewer rows in a request"}
		}
		err := l.flight.admit(ctx, id, waiting, m, !c.opts.FailWhenFull)
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
	m.b = m.b[:0]
	return m
}

// freeFrame keeps a frame for the next message, unless it is a rare large one.
func (c *Client) freeFrame(m *frame) {
	if cap(m.b) <= 64<<10 {
		c.frames.Put(m)
	}
}
