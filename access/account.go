package access

import (
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// account is what is counted of one user over all connections; without tokens, of one
// address.
type account struct {
	user     string // empty without tokens
	share    string
	sessions map[*Session]struct{} // guarded by Guard.mu, as are sockets and gone
	sockets  int
	gone     time.Time // when the last session went

	weight      atomic.Int32
	most        atomic.Int32 // sockets; 0 is no limit
	rows, bytes meter
}

// meter bounds what is sent in a second; so much may come at once. The zero meter
// bounds nothing.
type meter struct{ limiter atomic.Pointer[rate.Limiter] }

// set changes the bound. What was sent already counts on.
func (m *meter) set(perSecond int) {
	old := m.limiter.Load()
	switch {
	case perSecond == 0:
		m.limiter.Store(nil)
	case old == nil:
		m.limiter.Store(rate.NewLimiter(rate.Limit(perSecond), perSecond))
	case old.Burst() != perSecond:
		old.SetLimit(rate.Limit(perSecond))
		old.SetBurst(perSecond)
	}
}

// take counts n, or returns how long to wait until they may come. What is more than a
// second may have counts as that: it waits for a whole one.
func (m *meter) take(n int, now time.Time) (r *rate.Reservation, wait time.Duration) {
	l := m.limiter.Load()
	if l == nil {
		return nil, 0
	}
	r = l.ReserveN(now, min(n, l.Burst()))
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
	}
	return r, wait
}

func (m *meter) unbounded() bool { return m.limiter.Load() == nil }

// limit takes limits that may have changed.
func (a *account) limit(l Limits) {
	a.weight.Store(int32(min(l.Weight, mostWeight))) //nolint:gosec // it fits
	a.most.Store(int32(min(l.Sockets, 1<<30)))       //nolint:gosec // it fits
	a.rows.set(l.RowsPerSecond)
	a.bytes.set(l.BytesPerSecond)
}

// limitsOf are those that hold for an account.
func (g *Guard) limitsOf(a *account) Limits {
	if a.user == "" {
		l := g.opt.Limits
		l.Sockets = 0 // which are counted by address elsewhere
		l.Weight = max(l.Weight, 1)
		return l
	}
	return g.policy.Load().limits(a.user, g.opt.Limits)
}

// forgetAfter is for how long a user is remembered who has gone: longer than a second,
// after which nothing is left that a limit would count.
const forgetAfter = 5 * time.Second

// forget drops users who have gone.
func (g *Guard) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for share, a := range g.users {
		if len(a.sessions) == 0 && time.Since(a.gone) >= forgetAfter {
			delete(g.users, share)
		}
	}
}

// Users is how many users are remembered; without tokens, addresses.
func (g *Guard) Users() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.users)
}
