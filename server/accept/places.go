package accept

import (
	"container/list"
	"sync"
)

// places counts connections, in all and per caller, and knows which of them
// wait for a request.
type places struct {
	limit, perCaller int

	mu      sync.Mutex
	taken   int
	waiting list.List // of *Conn, the one that has waited longest first
	callers map[string]*share
}

// share is what one caller has.
type share struct {
	caller  string
	taken   int
	waiting list.List // of *Conn, likewise
}

func (p *places) init(limit, perCaller int) {
	p.limit, p.perCaller = limit, perCaller
	p.callers = make(map[string]*share)
}

// take gives a new connection a place, if need be that of another, which the
// caller of this is to close. The reason says why there is none. Without a
// caller's name no limit per caller holds.
func (p *places) take(c *Conn, caller string) (victim *Conn, reason Reason) {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := p.callers[caller]
	switch {
	case own != nil && own.taken >= p.perCaller:
		victim, reason = front(&own.waiting), PerAddress
	case p.taken >= p.limit:
		victim, reason = front(&p.waiting), Limit
	default:
		p.add(c, caller)
		return nil, ""
	}
	if victim == nil {
		return nil, reason
	}
	p.remove(victim)
	p.add(c, caller)
	return victim, ""
}

// giveUpOne takes its place from the connection that has waited longest; nil
// when none waits.
func (p *places) giveUpOne() *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	victim := front(&p.waiting)
	if victim != nil {
		p.remove(victim)
	}
	return victim
}

func front(l *list.List) *Conn {
	if e := l.Front(); e != nil {
		return e.Value.(*Conn)
	}
	return nil
}

func (p *places) add(c *Conn, caller string) {
	c.placed = true
	p.taken++
	if caller != "" {
		if p.callers[caller] == nil {
			p.callers[caller] = &share{caller: caller}
		}
		c.share = p.callers[caller]
		c.share.taken++
	}
	p.enlist(c)
}

// remove takes a connection's place from it. Only the first has an effect.
func (p *places) remove(c *Conn) {
	if !c.placed {
		return
	}
	p.delist(c)
	c.placed = false
	p.taken--
	if c.share == nil {
		return
	}
	if c.share.taken--; c.share.taken == 0 {
		delete(p.callers, c.share.caller)
	}
}

func (p *places) enlist(c *Conn) {
	c.inAll = p.waiting.PushBack(c)
	if c.share != nil {
		c.inShare = c.share.waiting.PushBack(c)
	}
}

func (p *places) delist(c *Conn) {
	if c.inAll == nil {
		return
	}
	p.waiting.Remove(c.inAll)
	if c.share != nil {
		c.share.waiting.Remove(c.inShare)
	}
	c.inAll, c.inShare = nil, nil
}

// leave gives a place back.
func (p *places) leave(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(c)
}

// wait says that a connection waits for its client's next request.
func (p *places) wait(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.placed && c.inAll == nil {
		p.enlist(c)
	}
}

// work says that a connection has its request.
func (p *places) work(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.placed { // else it is a victim, whose freshness is being read
		c.fresh = false
		p.delist(c)
	}
}

func (p *places) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}
