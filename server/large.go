package server

import (
	"runtime"
	"sync/atomic"
)

// largeReply is how many bytes a reply may have to be written down by the
// worker that made it. A longer one is kept as it is, and written down by who
// writes to its socket: a batch of 64 rows takes the worker less time than the
// JSON of a thousand scores for each of them.
const largeReply = 64 << 10

// largeList holds requests whose replies are to be written down, in the order in
// which they were answered. Guarded by the outbox's mutex.
type largeList struct {
	first, last *request
	turn        bool // the next to be written is one of these
}

func (l *largeList) add(r *request) {
	r.next = nil
	if l.last == nil {
		l.first = r
	} else {
		l.last.next = r
	}
	l.last = r
}

func (l *largeList) take() *request {
	r := l.first
	l.first = r.next
	if l.first == nil {
		l.last = nil
	}
	r.next = nil
	return r
}

// writeDown appends the frame of a large reply to dst.
func (o *outbox) writeDown(dst *buffer, r *request) error {
	o.turns.take()
	defer o.turns.give()
	var start int
	dst.b, start = beginFrame(dst.b)
	dst.b = endFrame(r.appendPrediction(dst.b), start, r.opcode())
	return nil
}

// turns bounds how many goroutines at a time read or write down what takes
// milliseconds, so that a processor is left for the others: what takes
// microseconds passes by.
type turns struct {
	free  chan struct{}
	taken atomic.Int64 // ever
}

// newTurns allows half of the processors, and one at least.
func newTurns() *turns { return &turns{free: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))} }

func (t *turns) take() {
	t.free <- struct{}{}
	t.taken.Add(1)
}

func (t *turns) give() { <-t.free }

// takeTurn waits until the reader of a large message may go on. The caller gives
// the turn back.
func (l *link) takeTurn() {
	l.large.Store(true)
	l.hub.turns.take()
}

// rush follows whether large messages come one after the other, beside others for
// whom it matters.
type rush struct {
	told  func(busy int) // see Options.Rush
	turns *turns
	seen  int64 // turns taken before the last sweep
	quiet int   // sweeps since there were many
	on    bool
}

const (
	rushTurns = 32 // taken between two sweeps
	rushOver  = 10 // sweeps with fewer
)

// sweep is called once a second, and told whether somebody was heard meanwhile
// who sent nothing large.
func (r *rush) sweep(others bool) {
	taken := r.turns.taken.Load()
	many := others && taken-r.seen >= rushTurns
	r.seen = taken
	r.quiet++
	if many {
		r.quiet = 0
	}
	switch {
	case many && !r.on:
		r.on = true
		r.told(cap(r.turns.free))
	case r.on && r.quiet >= rushOver:
		r.on = false
		r.told(0)
	}
}
