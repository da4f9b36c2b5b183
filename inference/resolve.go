package inference

import (
	"errors"
	"time"

	"penstock/model"
)

// outcome says how a request is resolved whose rows have all come back.
func (r *Request) outcome(now time.Duration) Outcome {
	switch {
	case r.due(now):
		return Expired
	case r.fault == nil:
		return Predicted
	case errors.Is(r.fault, model.ErrUnavailable):
		return Unavailable
	}
	return Failed
}

// resolve gives r its outcome, counts it and releases what r held. It reports whether
// r must be delivered now; else its stream is closed and nobody is there to be told.
// The caller holds p.mu.
func (p *Pool) resolve(r *Request, how Outcome, now time.Duration) bool {
	p.release(r)
	if r.stream.closed {
		p.stats.Discarded++
		return false
	}
	r.Result.Outcome, r.Result.Answered, r.Result.Total = how, p.epoch.Add(now), now-r.arrived
	switch how {
	case Predicted:
		p.stats.Predicted++
		p.stats.RowsPredicted += uint64(r.Rows)
		p.latencies.record(r)
	case Failed:
		r.Result.Err = r.fault
		p.stats.Failed++
	case Unavailable:
		r.Result.Err = r.fault
		p.stats.Unavailable++
	case Expired:
		p.stats.Expired++
	case Stopped:
		p.stats.Stopped++
	}
	p.undelivered++
	return true
}

// release marks r as resolved and gives back all that it held: its place in the queue, its deadline,
// its part of the window. The caller holds p.mu and counts what became of it.
func (p *Pool) release(r *Request) {
	s := r.stream
	r.resolved, r.reusable = true, r.running == 0
	if left := r.Rows - r.taken; left > 0 {
		s.queue.remove(r)
		r.taken = r.Rows
		r.returned += left
		s.wait(-left)
	}
	p.unwatchDeadline(r)
	s.unresolvedRows -= r.Rows
	s.unresolved--
	p.unresolved--
	s.room.Broadcast()
	p.tellDrain()
}

// tellDrain wakes Drain when nothing is left to wait for. The caller holds p.mu.
func (p *Pool) tellDrain() {
	if p.unresolved+p.undelivered == 0 {
		p.empty.Broadcast()
	}
}
