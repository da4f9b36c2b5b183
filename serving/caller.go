package serving

import (
	"errors"
	"time"

	"penstock/quality"
)

// Anonymous is everybody's name where nobody says who they are.
const Anonymous = "anonymous"

// Caller is who asks. A front makes one for each of its connections.
type Caller struct {
	// User is the name that somebody proved to have, or Anonymous.
	User string
	// Share is who shares with whom what is shared out: room in batches, in queues and
	// in memory. Callers of one Share are one.
	Share string
	// Weight is how large a part of batches and queues that one gets: see
	// inference.Share. Zero is 1.
	Weight int
	// Name is how people know the Scope: a session, or a connection's number.
	Name string
	// Scope is whose request ids these are: a label finds the predictions of its own
	// scope alone.
	Scope quality.Scope
	// Until is when what the caller proved no longer holds; zero is never.
	Until time.Time
	// Rights are what the caller may do. Nil is everything.
	Rights Rights
}

// Action is what somebody may do with a model.
type Action string

// The actions.
const (
	Predict  Action = "predict"
	Feedback Action = "feedback"
)

// Rights say what a caller may do.
type Rights interface {
	// Allow reports whether the caller may do this with the model of a name. It is
	// asked for every request, and does not block.
	Allow(action Action, model string) bool
}

var (
	// ErrForbidden refuses what the caller has no right to.
	ErrForbidden = errors.New("the caller has no right to do this with this model")
	// ErrExpired refuses a caller whose time is over.
	ErrExpired = errors.New("what the caller proved to be no longer holds")
)

// may reports why a caller may not do something at a moment, of which zero is now; nil
// where it may.
func (c *Caller) may(action Action, model string, at time.Time) error {
	if !c.Until.IsZero() {
		if at.IsZero() {
			at = time.Now()
		}
		if !at.Before(c.Until) {
			return ErrExpired
		}
	}
	if c.Rights != nil && !c.Rights.Allow(action, model) {
		return ErrForbidden
	}
	return nil
}
