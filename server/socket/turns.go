package socket

import (
	"context"
	"runtime"
	"sync/atomic"
)

// turns bounds how many goroutines at a time read or write down what takes
// milliseconds, so that a processor is left for the others: what takes
// microseconds passes by.
type turns struct {
	free  chan struct{}
	reads atomic.Int64  // turns that readers took, ever
	swept atomic.Int64  // of them before the last sweep
	many  chan struct{} // told when there were rushTurns since
}

// newTurns allows half of the processors, and one at least.
func newTurns() *turns {
	return &turns{free: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), many: make(chan struct{}, 1)}
}

func (t *turns) take() { t.free <- struct{}{} }
func (t *turns) give() { <-t.free }

// takeToRead is take for the reader of a large message, which waits until ctx ends.
func (t *turns) takeToRead(ctx context.Context) error {
	if t.reads.Add(1)-t.swept.Load() == rushTurns {
		select {
		case t.many <- struct{}{}:
		default:
		}
	}
	select {
	case t.free <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
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
		r.told(cap(r.turns.free))
	}
}
