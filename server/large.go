package server

import "runtime"

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
type turns chan struct{}

// newTurns allows half of the processors, and one at least.
func newTurns() turns { return make(turns, max(1, runtime.GOMAXPROCS(0)/2)) }

func (t turns) take() { t <- struct{}{} }
func (t turns) give() { <-t }
