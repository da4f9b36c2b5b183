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
	sessions map[*Session]struct{} // guarded by Guard.mu, as is all up to gone
	anybody  *Session              // without tokens, that of all
	open     int                   // sessions
	sockets  int
	gone     time.Time // when the last session went

	began       time.Time
	latest      atomic.Int64 // when what was counted last came, since began
	weight      atomic.Int32
	most        atomic.Int32 // sockets; 0 is no limit
	rows, bytes meter
}

// meter bounds what is sent in a second; so much may come at once. The zero meter
// bounds nothing.
type meter struct {
	limiter atomic.Pointer[rate.Limiter]
	back    atomic.Int64 // taken and given back: what is taken next
}

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

// take counts n, and reports false where so much may not come now. What is more than a
// second may have counts as that: it waits for a whole one.
func (m *meter) take(n int, now time.Time) bool {
	l := m.limiter.Load()
	if l == nil {
		return true
	}
	n = min(n, l.Burst())
	used := 0
	if back := m.back.Load(); back > 0 {
		if first := min(int64(n), back); m.back.CompareAndSwap(back, back-first) {
			used = int(first)
		}
	}
	if l.AllowN(now, n-used) {
		return true
	}
	m.back.Add(int64(used))
	return false
}

// give takes back what was taken, for something that was refused after all.
func (m *meter) give(n int) {
	if l := m.limiter.Load(); l != nil {
		m.back.Add(int64(min(n, l.Burst())))
	}
}

// wait is how long n would have to wait now; zero where they would not.
func (m *meter) wait(n int, now time.Time) time.Duration {
	l := m.limiter.Load()
	if l == nil {
		return 0
	}
	r := l.ReserveN(now, min(n, l.Burst()))
	defer r.CancelAt(now)
	return r.DelayFrom(now)
}

func (m *meter) unbounded() bool { return m.limiter.Load() == nil }

// clock returns a time that does not go back, for what came at a time: messages that
// waited are counted after younger ones, and a limiter would give the time between to
// their sender again.
func (a *account) clock(at time.Time) time.Time {
	since := int64(at.Sub(a.began))
	for {
		latest := a.latest.Load()
		if since <= latest {
			return a.began.Add(time.Duration(latest))
		}
		if a.latest.CompareAndSwap(latest, since) {
			return at
		}
	}
}

// limit takes limits that may have changed.
func (a *account) limit(l Limits) {
	a.weight.Store(int32(min(l.Weight, mostWeight)))
	a.most.Store(int32(min(l.Sockets, 1<<30)))
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
		if a.open == 0 && time.Since(a.gone) >= forgetAfter {
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
