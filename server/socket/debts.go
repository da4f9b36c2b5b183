package socket

import "context"

// What follows is done with the outbox locked: a request is taken, and its answer
// entered, in one step with what its owner does beside that, such as keeping a
// table of ids. Nobody may wait for anything else meanwhile. A request goes
// through
//
//	Take → Answer, AnswerLate or Forgive
//
// once each. Between, anybody may do the second part.

// Lock takes the outbox's mutex.
func (o *Outbox) Lock() { o.mu.Lock() }

// Unlock gives it back. What was appended leaves with the next flush.
func (o *Outbox) Unlock() { o.mu.Unlock() }

// Open reports whether a frame appended now may still reach the peer. The caller
// holds the lock.
func (o *Outbox) Open() bool { return !o.closing && !o.dead }

// MaxFrame is how long the frame of an answer may be: what is longer would wait for
// ever. The lock is not needed.
func (o *Outbox) MaxFrame() int { return o.account.limit }

// Fits reports whether there is room for an answer now, in what one connection
// may be owed. The caller holds the lock.
func (o *Outbox) Fits(d Debt) bool { return o.account.fits(d.Frame) }

// WaitRoom waits until the answer fits, by what the peer takes meanwhile, or the
// outbox is not open any more. The rest of the debt counts meanwhile; it reports
// false where the budget has no room for that. It is the reader's call: the
// connection is not read until it returns. The caller holds the lock, which is
// free meanwhile.
func (o *Outbox) WaitRoom(d Debt) bool {
	if !o.account.open(0, d.Rows) {
		return false
	}
	o.waitUntil(func() bool { return o.Fits(d) || !o.Open() })
	o.account.settle(0, -d.Rows)
	return true
}

// Take enters a request that is to be answered. It reports false, and has done
// nothing, where the budget has no room for it. The caller holds the lock.
func (o *Outbox) Take(d Debt) bool {
	if !o.account.open(d.Frame, d.Rows) {
		return false
	}
	o.unanswered++
	return true
}

// Forgive ends a request that gets no answer, or another than was taken into
// account. The caller holds the lock.
func (o *Outbox) Forgive(d Debt) {
	o.answered()
	o.account.settle(-d.Frame, -d.Rows)
}

// answered counts a request that has its answer.
func (o *Outbox) answered() {
	if o.unanswered--; o.unanswered == 0 {
		o.changed.Broadcast() // the reader may wait for it, to say goodbye
	}
}

// Begin begins a frame. It returns the memory to append the payload to, which is
// then given to End or Answer, before anything else is done with the outbox; where
// it is not, nothing was appended. The caller holds the lock, and has seen that
// the outbox is open.
func (o *Outbox) Begin() []byte {
	if o.frames == nil {
		o.frames = newFrames()
	}
	var dst []byte
	dst, o.start = beginFrame(o.frames.b)
	return dst
}

// End completes a frame that is no answer to a request that was taken.
func (o *Outbox) End(frame []byte, kind Kind) {
	o.frames.b = endFrame(frame, o.start, kind)
	o.account.owe(len(o.frames.b) - o.start)
}

// Answer completes the frame that answers a request, and pays its debt.
func (o *Outbox) Answer(frame []byte, kind Kind, d Debt) {
	o.answered()
	o.frames.b = endFrame(frame, o.start, kind)
	o.account.settle(len(o.frames.b)-o.start-d.Frame, -d.Rows)
}

// LongReply is how many bytes an answer may have to be written down by the worker
// that made it. A longer one is kept as it is, and written down by who writes to
// its connection: a batch of 64 rows takes a worker less time than the JSON of a
// thousand scores for each of them.
const LongReply = 64 << 10

// Late is an answer that is written down later.
type Late interface {
	// Append appends the payload. It is called once at most, by the writer and
	// without the lock, in a turn (see Conn.Turn). The outbox has let go of the
	// answer when it is called, which may thus give up its own memory at the end.
	// A panic costs the connection.
	Append(dst []byte) []byte
}

// AnswerLate enters the answer to a request that is not written down yet. Its
// debt is paid when it is. The caller holds the lock, and has seen that the outbox
// is open.
func (o *Outbox) AnswerLate(answer Late, kind Kind, d Debt) {
	o.answered()
	o.late.put(lateAnswer{answer, kind, d})
}

type lateAnswer struct {
	Late
	kind Kind
	debt Debt
}

// lateList holds late answers in the order in which they came.
type lateList struct {
	answers []lateAnswer // those before next are taken
	next    int
	turn    bool // the next to be written is one of these
}

// lateKept bounds the memory that an empty list keeps.
const lateKept = 8

func (l *lateList) empty() bool { return l.next == len(l.answers) }

func (l *lateList) put(a lateAnswer) { l.answers = append(l.answers, a) }

func (l *lateList) take() lateAnswer {
	a := l.answers[l.next]
	l.answers[l.next] = lateAnswer{}
	if l.next++; l.empty() {
		l.answers, l.next = l.answers[:0], 0
		if cap(l.answers) > lateKept {
			l.answers = nil
		}
	}
	return a
}

// share is whose the connection is.
func (o *Outbox) share() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.account.holder.Name()
}

// writeDown appends the frame of a late answer to dst.
func (o *Outbox) writeDown(dst *buffer, a lateAnswer) error {
	_ = o.turns.take(context.Background(), o.share()) // which never ends
	defer o.turns.give()
	var start int
	dst.b, start = beginFrame(dst.b)
	dst.b = endFrame(a.Append(dst.b), start, a.kind)
	return nil
}
