package access

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// expiringBefore is when a session's holder is told that it ends.
const expiringBefore = time.Minute

// Watcher is told what becomes of a session. Its methods are called by goroutines of
// their own, and do not block for long.
type Watcher interface {
	// Expiring says that the session ends at a time, a minute before; where it began
	// with less, when half of that is left.
	Expiring(until time.Time)
	// End says that the session has ended, once, and why: Expired or Revoked.
	End(why Reason)
}

// Session is what the holder of one connection, or the sender of one request, may do,
// as long as that is open. It is safe for concurrent use.
type Session struct {
	guard   *Guard
	account *account
	socket  bool
	now     atomic.Pointer[standing]

	mu      sync.Mutex // of what follows; nothing is taken while it is held
	watcher Watcher    // nil: nobody is told
	timer   *time.Timer
	left    bool
	told    bool // that it has ended
}

// standing is what holds for a session at a moment.
type standing struct {
	identity *Identity
	grants   *Grants
	groups   []string
	over     error // why it ended; nil while it has not
}

func (g *Guard) standing(id *Identity) *standing {
	policy := g.policy.Load()
	return &standing{identity: id, grants: policy.grants(id), groups: policy.groups(id)}
}

// Entry says what kind of way in a session is for.
type Entry struct {
	// Share is with whom the holder shares what is counted, where there are no tokens:
	// an address. Users share with themselves.
	Share string
	// Socket says that it counts among the user's sockets.
	Socket bool
}

// Enter opens a session. It must be left. The error is a *ManyError, or a
// *RefusedError: the identity may have been revoked since it was verified.
func (g *Guard) Enter(id *Identity, entry Entry) (*Session, error) {
	if g.nobody != nil {
		return g.anybody(entry.Share), nil
	}
	s := &Session{guard: g, socket: entry.Socket}
	s.now.Store(g.standing(id))
	if err := g.enter(s, id); err != nil {
		return nil, err
	}
	// What was read or revoked between then and now has not found the session.
	s.stand(g.standing(id))
	if g.revoked.hold(id) || !g.knows(id) {
		s.Leave()
		return nil, refuse(Revoked)
	}
	return s, nil
}

// account returns the account of a share. The caller holds g.mu.
func (g *Guard) account(share, user string) *account {
	a := g.users[share]
	if a == nil {
		a = &account{user: user, share: share, began: time.Now()}
		a.limit(g.limitsOf(a))
		g.users[share] = a
	}
	return a
}

// anybody opens a session where nobody is asked who he is: those of one share have one
// together, since nothing tells them apart.
func (g *Guard) anybody(share string) *Session {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.account(share, "")
	if a.anybody == nil {
		a.anybody = &Session{guard: g, account: a}
		a.anybody.now.Store(g.nobody)
	}
	a.open++
	return a.anybody
}

// leave is the opposite of anybody.
func (g *Guard) leave(a *account) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if a.open--; a.open == 0 {
		a.gone = time.Now()
	}
}

// knows reports whether the API key that proved an identity is still one.
func (g *Guard) knows(id *Identity) bool {
	is := g.proofs.Load()
	if id.key == "" || is == nil {
		return true
	}
	now := is.keys[id.key]
	return now != nil && now.User == id.User
}

// Watch has a watcher told from now on what becomes of the session; where it has ended
// already, at once.
func (s *Session) Watch(w Watcher) {
	if s.guard.nobody != nil {
		return // it never ends, and is that of others too
	}
	s.mu.Lock()
	s.watcher = w
	s.mu.Unlock()
	switch over := s.now.Load().over; {
	case over == nil:
		s.arm()
	case errors.Is(over, ErrExpired):
		s.tellEnd(Expired)
	default:
		s.tellEnd(Revoked)
	}
}

func (g *Guard) enter(s *Session, id *Identity) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.account("user "+id.User, id.User)
	if s.socket {
		if most := int(a.most.Load()); most > 0 && a.sockets >= most {
			return &ManyError{Limit: most}
		}
		a.sockets++
	}
	s.account = a
	if a.sessions == nil {
		a.sessions = make(map[*Session]struct{})
	}
	a.sessions[s] = struct{}{}
	a.open++
	return nil
}

// Leave ends the session. It is called once. Its watcher is told nothing any more.
func (s *Session) Leave() {
	if s.guard.nobody != nil {
		s.guard.leave(s.account)
		return
	}
	s.mu.Lock()
	s.left = true
	if s.timer != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()
	g, a := s.guard, s.account
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, here := a.sessions[s]; !here {
		return
	}
	delete(a.sessions, s)
	if s.socket {
		a.sockets--
	}
	if a.open--; a.open == 0 {
		a.gone = time.Now()
	}
}

// Identity is who holds the session.
func (s *Session) Identity() *Identity { return s.now.Load().identity }

// User is the holder's name.
func (s *Session) User() string { return s.Identity().User }

// Share is with whom the holder shares room in batches, queues and memory: callers of
// one share are one.
func (s *Session) Share() string { return s.account.share }

// Weight is the holder's part of batches and queues, beside that of others.
func (s *Session) Weight() int { return int(s.account.weight.Load()) }

// Grants are what the holder may do.
func (s *Session) Grants() *Grants { return s.now.Load().grants }

// Groups are those that the holder may join; * is every group.
func (s *Session) Groups() []string { return s.now.Load().groups }

// MayJoin reports whether the holder may join a group.
func (s *Session) MayJoin(group string) bool {
	groups := s.Groups()
	return slices.Contains(groups, group) || slices.Contains(groups, allGroups)
}

// Expires is when the session ends, unless it is renewed; zero is never.
func (s *Session) Expires() time.Time { return s.Identity().Until }

// Ended reports whether the session has ended, or its time is over.
func (s *Session) Ended() bool {
	now := s.now.Load()
	until := now.identity.Until
	return now.over != nil || !until.IsZero() && !time.Now().Before(until)
}

// May reports why the holder may not do something with the model of a name, or with
// any where that is empty: ErrForbidden, ErrExpired or ErrRevoked. A zero time is now.
func (s *Session) May(a Action, model string, at time.Time) error {
	now := s.now.Load()
	if now.over != nil {
		return now.over
	}
	if until := now.identity.Until; !until.IsZero() {
		if at.IsZero() {
			at = time.Now()
		}
		if !at.Before(until) {
			return ErrExpired
		}
	}
	if !now.grants.Allow(a, model) {
		return ErrForbidden
	}
	return nil
}

// Spend counts rows and bytes that the holder has sent at a time, of which zero is now.
// The error is a *RateError, in which case they do not count.
func (s *Session) Spend(rows, bytes int, at time.Time) error {
	a := s.account
	if a.rows.unbounded() && a.bytes.unbounded() {
		return nil
	}
	if at.IsZero() {
		at = time.Now()
	}
	at = a.clock(at)
	if !a.rows.take(rows, at) {
		return &RateError{What: "rows", RetryAfter: a.rows.wait(rows, at)}
	}
	if !a.bytes.take(bytes, at) {
		a.rows.give(rows)
		return &RateError{What: "bytes", RetryAfter: a.bytes.wait(bytes, at)}
	}
	return nil
}

// Renew goes on with a new token of the same user. On an error all stays as it was:
// *RefusedError, or ErrOther.
func (s *Session) Renew(ctx context.Context, token string) error {
	id, err := s.guard.Token(ctx, token)
	if err != nil {
		return err
	}
	if id.User != s.User() {
		return ErrOther
	}
	if !s.stand(s.guard.standing(id)) {
		return ErrRevoked
	}
	s.restand(func(id *Identity) *Identity { return id }) // roles may have been read meanwhile
	if s.guard.revoked.hold(id) || !s.guard.knows(id) {   // between then and now
		s.end(Revoked, ErrRevoked)
		return ErrRevoked
	}
	s.arm()
	return nil
}

// restand looks again what holds for who holds the session, or for what is known of him
// now, unless the session has ended. A renewal that comes between is not undone.
func (s *Session) restand(known func(*Identity) *Identity) {
	for {
		was := s.now.Load()
		if was.over != nil || s.now.CompareAndSwap(was, s.guard.standing(known(was.identity))) {
			return
		}
	}
}

// stand changes what holds, unless the session has ended.
func (s *Session) stand(to *standing) bool {
	for {
		was := s.now.Load()
		if was.over != nil {
			return false
		}
		if s.now.CompareAndSwap(was, to) {
			return true
		}
	}
}
