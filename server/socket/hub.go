package socket

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"penstock/lockorder"
	"penstock/protocol"
	"penstock/server/budget"
)

const (
	pingAfter      = 25 * time.Second // of silence
	goneAfter      = 35 * time.Second // of silence, a ping included
	messageTimeout = 10 * time.Second // from a message's first byte to its last
	answerTimeout  = goneAfter - pingAfter
	sweepInterval  = time.Second
	longestSweep   = 2 * sweepInterval // by the hub's clock
	abortTimeout   = 5 * time.Second   // for readers to notice that they are aborted
)

// Options configure a Hub.
type Options struct {
	// MaxConns is how many places there are. Required.
	MaxConns int
	// MaxPerCaller is how many of them one caller may have. Default: no limit.
	MaxPerCaller int
	// MaxReplyBytes is how many bytes of answers one connection may be owed: see
	// Outbox.Take. Required.
	MaxReplyBytes int
	// Budget bounds what all connections together make the process hold.
	// Default: no bound.
	Budget *budget.Budget
	// Rush is told when large messages begin to come one after the other, beside
	// small requests (see Conn.Asked): how many goroutines of this package then
	// have milliseconds of work at a time; and 0 when that has been over for ten
	// seconds, or Run ends. Run calls it, and keeps no heartbeats until it
	// returns. Default: nobody is told.
	Rush func(busy int)
	// Open is how many connections are open, for others who read that before there
	// is a hub. Default: the hub's own.
	Open *atomic.Int64
	// Panicked is told of a panic on a connection's account, on its goroutine.
	// Default: nobody is told.
	Panicked func(v any)
}

// Hub knows every open connection. One goroutine, in Run, keeps all their
// heartbeats: an idle connection costs no goroutine but its reader.
type Hub struct {
	opt   Options
	turns *turns
	rush  rush // of the goroutine in Run

	// clock is nanoseconds, never zero, moved by every sweep: of the time in which
	// the process ran. Where it stood still, or the machine slept, peers had no
	// chance to be heard, and no sweep counts for more than longestSweep.
	clock atomic.Int64

	mu       lockorder.Mutex[lockorder.Hub]
	reserved int            // places taken: connections, and handshakes under way
	callers  map[string]int // of them, by caller
	conns    map[*Conn]struct{}
	notice   []byte // that every connection gets, once there is to be an end
	closed   bool
	open     context.Context // ends when closed
	close    context.CancelFunc
	empty    chan struct{} // closed when closed and no place is taken
}

// NewHub makes a hub. It starts nothing; see Run.
func NewHub(opt Options) *Hub {
	if opt.Budget == nil {
		opt.Budget = budget.New(0)
	}
	if opt.Rush == nil {
		opt.Rush = func(int) {}
	}
	if opt.Open == nil {
		opt.Open = new(atomic.Int64)
	}
	if opt.Panicked == nil {
		opt.Panicked = func(any) {}
	}
	turns := newTurns()
	h := &Hub{
		opt: opt, turns: turns, rush: rush{told: opt.Rush, turns: turns},
		callers: make(map[string]int), conns: make(map[*Conn]struct{}), empty: make(chan struct{}),
	}
	h.open, h.close = context.WithCancel(context.Background())
	h.clock.Store(1)
	return h
}

// now reads the hub's clock. It is as coarse as the sweep, and as cheap as
// what runs for every message must be.
func (h *Hub) now() int64 { return h.clock.Load() }

func (h *Hub) add(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns[c] = struct{}{}
	h.opt.Open.Add(1)
	c.tell(h.notice)
	if h.closed {
		c.Goodbye(protocol.CloseGoingAway, ErrClosed.Error())
	}
}

func (h *Hub) remove(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
	h.opt.Open.Add(-1)
}

func (h *Hub) checkEmpty() {
	if h.closed && h.reserved == 0 {
		select {
		case <-h.empty:
		default:
			close(h.empty)
		}
	}
}

// Count is how many connections are open.
func (h *Hub) Count() int { return int(h.opt.Open.Load()) }

// Announce sends a notice, as text, to every connection whose peer understands
// such, and to those whose handshake is not over yet.
func (h *Hub) Announce(notice []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notice = notice
	for c := range h.conns {
		c.tell(notice)
	}
}

// tell sends a notice, if there is one and the peer understands it.
func (c *Conn) tell(notice []byte) {
	if notice != nil && c.notices {
		c.outbox.sendNow(Text, notice)
	}
}

// UntilClosing returns a context that ends when the hub begins to close.
func (h *Hub) UntilClosing(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(h.open, cancel)
	return ctx, func() { stop(); cancel() }
}

// snapshot returns the connections of the moment.
func (h *Hub) snapshot() []*Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	conns := make([]*Conn, 0, len(h.conns))
	for c := range h.conns {
		conns = append(conns, c)
	}
	return conns
}

// Run keeps heartbeats until ctx ends.
func (h *Hub) Run(ctx context.Context) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	defer h.rush.end()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			now := time.Now()
			h.sweep(now.Sub(last))
			last = now
		case <-h.turns.many:
			h.rush.see()
		}
	}
}

// sweep looks after all connections, so long after the last time.
func (h *Hub) sweep(passed time.Duration) {
	trimBuffers()
	now := h.clock.Add(int64(min(passed, longestSweep)))
	asked := false
	for _, c := range h.snapshot() {
		asked = c.state.unmark(small) || asked
		c.check(now)
	}
	h.rush.sweep(asked)
}

// ping is one that the sweep sent: when, and the connection's lastRead of then.
type ping struct{ at, heard int64 }

// check pings a silent peer, and ends the connection of one that did not answer, or
// that began a message and does not finish it.
func (c *Conn) check(now int64) {
	if c.answerLate(now) {
		c.outbox.Flush()
	}
	if c.state.marked(acting) {
		return // the peer waits for us
	}
	heard := c.lastRead.Load()
	since := c.messageSince.Load()
	pinged := c.pinged.at != 0 && c.pinged.heard == heard
	switch {
	case since != 0 && time.Duration(now-since) > messageTimeout:
		c.stop()
	case pinged && time.Duration(now-c.pinged.at) > answerTimeout:
		c.stop()
	case !pinged && time.Duration(now-heard) > pingAfter:
		c.pinged = ping{at: now, heard: heard}
		c.outbox.sendNow(opPing, nil)
	}
}

// Close refuses places from now on, says goodbye with 1001 to every connection,
// spread over a time so that clients do not come back all at once, and waits until
// all places are released. When ctx ends first, connections that are left are
// closed without ceremony.
func (h *Hub) Close(ctx context.Context, spread time.Duration) {
	h.mu.Lock()
	h.closed = true
	h.close()
	h.checkEmpty()
	h.mu.Unlock()
	for _, c := range h.snapshot() {
		delay := time.Duration(0)
		if spread > 0 {
			delay = rand.N(spread)
		}
		time.AfterFunc(delay, func() { c.Goodbye(protocol.CloseGoingAway, ErrClosed.Error()) })
	}
	select {
	case <-h.empty:
		return
	case <-ctx.Done():
	}
	for _, c := range h.snapshot() {
		c.abort()
	}
	select {
	case <-h.empty:
	case <-time.After(abortTimeout): // a reader that leads a batch may hang with its engine
	}
}
