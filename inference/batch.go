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

// form fills b with up to MaxBatch rows of those that wait. Once in a pass each caller
// in the round gets its part of the room by weight, and goes to the end of the round if
// it has more; another pass shares out what the first left.
//
// It is deficit round robin (Shreedhar and Varghese, 1995), in which what a turn brings
// is measured by the mean weight, not the least: a pass is as many rows as there is
// room for, or as there are callers, if those are more. So weights make no pass
// longer, and doubling all of them changes nothing. Where a batch cannot be divided
// by the weights, batches are: parts of rows wait for the caller's next turn, and a pass
// that a full batch ends in the middle goes on with the next, by the same measure.
//
// So a caller with one row waiting is served, whatever the others have queued and over
// however many streams, within one pass of its own, or, if its weight is below the mean,
// within as many as the mean is times its weight. And callers that always have rows
// waiting never get ahead of their part, or behind, by more rows than a pass has. The
// caller of form holds p.mu.
func (p *Pool) form(b *batch) {
	b.reset()
	b.started = p.now()
	if c := p.round.head; c != nil && c.credit >= oneRow {
		p.serve(c, b) // the last batch cut its turn short
	}
	for b.rows < p.opt.MaxBatch && p.round.size > 0 {
		c := p.round.head
		if c.pass == p.pass {
			p.beginPass(p.opt.MaxBatch - b.rows)
		}
		c.pass = p.pass
		c.credit += p.perWeight * credit(c.weight)
		p.serve(c, b)
	}
}

// beginPass shares room out among all in the round, each of whom had its turn in the
// last pass or came in since.
func (p *Pool) beginPass(room int) {
	p.pass++
	weights := credit(p.weights)
	rows := credit(max(room, p.round.size)) * oneRow
	p.perWeight = (rows + weights - 1) / weights // up, so that equal weights get whole rows
}

// serve moves what c, the head of the round, has credit for into b, and ends its turn,
// unless b is full before.
func (p *Pool) serve(c *caller, b *batch) {
	n := min(c.credit.rows(), p.opt.MaxBatch-b.rows)
	p.takeFromCaller(c, b, n)
	if c.waiting == 0 {
		return // it has left the round
	}
	if c.credit -= credit(n) * oneRow; c.credit < oneRow {
		p.round.pass()
	}
}

// takeFromCaller moves up to room rows of c into b, an equal share from each of its
// streams, and so on until room is filled.
func (p *Pool) takeFromCaller(c *caller, b *batch, room int) {
	end := b.rows + room
	for b.rows < end && c.round.size > 0 {
		turns := c.round.size
		share := max(1, (end-b.rows)/turns)
		for ; turns > 0 && b.rows < end && c.round.size > 0; turns-- {
			s := c.round.head
			p.takeFrom(s, b, share)
			if s.waiting > 0 {
				c.round.pass()
			}
		}
	}
}

// takeFrom moves up to room rows of s into b, and what has expired to b.expired.
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
