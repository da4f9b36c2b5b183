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
	w, err := s.admitAndBorrow(r, arrived)
	if w == nil {
		return false, err
	}
	defer p.giveBack(w)
	w.work(s)
	return true, nil
}

// admitAndBorrow queues the request and takes an idle worker to run it, with
// its batch formed; nil when there is none, and none is needed.
func (s *Stream) admitAndBorrow(r *Request, arrived time.Duration) (*worker, error) {
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := s.admit(r, arrived); err != nil {
		return nil, err
	}
	if !p.short() {
		p.wake()
		return nil, nil
	}
	w := p.takeIdle()
	if w != nil {
		p.begin(w)
	}
	return w, nil
}

// short reports whether the next batch is likely to be over soon, by the speed
// of those before. A session that is pinned to a thread cannot be borrowed.
func (p *Pool) short() bool {
	rows := time.Duration(min(p.waiting, p.opt.MaxBatch))
	return p.rowTime > 0 && p.rowTime*rows <= leadLimit && !p.model.Pinned()
}

// giveBack ends the borrowing of w: its own goroutine goes on with it if there
// is work, or an end to see to.
func (p *Pool) giveBack(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting > 0 || p.stopped {
		w.woken <- struct{}{}
		return
	}
	p.idle = append(p.idle, w)
}
