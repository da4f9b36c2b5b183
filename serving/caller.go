package serving

import (
	"time"

	"penstock/access"
	"penstock/quality"
)

// Caller is who asks. A front makes one for each of its connections.
type Caller struct {
	// User is the name that somebody proved to have, or access.Anonymous.
	User string
	// Share is who shares with whom what is shared out: room in batches, in queues and
	// in memory. Callers of one Share are one.
	Share string
	// Name is how people know the Scope: a session, or a connection's number.
	Name string
	// Scope is whose request ids these are: a label finds the predictions of its own
	// scope alone.
	Scope quality.Scope
	// Rights are what the caller may do, for as long as that holds. Nil is everything,
	// for ever.
	Rights Rights
}

// Rights say what a caller may do; an *access.Session does.
type Rights interface {
	// May returns why the caller may not do something with the model of a name, or
	// with any where that is empty; nil where it may. It is asked for every request,
	// with when that came, of which zero is now, and does not block.
	May(action access.Action, model string, at time.Time) error
	// Spend counts what a request has that the caller may send, and came at a time, or
	// returns why that is too much.
	Spend(rows, bytes int, at time.Time) error
	// Weight is how large a part of batches and queues the caller's Share gets: see
	// inference.Share. It is asked when the caller first asks a deployment.
	Weight() int
}

// weight is that of a caller without Rights as well.
func (c *Caller) weight() int {
	if c.Rights == nil {
		return 1
	}
	return c.Rights.Weight()
}

// may reports why the caller may not do something at a moment, of which zero is now;
// nil where it may.
func (c *Caller) may(action access.Action, model string, at time.Time) error {
	if c.Rights == nil {
		return nil
	}
	return c.Rights.May(action, model, at)
}

// spend counts a request.
func (c *Caller) spend(rows, bytes int, at time.Time) error {
	if c.Rights == nil {
		return nil
	}
	return c.Rights.Spend(rows, bytes, at)
}
