package server

import (
	"golang.org/x/time/rate"

	"penstock/protocol"
)

// What a client may cause without sending a row: each costs the server as much
// as a prediction, and nobody has a use for thousands a second.
const (
	errorsPerSecond, errorsAtOnce = 100, 500
	pingsPerSecond, pingsAtOnce   = 100, 200
	hellosPerSecond, hellosAtOnce = 10, 20
)

// manners follow how a client behaves. The limiters are made when first needed:
// most clients never do.
type manners struct{ errors, pings, hellos *rate.Limiter }

func allowed(l **rate.Limiter, perSecond rate.Limit, atOnce int) *rate.Limiter {
	if *l == nil {
		*l = rate.NewLimiter(perSecond, atOnce)
	}
	return *l
}

// ping counts a message that asks for a small answer and for nothing else. It
// reports false where there are so many that the link was ended.
func (l *link) ping() bool {
	if allowed(&l.manners.pings, pingsPerSecond, pingsAtOnce).Allow() {
		return true
	}
	l.expel("ping flood")
	return false
}

// hello counts a message that asks for a large answer.
func (l *link) hello() *protocol.Error {
	return limited(allowed(&l.manners.hellos, hellosPerSecond, hellosAtOnce), "too many hello messages")
}

// blame counts an error that was sent. A client that causes one after the other
// is not going to stop by itself.
func (l *link) blame(code protocol.Code) {
	switch code {
	case protocol.Overloaded, protocol.DeadlineExceeded, protocol.Cancelled, protocol.ModelError, protocol.Draining, protocol.Internal:
		return // not the client's doing
	}
	if !allowed(&l.manners.errors, errorsPerSecond, errorsAtOnce).Allow() {
		l.expel(protocol.ReasonTooManyErrs)
	}
}

// limited takes one from the limiter, or says how long there is none.
func limited(l *rate.Limiter, what string) *protocol.Error {
	reserved := l.Reserve()
	wait := reserved.Delay()
	if wait == 0 {
		return nil
	}
	reserved.Cancel()
	err := protocol.Errorf(protocol.RateLimited, "%s; wait a moment", what)
	err.RetryAfter = wait
	return err
}

// expel ends the link of a peer that does not stop by itself: what it sends
// meanwhile is not even read.
func (l *link) expel(reason string) {
	l.goodbye(closePolicy, reason)
	l.ended.Store(true)
}
