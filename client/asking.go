package client

import (
	"context"
	"sync/atomic"
	"time"

	"penstock/protocol"
)

// asking is how one connection asks for what is no prediction: auth, join and
// leave. Their answers bear no request_id, so one is asked at a time: then an
// error without an ID is the answer to it.
type asking struct {
	say     func(message []byte) error
	timeout time.Duration // of an answer; after it the next one may ask

	turn chan struct{}            // holds a token while a question is out
	out  atomic.Pointer[question] // the one that is out
	over chan struct{}            // closed with the connection's end
	why  error                    // of the end, set before over is closed
}

type question struct {
	message []byte
	answer  string // the type of the answer that grants it
	group   string // in that answer, or empty
	token   secret // that the message has, or nil

	dropped func() bool // asked when the turn has come: it is not wanted any more
	granted func()      // called by the reader
	result  chan error  // has room for the answer
}

func newAsking(timeout time.Duration, say func([]byte) error) *asking {
	return &asking{say: say, timeout: timeout, turn: make(chan struct{}, 1), over: make(chan struct{})}
}

func newQuestion(answer, group string, message []byte) *question {
	return &question{message: message, answer: answer, group: group, result: make(chan error, 1)}
}

// ask sends a question and waits for its answer: nil when it was granted. It
// returns errShut when the connection ended before it was sent. When ctx ends
// first, the answer still counts when it comes.
func (a *asking) ask(ctx context.Context, q *question) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case a.turn <- struct{}{}:
	case <-a.over:
		return errShut
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if q.dropped != nil && q.dropped() {
		<-a.turn
		return nil
	}
	a.out.Store(q)
	overdue := time.AfterFunc(a.timeout, func() {
		a.settle(q, protocol.Errorf(protocol.DeadlineExceeded, "the server did not answer within %v; expected %s", a.timeout, q.answer))
	})
	if err := a.say(q.message); err != nil {
		a.settle(q, &ConnError{CloseCode: abnormal, Err: err})
	}
	select {
	case err := <-q.result:
		overdue.Stop()
		return err
	case <-a.over:
		overdue.Stop()
		return a.why
	case <-ctx.Done(): // overdue ends the turn if the answer does not
		return context.Cause(ctx)
	}
}

// settle ends a question, once, and lets the next one ask.
func (a *asking) settle(q *question, err error) bool {
	if !a.out.CompareAndSwap(q, nil) {
		return false
	}
	if err == nil && q.granted != nil {
		q.granted()
	}
	q.result <- err
	<-a.turn
	return true
}

// hear is called by the reader with an answer that grants something.
func (a *asking) hear(t *told) {
	if q := a.out.Load(); q != nil && q.answer == t.Type && q.group == t.Group {
		a.settle(q, nil)
	}
}

// refuse is called by the reader with an error that has no request_id. It
// reports whether that answered a question.
func (a *asking) refuse(err *protocol.Error) bool {
	q := a.out.Load()
	if q == nil {
		return false
	}
	err.Message = q.token.hide(err.Message)
	return a.settle(q, err)
}

// end fails what is out, and sends who waits to the next connection.
func (a *asking) end(why error) {
	a.why = why
	close(a.over)
}
