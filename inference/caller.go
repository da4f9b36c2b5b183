package inference

// Share says with whom a stream shares what a pool shares out, and how much of it
// that is.
type Share struct {
	// Name is the caller: a user, an address, or whoever else is to have one part,
	// however many streams that takes. Streams of one Name are one caller; the empty
	// name is a name like others.
	Name string
	// Weight is the size of the part. While there is not enough for all, a caller of
	// weight 3 gets three times as many rows into the batches as one of weight 1, and
	// may have three times as many waiting in a full queue. What some do not use the
	// others get, by their weights. Less than 1 counts as 1, and more than MaxWeight
	// as that. Streams of one Name that open with different weights have that of the
	// latest, all of them.
	Weight int
}

// MaxWeight bounds how long a caller can be made to wait by others' weights: the
// lightest has one row in MaxWeight of each of them.
const MaxWeight = 1000

// caller is whoever opened some streams: they share its part of the batches and
// of the queue. All is guarded by pool.mu.
type caller struct {
	name    string
	weight  int
	streams int // open
	waiting int // rows, over its streams
	round   round[Stream, *Stream]
	turn    place[caller]
	credit  credit // what it may take without another turn; zero while nothing waits
	pass    uint64 // the last in which it had its turn, or its turn comes after
}

func (c *caller) place() *place[caller] { return &c.turn }

// credit is a number of rows in units of which oneRow make one: a caller's part of a
// batch is seldom whole rows.
type credit int64

const oneRow credit = 1 << 20

func (c credit) rows() int { return int(c / oneRow) }

// enter finds the caller of a stream that opens. The caller of it holds p.mu.
func (p *Pool) enter(share Share) *caller {
	weight := min(max(share.Weight, 1), MaxWeight)
	c := p.callers[share.Name]
	if c == nil {
		c = &caller{name: share.Name, weight: weight}
		p.callers[share.Name] = c
	}
	c.streams++
	if c.turn.in {
		p.weights += weight - c.weight
	}
	c.weight = weight
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
		if p.round.add(c) {
			p.weights += c.weight
			c.pass = p.pass // whoever comes in comes behind all of this pass
		}
		return
	}
	if s.waiting == 0 {
		c.round.remove(s)
	}
	if c.waiting == 0 && p.round.remove(c) {
		p.weights -= c.weight
		c.credit = 0
	}
}

// weightsWith sums the weights of the callers of which rows wait, c among them.
func (p *Pool) weightsWith(c *caller) int {
	if c.turn.in {
		return p.weights
	}
	return p.weights + c.weight
}

// part is how many of so many rows are c's, by its weight among those who wait.
func (p *Pool) part(c *caller, rows int) int { return rows * c.weight / p.weightsWith(c) }

// mayFill is how full this stream may make the queue with so many rows more; see
// Options.QueueRows. What was accepted is never shed, so one caller may have filled the
// queue when others come. The eighth that only those may fill who have less than their
// part turns that round: nothing more is taken of the first until it is down to its own.
// The caller holds p.mu.
func (s *Stream) mayFill(rows int) int {
	p, c := s.pool, s.caller
	all := p.opt.QueueRows
	limit, kept := all, all/8
	if len(p.callers) > 1 {
		if c.waiting == 0 || c.waiting+rows <= p.part(c, kept) {
			return all
		}
		limit -= kept
		if p.round.sizeWith(c) > 1 && c.waiting+rows > p.part(c, limit-kept) {
			limit -= kept
		}
	}
	if s.waiting == 0 || s.waiting+rows <= kept/c.round.sizeWith(s) {
		return limit
	}
	return max(limit-kept, min(p.opt.Window, limit))
}
