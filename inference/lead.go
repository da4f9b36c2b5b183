package inference

import "time"

// leadLimit is how long a batch may be expected to run for a submitter to run
// it itself. Beyond it the two hand-overs that this saves do not matter, and a
// submitter that reads a socket has better to do.
const leadLimit = 200 * time.Microsecond

// Lead is Submit for a caller that has nothing else to submit at the moment.
// When a worker has nothing to do and batches are short, the caller's goroutine
// does that worker's work: the request is then answered without waking another
// goroutine, on another processor perhaps. So it is with a lone request at low
// load, where that takes longer than the model.
//
// It returns true when it ran a batch. Replies to this stream were then
// delivered on the caller's goroutine and not flushed: the caller does that.
// Other streams' were flushed as ever.
func (s *Stream) Lead(r *Request) (led bool, err error) {
	p := s.pool
	arrived := p.arrival(r)
	if err := s.checkShape(r); err != nil {
		return false, err
	}
	l, led, err := s.admitAndBorrow(r, arrived)
	if led {
		l.run()
	}
	return led, err
}

// admitAndBorrow queues the request and leases an idle worker to run it; false when
// there is none, or its own goroutine shall run it.
func (s *Stream) admitAndBorrow(r *Request, arrived time.Duration) (l lease, led bool, err error) {
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := s.admit(r, arrived); err != nil {
		return lease{}, false, err
	}
	if !p.short() {
		p.wake()
		return lease{}, false, nil
	}
	w := p.takeIdle()
	if w == nil {
		return lease{}, false, nil
	}
	return p.begin(w, s), true, nil
}

// short reports whether the next batch is likely to be over soon, by the speed
// of those before. A session that is pinned to a thread cannot be borrowed.
func (p *Pool) short() bool {
	rows := time.Duration(min(p.waiting, p.opt.MaxBatch))
	return p.rowTime > 0 && p.rowTime*rows <= leadLimit && !p.model.Pinned()
}
