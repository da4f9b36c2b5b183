package inference

// caller is whoever opened some streams: they share its part of the batches and
// of the queue. All is guarded by pool.mu.
type caller struct {
	name    string
	streams int // open
	waiting int // rows, over its streams
	round   round[Stream, *Stream]
	turn    place[caller]
}

func (c *caller) place() *place[caller] { return &c.turn }

// enter finds the caller of a stream that opens. The caller of it holds p.mu.
func (p *Pool) enter(name string) *caller {
	c := p.callers[name]
	if c == nil {
		c = &caller{name: name}
		p.callers[name] = c
	}
	c.streams++
	return c
}

// leave forgets a caller with its last stream.
func (p *Pool) leave(c *caller) {
	if c.streams--; c.streams == 0 {
		delete(p.callers, c.name)
	}
}

// wait counts rows of s that wait, or below zero that do not any more, and keeps
// the rounds: whose rows begin to wait comes in, and who has none goes out. The
// caller holds p.mu.
func (s *Stream) wait(rows int) {
	p, c := s.pool, s.caller
	p.waiting += rows
	c.waiting += rows
	s.waiting += rows
	if rows > 0 {
		c.round.add(s)
		p.round.add(c)
		return
	}
	if s.waiting == 0 {
		c.round.remove(s)
	}
	if c.waiting == 0 {
		p.round.remove(c)
	}
}

// share is how full this stream may make the queue with so many rows more; see
// Options.QueueRows. The caller holds p.mu.
func (s *Stream) share(rows int) int {
	p, c := s.pool, s.caller
	limit, all := p.opt.QueueRows, p.opt.QueueRows
	kept := all / 8
	if len(p.callers) > 1 {
		if c.waiting == 0 || c.waiting+rows <= kept/p.round.sizeWith(c) {
			return all
		}
		limit -= kept
	}
	if s.waiting == 0 || s.waiting+rows <= kept/c.round.sizeWith(s) {
		return limit
	}
	return max(limit-kept, min(p.opt.Window, all))
}
