// Package manners bounds what a client may cause without sending a row: each such
// message costs the server as much as a prediction, and nobody has a use for
// thousands a second. It knows which errors are the client's doing, and ends the
// connection of one that does not stop by itself; what the messages say is its
// callers' business.
package manners

import (
	"golang.org/x/time/rate"

	"penstock/protocol"
	"penstock/server/socket"
)

const (
	errorsPerSecond, errorsAtOnce = 100, 500
	pingsPerSecond, pingsAtOnce   = 100, 200
	hellosPerSecond, hellosAtOnce = 10, 20
	authsPerSecond, authsAtOnce   = 1, 5 // each is a signature to verify
)

// Meter follows how the peer of one connection behaves. It belongs to the
// connection's reader. The limiters are made when first needed: most clients
// never do.
type Meter struct {
	conn *socket.Conn
	made *limiters
}

type limiters struct{ errors, pings, hellos, auths *rate.Limiter }

func (m *Meter) limiters() *limiters {
	if m.made == nil {
		m.made = new(limiters)
	}
	return m.made
}

// Of returns the meter of a connection.
func Of(conn *socket.Conn) Meter { return Meter{conn: conn} }

func made(l **rate.Limiter, perSecond rate.Limit, atOnce int) *rate.Limiter {
	if *l == nil {
		*l = rate.NewLimiter(perSecond, atOnce)
	}
	return *l
}

// Ping counts a message that asks for a small answer and for nothing else. It
// reports false where there are so many that the connection was ended.
func (m *Meter) Ping() bool {
	if made(&m.limiters().pings, pingsPerSecond, pingsAtOnce).Allow() {
		return true
	}
	m.conn.Expel("ping flood")
	return false
}

// Hello counts a message that asks for a large answer, and returns rate_limited
// where it gets none.
func (m *Meter) Hello() *protocol.Error {
	return Limited(made(&m.limiters().hellos, hellosPerSecond, hellosAtOnce), "too many hello messages")
}

// Auth counts a message with a token, and returns rate_limited where that is not looked
// at.
func (m *Meter) Auth() *protocol.Error {
	return Limited(made(&m.limiters().auths, authsPerSecond, authsAtOnce), "too many auth messages")
}

// Blame counts an error that was sent. A client that causes one after the other
// is not going to stop by itself, and its connection is ended.
func (m *Meter) Blame(code protocol.Code) {
	if Blameworthy(code) && !made(&m.limiters().errors, errorsPerSecond, errorsAtOnce).Allow() {
		m.conn.Expel(protocol.ReasonTooManyErrs)
	}
}

// Blameworthy reports whether an error is the client's doing.
func Blameworthy(code protocol.Code) bool {
	switch code {
	case protocol.Overloaded, protocol.DeadlineExceeded, protocol.Cancelled, protocol.ModelError, protocol.Draining, protocol.Internal,
		protocol.Unavailable:
		return false
	}
	return true
}

// Limited takes one from a limiter, or returns rate_limited with what there was
// too much of, and for how long there is none.
func Limited(l *rate.Limiter, what string) *protocol.Error {
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
