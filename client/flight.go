package client

import (
	"context"
	"errors"
	"sync"

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
	rows      int
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

// frame is one encoded message.
type frame struct{ b []byte }

// errShut tells that a call came too late for this connection.
var errShut = errors.New("client: the connection takes no more requests")

func newFlight(rows int) *flight {
	f := &flight{calls: make(map[ID]call), signal: make(chan struct{}, 1)}
	f.room[predictCall].size = rows
	f.room[feedbackCall].size = rows
	return f
}

// admit lets a call into the air and its message out. With wait it waits for
// room until ctx ends. The frame is the flight's when admit returns nil, and
// stays the caller's otherwise.
func (f *flight) admit(ctx context.Context, id ID, c call, m *frame, wait bool) error {
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
	f.calls[id] = c
	f.out = append(f.out, m)
	f.mu.Unlock()
	f.ring()
	return nil
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

// say sends a message that takes no room, if the connection still takes any.
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

// has reports whether a call is still in the air.
func (f *flight) has(id ID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.calls[id]
	return ok
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

// lose fails every call that is still in the air.
func (f *flight) lose(err error) {
	f.close()
	f.mu.Lock()
	calls := f.calls
	f.calls = make(map[ID]call)
	f.mu.Unlock()
	for id, c := range calls {
		c.fail(id, err)
	}
}
