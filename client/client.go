package client

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

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
	now  atomic.Pointer[link] // the one that is read, also when it takes no more

	calling sync.Mutex // held through callbacks of calls, which come one at a time; taken before telling
	telling sync.Mutex // held through OnStatus and OnNotice; taken before mu
	inbox   *inbox     // nil without OnNotification

	mu      sync.Mutex
	status  Status
	hello   *protocol.Hello
	end     *ConnError          // why there is no connection now
	again   []*drained          // for the next connection
	groups  map[string]struct{} // that are joined, and will be again
	changed chan struct{}       // closed and replaced with every change of link or end

	stop context.CancelFunc
	done chan struct{} // closed when run has returned
}

// Dial connects to the server at address, such as ws://host:port; without a
// path it means /ws/predict. A session in its query is kept. The context bounds the first connection alone,
// which is tried once.
//
// Dial starts one goroutine, which keeps the connection and starts two more
// while there is one, with Options.Token a third, after a reconnect one that joins
// the groups again, and with OnNotification one of its own; Close stops them all and
// waits for them.
func Dial(ctx context.Context, address string, o Options) (*Client, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	u, named, err := endpoint(address, "/ws/predict", o.Session)
	if err != nil {
		return nil, err
	}
	if err := takeToken(u, &o); err != nil {
		return nil, err
	}
	session := named
	if session == "" {
		session = newSession()
	}
	c := &Client{opts: o, address: withSession(u, session), session: session,
		groups: make(map[string]struct{}), changed: make(chan struct{}), done: make(chan struct{})}
	if o.OnNotification != nil {
		c.inbox = newInbox(o.OnNotification)
	}
	c.ids.Store(firstID(named == ""))
	c.frames.New = func() any { return &frame{b: make([]byte, 0, 512)} }

	l, err := c.connect(ctx)
	if err != nil {
		e := asConnError(err)
		e.Final = !e.reconnectable()
		return nil, e
	}
	c.now.Store(l)
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

// Format implements fmt.Formatter for every verb, without what may be secret and
// without what changes.
func (c *Client) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "client of %s, %v", shown(c.address), c.Status())
}

// Hello is the latest greeting of the server: its models and limits. It must
// not be changed.
func (c *Client) Hello() *protocol.Hello {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hello
}
