package client

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"penstock/protocol"
)

// Client is a connection to a Penstock server that comes back when it is lost.
// Its methods may be called from any number of goroutines.
type Client struct {
	opts    Options
	address string
	session string
	ids     atomic.Uint64
	frames  sync.Pool // of *frame

	link atomic.Pointer[link] // nil while there is none to send on

	mu      sync.Mutex
	status  Status
	hello   *protocol.Hello
	end     *ConnError    // why there is no connection now
	changed chan struct{} // closed and replaced with every change of link or end

	stop context.CancelFunc
	done chan struct{} // closed when run has returned
}

// Dial connects to the server at address, such as ws://host:port; without a
// path it means /ws/predict. The context bounds the first connection alone,
// which is tried once.
//
// Dial starts one goroutine, which keeps the connection and starts two more
// while there is one; Close stops them all and waits for them.
func Dial(ctx context.Context, address string, o Options) (*Client, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	session := o.Session
	if session == "" {
		session = newSession()
	}
	u, err := endpoint(address, "/ws/predict", session)
	if err != nil {
		return nil, err
	}
	c := &Client{opts: o, address: u.String(), session: session,
		changed: make(chan struct{}), done: make(chan struct{})}
	c.ids.Store(firstID(o.Session == ""))
	c.frames.New = func() any { return &frame{b: make([]byte, 0, 512)} }

	l, err := c.connect(ctx)
	if err != nil {
		e := asConnError(err)
		e.Final = !e.reconnectable()
		return nil, e
	}
	c.attach(l)
	running, stop := context.WithCancel(context.Background())
	c.stop = stop
	go c.run(running, l) // Close waits for it
	return c, nil
}

// Close says goodbye, fails what is in flight, and returns when every
// goroutine of the client has stopped. It must not be called from a callback,
// which would wait for itself. It may be called twice.
func (c *Client) Close() error {
	c.stop()
	<-c.done
	return nil
}

// Status tells how the client stands with its server.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// Session is the name under which labels find their predictions.
func (c *Client) Session() string { return c.session }

// Hello is the latest greeting of the server: its models and limits. It must
// not be changed.
func (c *Client) Hello() *protocol.Hello {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hello
}

// run serves one connection after the other.
func (c *Client) run(ctx context.Context, l *link) {
	defer close(c.done)
	defer c.stop()
	waits := &backoff{min: c.opts.BackoffMin, max: c.opts.BackoffMax}
	for l != nil {
		end := l.serve(ctx)
		waits.lived(time.Since(l.since))
		end = c.judge(ctx, end)
		c.detach(l, end)
		l.flight.lose(end)
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
	c.mu.Lock()
	changed := c.status != s
	c.status = s
	c.mu.Unlock()
	if changed && c.opts.OnStatus != nil {
		c.opts.OnStatus(s, why)
	}
}

func (c *Client) notice(n protocol.Notice) {
	if c.opts.OnNotice != nil {
		c.opts.OnNotice(n)
	}
}
