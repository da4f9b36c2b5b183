package client

import (
	"slices"
	"time"

	"penstock/protocol"
)

// drained is a call that the server answered with draining: it was not run, and
// goes out again on the next connection.
type drained struct {
	id    ID
	call  call
	timer *time.Timer // ends the wait at the call's deadline; nil without one
}

// sendAgain keeps a call that was answered with draining for the next
// connection, and reports whether it did. It is called by the reader.
func (l *link) sendAgain(id ID, waiting call) bool {
	c := l.c
	if c.opts.NoReconnect || c.opts.FailWhenDown || waiting.late() {
		return false
	}
	l.leave("the server answers with draining")
	d := &drained{id: id, call: waiting}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !waiting.until.IsZero() {
		d.timer = time.AfterFunc(time.Until(waiting.until), func() { c.giveBack(d, errLate()) })
	}
	c.again = append(c.again, d)
	return true
}

// late reports whether the call's deadline has passed.
func (c *call) late() bool { return !c.until.IsZero() && time.Until(c.until) <= 0 }

func errLate() error {
	return protocol.Errorf(protocol.DeadlineExceeded, "the server was draining, and the deadline passed before the next connection was there")
}

// giveBack ends a call that waits to be sent again, unless it no longer does.
func (c *Client) giveBack(d *drained, err error) {
	c.calling.Lock() // first, so that nobody is called after Close has returned
	defer c.calling.Unlock()
	c.mu.Lock()
	i := slices.Index(c.again, d)
	if i >= 0 {
		c.again = slices.Delete(c.again, i, i+1)
	}
	c.mu.Unlock()
	if i >= 0 {
		c.freeFrame(d.call.frame)
		d.call.fail(d.id, err)
	}
}

// cancelAgain ends the call of a ticket if it waits to be sent again. The
// callback comes from another goroutine, since the caller may be in one.
func (c *Client) cancelAgain(t Ticket) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.again {
		if d.id == t.ID && d.call.from == t.l {
			time.AfterFunc(0, func() {
				c.giveBack(d, protocol.Errorf(protocol.Cancelled, "cancelled while it waited for the next connection"))
			})
			return true
		}
	}
	return false
}

// resend sends on l what the last connection's server did not run. It comes
// before l takes other calls, and may fill more than the window: the server
// then reads on when there is room.
func (c *Client) resend(l *link) {
	type failure struct {
		d   *drained
		err error
	}
	var failures []failure
	c.mu.Lock()
	c.now.Store(l)
	for _, d := range c.again {
		err := c.readmit(l, d)
		if err != nil {
			failures = append(failures, failure{d, err})
		}
	}
	c.again = nil
	c.mu.Unlock()
	for _, f := range failures {
		c.finish(f.d, f.err)
	}
}

// readmit sends one call on l.
func (c *Client) readmit(l *link, d *drained) error {
	if d.timer != nil {
		d.timer.Stop()
	}
	if d.call.late() {
		return errLate()
	}
	if !d.call.until.IsZero() {
		d.call.frame.setDeadline(time.Until(d.call.until))
	}
	if err := l.fit(&d.call); err != nil {
		return err
	}
	l.flight.readmit(d.id, d.call)
	return nil
}

// loseAgain fails every call that waits to be sent again: there is no next
// connection.
func (c *Client) loseAgain(err error) {
	c.mu.Lock()
	waiting := c.again
	c.again = nil
	c.mu.Unlock()
	for _, d := range waiting {
		if d.timer != nil {
			d.timer.Stop()
		}
		c.finish(d, err)
	}
}

func (c *Client) finish(d *drained, err error) {
	c.calling.Lock()
	defer c.calling.Unlock()
	c.freeFrame(d.call.frame)
	d.call.fail(d.id, err)
}
