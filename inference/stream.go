package inference

import (
	"sync"
	"sync/atomic"
	"time"
)

// Stream is one client's connection as the pool sees it: a queue of its own, and
// a window that bounds what it may have in flight.
type Stream struct {
	pool   *Pool
	sink   Sink
	caller *caller

	// All below is guarded by pool.mu.
	queue                      queue // requests of which rows wait, oldest first
	waiting                    int   // rows of them
	unresolved, unresolvedRows int   // requests accepted and not yet resolved, and their rows
	turn                       place[Stream]
	closed                     bool
	room                       sync.Cond // the window got room, the stream closed, or the pool drains

	touched atomic.Uint64 // the last delivery that replied to something here
}

func (s *Stream) place() *place[Stream] { return &s.turn }

// Open makes a stream whose replies go to sink. Streams of one Share.Name have one part
// together of what callers share: room in batches, and in a queue that is full. Whoever
// opens it closes it.
func (p *Pool) Open(sink Sink, share Share) *Stream {
	s := &Stream{pool: p, sink: sink}
	s.room.L = &p.mu
	p.mu.Lock()
	defer p.mu.Unlock()
	s.caller = p.enter(share)
	p.streams[s] = struct{}{}
	return s
}

// Submit hands a request to the pool. It blocks while the stream's window is
// full; that time counts towards the deadline. On an error the request was not
// accepted and is still the caller's: *ShapeError, *RowsError,
// *OverloadedError, ErrDraining or ErrStreamClosed.
func (s *Stream) Submit(r *Request) error {
	p := s.pool
	arrived := p.arrival(r)
	if err := s.checkShape(r); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := s.admit(r, arrived); err != nil {
		return err
	}
	p.wake()
	return nil
}

// arrival returns when r came, on the pool's clock. Where the caller knows it,
// the clock need not be read for every request.
func (p *Pool) arrival(r *Request) time.Duration {
	if r.Arrived.IsZero() {
		return p.now()
	}
	return r.Arrived.Sub(p.epoch)
}

// checkShape refuses what is not the model's, and makes room for its scores.
func (s *Stream) checkShape(r *Request) error {
	p := s.pool
	if r.Rows < 1 || r.Rows > p.opt.Window {
		return &RowsError{Max: p.opt.Window, Got: r.Rows}
	}
	if want := r.Rows * p.features; len(r.Features) != want {
		return &ShapeError{Rows: r.Rows, Expected: want, Got: len(r.Features)}
	}
	// Here, before the pool's lock is taken: it may be megabytes.
	if n := r.Rows * p.outputs; cap(r.Result.Scores) < n {
		r.Result.Scores = make([]float32, n)
	}
	return nil
}

// admit waits for room in the window and queues the request, or refuses it.
// The caller holds p.mu and sees to it that a worker comes.
func (s *Stream) admit(r *Request, arrived time.Duration) error {
	p := s.pool
	for s.unresolvedRows+r.Rows > p.opt.Window && !s.closed && !p.draining {
		s.room.Wait()
	}
	switch {
	case s.closed:
		return ErrStreamClosed
	case p.draining:
		p.stats.Refused++
		return ErrDraining
	case p.waiting+r.Rows > s.mayFill(r.Rows):
		p.stats.Shed++
		return &OverloadedError{RetryAfter: p.queueTime(s.caller, r.Rows)}
	}
	r.prepare(s, arrived)
	p.stats.Accepted++
	p.unresolved++
	s.unresolvedRows += r.Rows
	s.unresolved++
	s.queue.push(r)
	s.wait(r.Rows)
	if r.expires > 0 {
		p.watchDeadline(r)
	}
	return nil
}

// Cancel takes a request back. When it returns true the pool will not answer
// it any more and the caller must; false means that the answer is already on
// its way, or that the stream is closed. The caller makes sure that r was
// submitted on this stream and that its Reply has not given it back.
//
// After a true return r.Reusable tells whether its memory may be used again.
func (s *Stream) Cancel(r *Request) bool {
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.resolved || s.closed {
		return false
	}
	p.release(r)
	p.stats.Cancelled++
	return true
}

// CloseIdle closes the stream if nothing of it is in flight, and reports whether it
// did. It is for who submits, which nobody else does meanwhile.
func (s *Stream) CloseIdle() bool {
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.unresolved > 0 {
		return false
	}
	s.close()
	return true
}

// Close ends the stream: rows that wait are dropped and rows that run come back
// to nobody. It returns how many requests it left without an answer. Those that
// were answered before may still be on their way: each gets its Reply, perhaps
// after Close returned.
func (s *Stream) Close() int {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	return s.close()
}

// close is Close. The caller holds p.mu.
func (s *Stream) close() int {
	p := s.pool
	if s.closed {
		return 0
	}
	s.closed = true
	delete(p.streams, s)
	p.leave(s.caller)
	s.room.Broadcast()
	left := s.unresolved
	for r := s.queue.head; r != nil; r = s.queue.head {
		p.release(r)
		p.stats.Discarded++
	}
	return left
}
