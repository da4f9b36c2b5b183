package inference

import "sync"

// lease is the use of a worker, with the batch that was formed for it. Only begin
// grants one, under the pool's mutex, and whoever gets it calls run, once. So a worker
// is in one of three places at any time: in Pool.idle, on its own way to next, or
// leased.
type lease struct {
	w      *worker
	leader *Stream // whose submitter holds it; nil: the worker's own goroutine does
}

// run predicts the batch, completes it, hands over the replies, and gives the worker
// back. These are deferred, the last first: none is left out when a sink, or an engine,
// ends the goroutine that it was called on. Replies to the leader's stream are not
// flushed: it does that itself.
func (l lease) run() {
	w := l.w
	defer l.giveBack()
	defer l.handOver()
	defer w.pool.complete(w)
	defer w.predict()
	w.pool.deliver(w.batch.expired, &w.touched, l.leader)
}

// handOver gives the sinks what the batch resolved; giveBack counts it.
func (l lease) handOver() {
	if len(l.w.replies) > 0 {
		l.w.pool.handOver(l.w.replies, &l.w.touched, l.leader)
	}
}

// giveBack ends the lease. A borrowed worker's own goroutine goes on with it if there
// is work, or an end to see to; one that was never lent out goes to next by itself.
func (l lease) giveBack() {
	w, p := l.w, l.w.pool
	delivered := len(w.replies)
	clear(w.replies)
	w.replies = w.replies[:0]
	if delivered == 0 && l.leader == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delivered(delivered)
	switch {
	case l.leader == nil:
	case p.waiting > 0 || p.stopped:
		w.woken <- struct{}{}
	default:
		p.idle = append(p.idle, w)
	}
}

// begin leases w, which is not idle any more, with a batch of what waits. The caller
// holds p.mu.
func (p *Pool) begin(w *worker, leader *Stream) lease {
	p.form(&w.batch)
	w.setBusy(w.batch.rows > 0, w.batch.started)
	if p.waiting > 0 {
		p.wake() // a request may have rows for several workers
	}
	return lease{w, leader}
}

// keep runs f on a goroutine of group, and on another one when a sink or an engine
// ended that.
func keep(group *sync.WaitGroup, f func()) {
	group.Go(func() {
		returned := false
		defer func() {
			if !returned {
				keep(group, f)
			}
		}()
		f()
		returned = true
	})
}
