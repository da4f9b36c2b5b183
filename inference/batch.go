package inference

import "time"

// span is some consecutive rows of one request, in a worker's hands.
type span struct {
	r     *Request
	first int // index of the first row within the request
	rows  int
	fault error // set when the engine failed on one of these rows
}

// batch is what a worker runs at a time.
type batch struct {
	spans   []span
	rows    int
	expired []*Request // found past their deadline while the batch was formed
	started time.Duration
}

// reset forgets what b held, so that nothing is seen of requests that belong to
// their submitters again.
func (b *batch) reset() {
	clear(b.spans)
	clear(b.expired)
	b.spans, b.expired, b.rows = b.spans[:0], b.expired[:0], 0
}

// form fills b with up to MaxBatch rows of those that wait. Each caller in the
// round gives an equal share of the room, and goes to the end of the round if
// it has more; then what is left of the room is shared in the same way. So a
// caller with one row waiting is served within one round, whatever the others
// have queued, and over however many streams. The caller of form holds p.mu.
func (p *Pool) form(b *batch) {
	b.reset()
	b.started = p.now()
	for b.rows < p.opt.MaxBatch && p.round.size > 0 {
		turns := p.round.size
		share := max(1, (p.opt.MaxBatch-b.rows)/turns)
		for ; turns > 0 && b.rows < p.opt.MaxBatch && p.round.size > 0; turns-- {
			c := p.round.head
			p.round.remove(c)
			p.takeFromCaller(c, b, share)
			if c.waiting > 0 {
				p.round.add(c)
			}
		}
	}
}

// takeFromCaller moves up to room rows of c into b, shared among its streams as
// form shares among callers.
func (p *Pool) takeFromCaller(c *caller, b *batch, room int) {
	end := b.rows + room
	for b.rows < end && c.round.size > 0 {
		turns := c.round.size
		share := max(1, (end-b.rows)/turns)
		for ; turns > 0 && b.rows < end && c.round.size > 0; turns-- {
			s := c.round.head
			c.round.remove(s)
			p.takeFrom(s, b, share)
			if s.waiting > 0 {
				c.round.add(s)
			}
		}
	}
}

// takeFrom moves up to room rows of s, which is in no round, into b, and what has
// expired to b.expired.
func (p *Pool) takeFrom(s *Stream, b *batch, room int) {
	for room > 0 && s.queue.head != nil {
		r := s.queue.head
		if r.due(b.started) {
			if p.resolve(r, Expired, b.started) {
				b.expired = append(b.expired, r)
			}
			continue
		}
		n := min(room, r.Rows-r.taken)
		if r.taken == 0 {
			r.Result.Queue = b.started - r.arrived
		}
		b.spans = append(b.spans, span{r: r, first: r.taken, rows: n})
		b.rows += n
		room -= n
		r.taken += n
		r.running++
		s.wait(-n)
		if r.taken == r.Rows {
			s.queue.remove(r)
		}
	}
}

// complete takes back what w ran, if it had any rows, resolves the requests whose last
// rows these were, and puts into w.replies those to be delivered.
func (p *Pool) complete(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, now := &w.batch, p.now()
	defer b.reset()
	if b.rows == 0 {
		return
	}
	p.stats.Batches++
	p.stats.BatchRows += uint64(b.rows)
	p.measureSpeed(now-b.started, b.rows)
	for i := range b.spans {
		sp := &b.spans[i]
		r := sp.r
		r.running--
		r.returned += sp.rows
		if r.fault == nil {
			r.fault = sp.fault
		}
		if r.resolved || r.returned < r.Rows {
			continue
		}
		r.Result.Compute, r.Result.BatchRows = now-b.started, b.rows
		if p.resolve(r, r.outcome(now), now) {
			w.replies = append(w.replies, r)
		}
	}
	w.setBusy(false, now)
}
