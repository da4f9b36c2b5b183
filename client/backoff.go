package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff paces reconnects: full jitter under a ceiling that doubles. (Brooker,
// "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.)
type backoff struct {
	min, max time.Duration
	ceiling  time.Duration // of the pause before the last attempt; zero at rest
}

// next draws the pause before the next attempt, at least floor.
func (b *backoff) next(floor time.Duration) time.Duration {
	if b.ceiling == 0 {
		b.ceiling = b.min
	} else {
		b.ceiling = min(plus(b.ceiling, b.ceiling), b.max)
	}
	return plus(floor, rand.N(plus(b.ceiling, 1)))
}

// lived tells how long the last connection stayed up. One that outlived its
// pause's ceiling was a success; one that was shut at once was another failure
// and must not start the ladder anew.
func (b *backoff) lived(d time.Duration) {
	if d > b.ceiling {
		b.ceiling = 0
	}
}

// pause waits for d and reports whether ctx was still alive then.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
