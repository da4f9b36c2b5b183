package inference

import (
	"container/heap"
	"context"
	"time"
)

// deadlines is a heap of the requests that have one, soonest first, for
// container/heap. Each request knows its place, so that a resolved one leaves
// at once.
type deadlines []*Request

func (d deadlines) Len() int           { return len(d) }
func (d deadlines) Less(i, j int) bool { return d[i].expires < d[j].expires }
func (d deadlines) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].heapSlot, d[j].heapSlot = i+1, j+1
}

func (d *deadlines) Push(x any) {
	r := x.(*Request)
	*d = append(*d, r)
	r.heapSlot = len(*d)
}

func (d *deadlines) Pop() any {
	last := len(*d) - 1
	r := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	r.heapSlot = 0
	return r
}

// watchDeadline has r expire on time even if no worker gets to it. The caller
// holds p.mu.
func (p *Pool) watchDeadline(r *Request) {
	heap.Push(&p.deadlines, r)
	if r.expires < p.nextLook {
		select {
		case p.sooner <- struct{}{}:
		default: // the watch has been told already
		}
	}
}

func (p *Pool) unwatchDeadline(r *Request) {
	if r.heapSlot > 0 {
		heap.Remove(&p.deadlines, r.heapSlot-1)
	}
}

// watch answers requests whose deadline passes, also when every worker hangs,
// until ctx ends. Between deadlines it looks for workers that hang.
func (p *Pool) watch(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.sooner:
		case <-timer.C:
		}
		expired, next := p.expireDue()
		p.deliver(expired, new([]*Stream), nil)
		timer.Reset(next)
	}
}

// expireDue answers what is due and returns it, with the time to the next
// look.
func (p *Pool) expireDue() (expired []*Request, next time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	for len(p.deadlines) > 0 && p.deadlines[0].due(now) {
		if r := p.deadlines[0]; p.resolve(r, Expired, now) {
			expired = append(expired, r)
		}
	}
	expired = p.expireHung(now, expired)
	next = p.opt.HangTimeout / 8
	if len(p.deadlines) > 0 {
		next = min(next, p.deadlines[0].expires-now)
	}
	p.nextLook = now + next
	return expired, next
}

// expireHung gives up on batches that have run for longer than HangTimeout,
// and, while there are such, on requests that have waited for as long.
func (p *Pool) expireHung(now time.Duration, expired []*Request) []*Request {
	give := func(r *Request) {
		if !r.resolved && p.resolve(r, Expired, now) {
			expired = append(expired, r)
		}
	}
	stuck := false
	for _, w := range p.workers {
		if !w.stuck(now) {
			continue
		}
		stuck = true
		for i := range w.batch.spans {
			give(w.batch.spans[i].r)
		}
	}
	if !stuck {
		return expired
	}
	for c := p.round.head; c != nil; {
		afterCaller := c.turn.next // who has nothing left leaves the round
		for s := c.round.head; s != nil; {
			after := s.turn.next
			for r := s.queue.head; r != nil && now-r.arrived >= p.opt.HangTimeout; r = s.queue.head {
				give(r)
			}
			s = after
		}
		c = afterCaller
	}
	return expired
}

// stuck reports whether w's batch has run for too long. The caller holds p.mu.
func (w *worker) stuck(now time.Duration) bool {
	return w.busy && now-w.batch.started >= w.pool.opt.HangTimeout
}
