package inference

import "time"

// result says how a request ends whose rows have all come back.
func (r *Request) result(now time.Duration) Outcome {
	switch {
	case r.due(now):
		return Expired
	case r.fault != nil && r.away:
		return Unavailable
	case r.fault != nil:
		return Failed
	}
	return Predicted
}

// end gives r its outcome and counts it. It reports whether r must be delivered
// now; else its stream is closed and nobody is there to be told. The caller
// holds p.mu.
func (p *Pool) end(r *Request, how Outcome, now time.Duration) bool {
	p.answer(r)
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

// answer marks that r needs no more answer and gives back all that it held.
// The caller holds p.mu and says what the answer is.
func (p *Pool) answer(r *Request) {
	s := r.stream
	r.answered, r.reusable = true, r.running == 0
	if left := r.Rows - r.taken; left > 0 {
		s.queue.remove(r)
		r.taken = r.Rows
		r.finished += left
		s.wait(-left)
	}
	p.unwatchDeadline(r)
	s.inFlight -= r.Rows
	s.open--
	p.inFlight--
	s.room.Broadcast()
	p.tellDrain()
}

// deliver calls the sinks: one Reply per request, then a Flush per stream that
// had any, but for the leader's. It holds no lock meanwhile. It returns
// touched, emptied, which is scratch.
func (p *Pool) deliver(replies []*Request, touched []*Stream, leader *Stream) []*Stream {
	if len(replies) == 0 {
		return touched
	}
	id := p.deliveries.Add(1)
	for _, r := range replies {
		s := r.stream
		p.reply(s, r) // r is its owner's again
		if s != leader && s.touched.Swap(id) != id {
			touched = append(touched, s)
		}
	}
	for _, s := range touched {
		p.flush(s)
	}
	clear(touched)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.undelivered -= len(replies)
	p.tellDrain()
	return touched[:0]
}

// reply and flush call a sink. What panics in it is its own loss: the others of
// the batch get their replies, and the worker goes on.
func (p *Pool) reply(s *Stream, r *Request) {
	defer p.containSink()
	s.sink.Reply(r)
}

func (p *Pool) flush(s *Stream) {
	defer p.containSink()
	s.sink.Flush()
}

func (p *Pool) containSink() {
	if v := recover(); v != nil {
		p.sinkPanics.Add(1)
		p.opt.Panicked(v)
	}
}

// tellDrain wakes Drain when nothing is left to wait for. The caller holds p.mu.
func (p *Pool) tellDrain() {
	if p.inFlight+p.undelivered == 0 {
		p.empty.Broadcast()
	}
}
