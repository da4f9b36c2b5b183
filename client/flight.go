package client

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"penstock/protocol"
)

// flight is what one connection has in the air: requests and labels that wait
// for their answers, bounded by the window, and messages that wait to be
// written. Each call leaves it exactly once: answered, or lost when the
// connection ends.
type flight struct {
	mu     sync.Mutex
	calls  map[ID]call
	room   [2]window // per callKind: rows of requests, number of feedbacks
	shut   bool      // nothing new: the server is going away, or gone
	out    []*frame
	signal chan struct{} // holds a token when out has something new
}

type callKind uint8

const (
	predictCall callKind = iota
	feedbackCall
)

// call waits for one answer. One of the callbacks is set.
type call struct {
	kind      callKind
	many      bool // answered with Rows, where a reply does not say
	scores    bool // these details were asked for, where a binary reply does not say
	outputs   bool
	model     int // of a binary request, its place in the link's hello
	rows      int
	frame     *frame    // kept, since it may have to be sent again
	from      *link     // that it was first sent on, which tickets know
	until     time.Time // its deadline, or zero
	predicted func(Prediction, error)
	labelled  func([]bool, error)
}

// fail ends the call without an answer.
func (c *call) fail(id ID, err error) {
	if c.kind == feedbackCall {
		c.labelled(nil, err)
		return
	}
	c.predicted(Prediction{ID: id}, err)
}

// frame is one encoded message. Who writes it and the call that may have to
// send it again both hold it; the last to let go gives it back.
type frame struct {
	b       []byte
	binary  bool
	model   string // of a binary request: its index is the connection's
	holders atomic.Int32
}

// errShut tells that a call came too late for this connection.
var errShut = errors.New("client: the connection takes no more requests")

func newFlight(rows int) *flight {
	f := &flight{calls: make(map[ID]call), signal: make(chan struct{}, 1)}
	f.room[predictCall].size = rows
	f.room[feedbackCall].size = rows
	return f
}

// admit lets a call into the air and its message out. With wait it waits for
// room until ctx ends. The call's frame is the flight's when admit returns nil,
// and stays the caller's otherwise.
func (f *flight) admit(ctx context.Context, id ID, c call, wait bool) error {
	f.mu.Lock()
	room := &f.room[c.kind]
	if !f.shut && !room.take(c.rows) {
		if !wait {
			size := room.size
			f.mu.Unlock()
			return protocol.Errorf(protocol.Overloaded,
				"the client's window of %d is full; wait for replies, or let requests wait", size)
		}
		if err := f.await(ctx, room, c.rows); err != nil {
			return err
		}
	}
	if f.shut {
		f.mu.Unlock()
		return errShut
	}
	if other, ok := f.calls[id]; ok {
		room.release(c.rows)
		f.mu.Unlock()
		return duplicate(other.kind, id)
	}
	f.launch(id, c)
	f.mu.Unlock()
	f.ring()
	return nil
}

// readmit lets a call of the last connection into the air, whatever the room.
func (f *flight) readmit(id ID, c call) {
	f.mu.Lock()
	f.room[c.kind].used += c.rows
	f.launch(id, c)
	f.mu.Unlock()
	f.ring()
}

// launch is called with the lock held.
func (f *flight) launch(id ID, c call) {
	c.frame.holders.Add(1) // the writer
	f.calls[id] = c
	f.out = append(f.out, c.frame)
}

// await waits for room with the lock given up, and returns with the lock held
// when it returns nil. Room may then be granted or the flight shut.
func (f *flight) await(ctx context.Context, room *window, rows int) error {
	next, place := room.wait(rows)
	f.mu.Unlock()
	select {
	case <-next.ready:
		f.mu.Lock()
		return nil
	case <-ctx.Done():
		f.mu.Lock()
		defer f.mu.Unlock()
		if !f.shut {
			room.leave(next, place)
		}
		return context.Cause(ctx)
	}
}

func duplicate(kind callKind, id ID) error {
	if kind == feedbackCall {
		return protocol.Errorf(protocol.DuplicateFeedback, "a label for %s is on its way already", id)
	}
	return protocol.Errorf(protocol.DuplicateRequestID, "request %s is still in flight; wait for its reply", id)
}

// say sends a message that takes no room, also while the connection takes no
// more calls. After its end nobody reads what was said.
func (f *flight) say(m *frame) {
	f.mu.Lock()
	f.out = append(f.out, m)
	f.mu.Unlock()
	f.ring()
}

func (f *flight) ring() {
	select {
	case f.signal <- struct{}{}:
	default:
	}
}

// drain moves the messages to write into into[:0].
func (f *flight) drain(into []*frame) []*frame {
	f.mu.Lock()
	defer f.mu.Unlock()
	into, f.out = f.out, into[:0]
	return into
}

// land takes the call that an answer belongs to out of the air.
func (f *flight) land(id ID) (call, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.calls[id]
	if ok {
		delete(f.calls, id)
		if !f.shut {
			f.room[c.kind].release(c.rows)
		}
	}
	return c, ok
}

// has reports whether the call that was first sent on a link is still in the
// air.
func (f *flight) has(id ID, from *link) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.calls[id]
	return ok && c.from == from
}

// close lets nothing more in and sends who waits to the next connection.
func (f *flight) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shut = true
	for i := range f.room {
		f.room[i].wake()
	}
}

// empty takes every call out of the air, for good.
func (f *flight) empty() map[ID]call {
	f.close()
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = make(map[ID]call)
	return calls
}
