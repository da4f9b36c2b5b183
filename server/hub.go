package server

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
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

var (
	errFull     = errors.New("too many connections")
	errNoMemory = errors.New("the server has no memory left for another connection")
	errClosed   = errors.New("the server is going away")
)

// hub knows every open link. One goroutine, in run, keeps all their
// heartbeats: an idle socket costs no goroutine but its reader.
type hub struct {
	limit      int
	replyBytes int // that one link may be owed
	turns      *turns
	rush       rush        // of the goroutine in run
	panicked   func(v any) // told of a panic on a link's account

	// clock is nanoseconds, never zero, moved by every sweep: of the time in which
	// the process ran. Where it stood still, or the machine slept, peers had no
	// chance to be heard, and no sweep counts for more than longestSweep.
	clock atomic.Int64

	mu       sync.Mutex
	reserved int // places taken: links, and handshakes under way
	links    map[*link]struct{}
	parting  []byte // the notice that every link gets, once there is to be an end
	closed   bool
	open     context.Context // ends when closed
	close    context.CancelFunc
	empty    chan struct{} // closed when closed and no place is taken
}

func newHub(opt Options, panicked func(v any)) *hub {
	turns := newTurns()
	h := &hub{
		limit: opt.MaxConnections, replyBytes: opt.MaxReplyBytes, panicked: panicked,
		turns: turns, rush: rush{told: opt.Rush, turns: turns},
		links: make(map[*link]struct{}), empty: make(chan struct{}),
	}
	h.open, h.close = context.WithCancel(context.Background())
	h.clock.Store(1)
	return h
}

// now reads the hub's clock. It is as coarse as the sweep, and as cheap as
// what runs for every message must be.
func (h *hub) now() int64 { return h.clock.Load() }

// reserve takes a place for a link before its handshake.
func (h *hub) reserve() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return errClosed
	}
	if h.reserved >= h.limit {
		return errFull
	}
	h.reserved++
	return nil
}

// release gives the place back.
func (h *hub) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reserved--
	h.checkEmpty()
}

func (h *hub) add(l *link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.links[l] = struct{}{}
	l.tell(h.parting)
	if h.closed {
		l.goodbye(closeGoingAway, errClosed.Error())
	}
}

func (h *hub) remove(l *link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.links, l)
}

func (h *hub) checkEmpty() {
	if h.closed && h.reserved == 0 {
		select {
		case <-h.empty:
		default:
			close(h.empty)
		}
	}
}

func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.links)
}

// part sends the notice to every link, and to those whose handshake is not over
// yet.
func (h *hub) part(notice []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.parting = notice
	for l := range h.links {
		l.tell(notice)
	}
}

// tell sends a notice, if there is one and the peer understands it.
func (l *link) tell(notice []byte) {
	if notice != nil && l.notices {
		l.outbox.send(opText, notice)
	}
}

// untilClosing returns a context that ends when the hub begins to close.
func (h *hub) untilClosing(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(h.open, cancel)
	return ctx, func() { stop(); cancel() }
}

// snapshot returns the links of the moment.
func (h *hub) snapshot() []*link {
	h.mu.Lock()
	defer h.mu.Unlock()
	links := make([]*link, 0, len(h.links))
	for l := range h.links {
		links = append(links, l)
	}
	return links
}

// run sweeps until ctx ends.
func (h *hub) run(ctx context.Context) {
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

// sweep looks after all links, so long after the last time.
func (h *hub) sweep(passed time.Duration) {
	trimBuffers()
	now := h.clock.Add(int64(min(passed, longestSweep)))
	small := false
	for _, l := range h.snapshot() {
		small = l.small.Swap(false) || small
		l.check(now)
	}
	h.rush.sweep(small)
}

// ping is one that the sweep sent: when, and the link's lastRead of then.
type ping struct{ at, heard int64 }

// check pings a silent peer, and ends the link of one that did not answer, or
// that began a message and does not finish it.
func (l *link) check(now int64) {
	if l.answerLate(now) {
		l.outbox.flush()
	}
	if l.acting.Load() {
		return // the peer waits for us
	}
	heard := l.lastRead.Load()
	since := l.messageSince.Load()
	pinged := l.pinged.at != 0 && l.pinged.heard == heard
	switch {
	case since != 0 && time.Duration(now-since) > messageTimeout:
		l.interrupt()
	case pinged && time.Duration(now-l.pinged.at) > answerTimeout:
		l.interrupt()
	case !pinged && time.Duration(now-heard) > pingAfter:
		l.pinged = ping{at: now, heard: heard}
		l.outbox.send(opPing, nil)
	}
}

// closeAll says goodbye to every link, spread over a time so that clients do
// not come back all at once, and waits until they are gone. When ctx ends
// first, it drops those that are left.
func (h *hub) closeAll(ctx context.Context, spread time.Duration, reason string) {
	h.mu.Lock()
	h.closed = true
	h.close()
	h.checkEmpty()
	h.mu.Unlock()
	for _, l := range h.snapshot() {
		delay := time.Duration(0)
		if spread > 0 {
			delay = rand.N(spread)
		}
		time.AfterFunc(delay, func() { l.goodbye(closeGoingAway, reason) })
	}
	select {
	case <-h.empty:
		return
	case <-ctx.Done():
	}
	for _, l := range h.snapshot() {
		l.abort()
	}
	select {
	case <-h.empty:
	case <-time.After(abortTimeout): // a reader that leads a batch may hang with its engine
	}
}

// goodbye sends a close frame and gives the peer a moment to answer it. Only
// the first has an effect, lest a peer that goes on stays for ever.
func (l *link) goodbye(code int, reason string) {
	if l.outbox.close(code, reason) {
		l.leaving.Store(true)
		_ = l.SetReadDeadline(time.Now().Add(2 * lingerTime))
	}
}

// abort ends the link without ceremony.
func (l *link) abort() {
	l.aborted.Store(true)
	l.ended.Store(true)
	l.outbox.cut()
	_ = l.SetDeadline(time.Unix(1, 0))
}
