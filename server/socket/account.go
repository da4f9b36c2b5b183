package socket

import "penstock/server/budget"

// Cost is what a connection costs that is open and has nothing to do, in bytes:
// the Conn, what its endpoint keeps for it, the reader's stack and the runtime's
// part in it. See docs/benchmarks.md.
const Cost = 16 << 10

// LayerCost is what a connection over TLS costs besides: its keys, a record that it
// reads into and keeps the room of, and a deeper stack.
const LayerCost = 32 << 10

// Debt is what a request makes its connection hold until it is answered, in
// bytes.
type Debt struct {
	Frame int // of its answer, at most: the payload and HeaderBytes
	Rows  int // of all else that is held meanwhile, such as features and scores
}

// account is what a socket makes the process hold beyond that: requests on
// their way, and replies that its peer has not taken. Guarded by its outbox's
// mutex.
type account struct {
	holder *budget.Holder // of the budget
	limit  int            // of replies

	replies int // bytes of frames that are not written, and of those that are to come
	rows    int // bytes of the features and scores of requests on their way
	granted int // bytes taken from the budget
	closed  bool
}

// The budget is asked for so much at a time, and given back no less, unless all
// is: what comes and goes with every request costs others nothing then.
const (
	grantStep = 8 << 10
	grantIdle = 32 << 10
)

// fits reports whether replies may become so many bytes longer.
func (a *account) fits(replies int) bool { return a.replies+replies <= a.limit }

// open takes a request into the account, if the budget has room for it.
func (a *account) open(replies, rows int) bool {
	need := a.replies + a.rows + replies + rows
	if more := need - a.granted; more > 0 && !a.closed {
		more = (more + grantStep - 1) / grantStep * grantStep
		if !a.holder.Take(int64(more), a.granted == 0) {
			return false
		}
		a.granted += more
	}
	a.replies += replies
	a.rows += rows
	return true
}

// owe adds bytes of replies that cannot be refused; fewer when they are written.
func (a *account) owe(replies int) { a.settle(replies, 0) }

// settle changes both by differences, and the grant with them.
func (a *account) settle(replies, rows int) {
	a.replies += replies
	a.rows += rows
	if a.closed {
		return
	}
	switch spare := a.granted - a.replies - a.rows; {
	case spare < 0:
		more := (-spare + grantStep - 1) / grantStep * grantStep
		a.holder.Force(int64(more))
		a.granted += more
	case spare > grantIdle || a.replies+a.rows == 0:
		a.holder.Give(int64(spare))
		a.granted -= spare
	}
}

// move has the account kept with another holder.
func (a *account) move(to *budget.Holder) {
	a.holder.Give(int64(a.granted))
	a.holder = to
	to.Force(int64(a.granted))
}

// close gives back all that was granted. What is told of later does not count.
func (a *account) close() {
	if !a.closed {
		a.closed = true
		a.holder.Give(int64(a.granted))
		a.granted = 0
	}
}
