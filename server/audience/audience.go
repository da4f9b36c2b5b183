package audience

import (
	"cmp"
	"time"

	"penstock/lockorder"
)

// Options bound an Audience. Zero fields take their defaults.
type Options struct {
	// MaxGroups is how many groups one connection may have joined. Default 16.
	MaxGroups int
	// MaxWaiting is how many messages wait for one user; of more the oldest goes.
	// Default 50.
	MaxWaiting int
	// MaxAbsent is for how many users messages wait; of more the one that was written
	// to longest ago loses them. Default 4096.
	MaxAbsent int
	// MaxBytes is how much memory all that waits may take; beyond it the user that was
	// written to longest ago loses it. Default 8 MiB.
	MaxBytes int
	// WaitsFor is how long a message waits. Default 24 h.
	WaitsFor time.Duration
}

func (o Options) withDefaults() Options {
	o.MaxGroups = cmp.Or(o.MaxGroups, 16)
	o.MaxWaiting = cmp.Or(o.MaxWaiting, 50)
	o.MaxAbsent = cmp.Or(o.MaxAbsent, 4096)
	o.MaxBytes = cmp.Or(o.MaxBytes, 8<<20)
	o.WaitsFor = cmp.Or(o.WaitsFor, 24*time.Hour)
	return o
}

// Audience is everybody who is connected. It is safe for concurrent use.
type Audience struct {
	opt Options

	mu     lockorder.Mutex[lockorder.Audience]
	users  map[string]*circle
	groups map[string]*circle
	away   waiting
	counts Counts
}

// New makes an Audience of nobody. It starts nothing.
func New(opt Options) *Audience {
	opt = opt.withDefaults()
	return &Audience{opt: opt, users: make(map[string]*circle), groups: make(map[string]*circle), away: newWaiting(opt)}
}

// Outcome is what became of a message.
type Outcome struct {
	Delivered int  // to how many connections it was handed
	Waits     bool // for the user, who has none that took it
}

// TellUser hands a message to all connections of a user. Where none takes it, it waits
// for the next. The message is not changed any more.
func (a *Audience) TellUser(user string, message []byte) Outcome {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := a.tell(a.users[user], message); n > 0 {
		return Outcome{Delivered: n}
	}
	return Outcome{Waits: a.away.put(user, message, time.Now())}
}

// TellGroup hands a message to all connections that have joined a group. It waits for
// nobody.
func (a *Audience) TellGroup(group string, message []byte) Outcome {
	a.mu.Lock()
	defer a.mu.Unlock()
	return Outcome{Delivered: a.tell(a.groups[group], message)}
}

// tell hands a message to a circle, which may be nil. The caller holds a.mu.
func (a *Audience) tell(c *circle, message []byte) (delivered int) {
	if c == nil {
		return 0
	}
	for i := len(c.seats) - 1; i >= 0; i-- { // from the end: who leaves meanwhile is replaced by the last
		s := c.seats[i]
		switch m := s.member; {
		case m.guest.Ended():
		case s.lost():
			m.drop(s)
		case m.peer.Tell(message):
			delivered++
		default:
			a.counts.Missed++
		}
	}
	a.counts.Delivered += uint64(delivered)
	return delivered
}

// Counts are what happened so far, and what is there now.
type Counts struct {
	Delivered uint64 // messages handed to connections, one for each
	Missed    uint64 // messages that connections did not take
	Forgotten uint64 // messages that waited and were dropped
	Waiting   int    // messages that wait now
	Groups    int    // groups that somebody has joined now
}

// Counts returns them.
func (a *Audience) Counts() Counts {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.away.expire(time.Now())
	c := a.counts
	c.Forgotten, c.Waiting, c.Groups = a.away.forgotten, a.away.count, len(a.groups)
	return c
}
