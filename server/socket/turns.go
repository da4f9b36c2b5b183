package socket

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// turns bounds how many goroutines at a time read or write down what takes
// milliseconds, so that a processor is left for the others: what takes
// microseconds passes by. Those who share the budget take turns as one: who has five
// hundred sockets waits for his own.
type turns struct {
	reads atomic.Int64  // turns that readers took, ever
	swept atomic.Int64  // of them before the last sweep
	many  chan struct{} // told when there were rushTurns since
	most  int           // at a time

	mu     sync.Mutex // nothing is taken while it is held
	free   int
	queues map[string]*queue // of shares that wait
	round  []*queue          // the same, in the order in which they get the next turn
}

// queue is those who wait of one share, the first first.
type queue struct {
	share   string
	waiting []chan struct{}
}

// newTurns allows half of the processors, and one at least.
func newTurns() *turns {
	most := max(1, runtime.GOMAXPROCS(0)/2)
	return &turns{most: most, free: most, many: make(chan struct{}, 1), queues: make(map[string]*queue)}
}

// take waits for a turn of a share, which give gives back, or until ctx ends.
func (t *turns) take(ctx context.Context, share string) error {
	ready := t.wait(share)
	if ready == nil {
		return nil
	}
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		t.leave(share, ready)
		return ctx.Err()
	}
}

// wait takes a turn, or returns what is closed when there is one.
func (t *turns) wait(share string) (ready chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.free > 0 {
		t.free--
		return nil
	}
	q := t.queues[share]
	if q == nil {
		q = &queue{share: share}
		t.queues[share] = q
		t.round = append(t.round, q)
	}
	ready = make(chan struct{})
	q.waiting = append(q.waiting, ready)
	return ready
}

// leave stops waiting. A turn that came meanwhile goes to the next.
func (t *turns) leave(share string, ready chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := t.queues[share]
	if q == nil || !slices.Contains(q.waiting, ready) {
		t.giveLocked()
		return
	}
	q.waiting = slices.DeleteFunc(q.waiting, func(other chan struct{}) bool { return other == ready })
	if len(q.waiting) == 0 {
		delete(t.queues, share)
		t.round = slices.DeleteFunc(t.round, func(other *queue) bool { return other == q })
	}
}

// give hands a turn to the next share that waits.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.giveLocked()
}

func (t *turns) giveLocked() {
	if len(t.round) == 0 {
		t.free++
		return
	}
	q := t.round[0]
	t.round = slices.Delete(t.round, 0, 1)
	close(q.waiting[0])
	q.waiting = slices.Delete(q.waiting, 0, 1)
	if len(q.waiting) > 0 {
		t.round = append(t.round, q)
	} else {
		delete(t.queues, q.share)
	}
}

// takeToRead is take for the reader of a large message.
func (t *turns) takeToRead(ctx context.Context, share string) error {
	if t.reads.Add(1)-t.swept.Load() == rushTurns {
		select {
		case t.many <- struct{}{}:
		default:
		}
	}
	return t.take(ctx, share)
}

// LargeMessage is how many bytes take so long to read that readers take turns.
const LargeMessage = chunkSize

// Turn is the right to work on something large; see Conn.Turn.
type Turn struct{ turns *turns }

// End gives the turn back.
func (t Turn) End() {
	if t.turns != nil {
		t.turns.give()
	}
}

// rush follows whether large messages come one after the other, beside small
// requests, for which it matters. Only the hub's goroutine uses it.
type rush struct {
	told  func(busy int) // see Options.Rush
	turns *turns
	small bool // small requests came before the last sweep
	quiet int  // sweeps since there was a reason
	on    bool
}

const (
	rushTurns = 32 // between two sweeps
	rushOver  = 10 // sweeps without
)

// sweep is called once a second, and told whether small requests came.
func (r *rush) sweep(small bool) {
	reads := r.turns.reads.Load()
	many := reads-r.turns.swept.Swap(reads) >= rushTurns
	r.small = small
	r.quiet++
	if many {
		r.see()
	}
	if r.quiet >= rushOver {
		r.end()
	}
}

func (r *rush) end() {
	if r.on {
		r.on = false
		r.told(0)
	}
}

// see is called as soon as there are many large messages.
func (r *rush) see() {
	if !r.small {
		return
	}
	r.quiet = 0
	if !r.on {
		r.on = true
		r.told(r.turns.most)
	}
}
