package access

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rates bounds how often something happens, for each of many names. Names at rest are
// forgotten. It is safe for concurrent use.
type Rates struct {
	perSecond rate.Limit
	atOnce    int

	mu     sync.Mutex
	byName map[string]*rate.Limiter
	looked time.Time
}

// NewRates allows each name so many a second, and so many at once. Zero a second is no
// bound.
func NewRates(perSecond, atOnce int) *Rates {
	return &Rates{perSecond: rate.Limit(perSecond), atOnce: atOnce, byName: make(map[string]*rate.Limiter)}
}

// Take counts one of a name, or returns how long to wait.
func (r *Rates) Take(name string) (wait time.Duration) {
	if r.perSecond == 0 {
		return 0
	}
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now)
	l := r.byName[name]
	if l == nil {
		l = rate.NewLimiter(r.perSecond, r.atOnce)
		r.byName[name] = l
	}
	taken := l.ReserveN(now, 1)
	if wait = taken.DelayFrom(now); wait > 0 {
		taken.CancelAt(now)
	}
	return wait
}

// Wait is how long Take would say to wait. It counts nothing.
func (r *Rates) Wait(name string) time.Duration {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.byName[name]
	if l == nil {
		return 0
	}
	taken := l.ReserveN(now, 1)
	defer taken.CancelAt(now)
	return taken.DelayFrom(now)
}

// forget drops names at rest, of which nothing would be known anew either. The caller
// holds r.mu.
func (r *Rates) forget(now time.Time) {
	if now.Sub(r.looked) < time.Second {
		return
	}
	r.looked = now
	for name, l := range r.byName {
		if l.TokensAt(now) >= float64(r.atOnce) {
			delete(r.byName, name)
		}
	}
}
