package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"penstock/protocol"
)

// run serves one connection after the other.
func (c *Client) run(ctx context.Context, l *link) {
	defer close(c.done)
	defer c.stop()
	if c.inbox != nil {
		var beside sync.WaitGroup
		beside.Go(func() { c.inbox.deliver(ctx) })
		defer beside.Wait()
		defer close(c.inbox.over)
	}
	waits := &backoff{min: c.opts.BackoffMin, max: c.opts.BackoffMax}
	for l != nil {
		end := l.serve(ctx)
		waits.lived(time.Since(l.since))
		end = c.judge(ctx, end)
		c.detach(l, end)
		l.lose(end)
		l = c.reconnect(ctx, waits, end)
	}
}

// reconnect dials until it succeeds, and returns nil when the client is to
// stay disconnected.
func (c *Client) reconnect(ctx context.Context, waits *backoff, end *ConnError) *link {
	for !end.Final {
		if !pause(ctx, waits.next(end.RetryAfter)) {
			end = c.judge(ctx, end)
			break
		}
		l, err := c.connect(ctx)
		if err == nil {
			c.resend(l)
			c.attach(l)
			c.setStatus(Connected, nil)
			return l
		}
		end = c.judge(ctx, asConnError(err))
	}
	c.mu.Lock()
	c.end = end
	c.wake()
	c.mu.Unlock()
	c.loseAgain(end)
	c.setStatus(Disconnected, end)
	return nil
}

// judge makes an end final when the client will not connect again after it.
func (c *Client) judge(ctx context.Context, end *ConnError) *ConnError {
	if ctx.Err() == nil && !c.opts.NoReconnect && end.reconnectable() {
		return end
	}
	final := *end
	final.Final = true
	return &final
}

func asConnError(err error) *ConnError {
	var e *ConnError
	if errors.As(err, &e) {
		return e
	}
	return &ConnError{Err: err}
}

// attach makes l the link that requests go out on.
func (c *Client) attach(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hello, c.end = l.hello, nil
	c.link.Store(l)
	c.wake()
}

// detach takes l away from requests.
func (c *Client) detach(l *link, end *ConnError) {
	c.mu.Lock()
	if c.link.CompareAndSwap(l, nil) {
		c.end = end
		c.wake()
	}
	c.mu.Unlock()
	if !end.Final {
		c.setStatus(Reconnecting, end)
	}
}

func (c *Client) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// setStatus is called from the goroutine of run alone.
func (c *Client) setStatus(s Status, why error) {
	c.telling.Lock()
	defer c.telling.Unlock()
	c.mu.Lock()
	changed := c.status != s
	c.status = s
	c.mu.Unlock()
	if changed && c.opts.OnStatus != nil {
		c.opts.OnStatus(s, why)
	}
}

// tokenFailed tells that a token was not renewed. The status is what it was.
func (c *Client) tokenFailed(err *TokenError) {
	c.telling.Lock()
	defer c.telling.Unlock()
	if c.opts.OnStatus != nil {
		c.opts.OnStatus(c.Status(), err)
	}
}

func (c *Client) notice(n protocol.Notice) {
	c.telling.Lock()
	defer c.telling.Unlock()
	if c.opts.OnNotice != nil {
		c.opts.OnNotice(n)
	}
}
