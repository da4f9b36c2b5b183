package client

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"penstock/protocol"
)

// A renewer keeps one connection's token fresh: when the server tells that it is
// about to expire, and by itself before that where it knows when. A nil renewer,
// of a client without tokens, does nothing.
type renewer struct {
	o      *Options
	asking *asking
	tell   func(*TokenError)

	expiring chan struct{} // holds a token after the server's notice
	learned  chan struct{} // holds a token after an auth_ok
	expires  atomic.Pointer[time.Time]

	// Of the goroutine that runs it, and of others when that has ended:
	used    secret // what the server knows us by
	refused secret // what it would not have
	fresh   bool   // a token was fetched that the server has not answered
	failed  *TokenError
}

const (
	// renewBefore is how long before its end a token is renewed, a third of its
	// life at most: before the server's notice, which comes 60 s ahead.
	renewBefore = 90 * time.Second
	// renewPause is between renewals that the server did not ask for.
	renewPause = 10 * time.Second
)

func newRenewer(o *Options, s *socket, a *asking, tell func(*TokenError)) *renewer {
	if o.Token == nil {
		return nil
	}
	return &renewer{o: o, asking: a, tell: tell, used: s.token,
		expiring: make(chan struct{}, 1), learned: make(chan struct{}, 1)}
}

// warn is called by the reader with the notice that the token is about to expire.
func (r *renewer) warn(t *told) {
	if r == nil {
		return
	}
	if at := moment(t.Expires); !at.IsZero() {
		r.expires.Store(&at)
	}
	poke(r.expiring)
}

// learn is called by the reader with an auth_ok.
func (r *renewer) learn(t *told) {
	if r == nil {
		return
	}
	at := moment(t.Expires)
	r.expires.Store(&at)
	poke(r.learned)
}

func (r *renewer) end() time.Time {
	if at := r.expires.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// run renews until ctx ends. Calls that the connection carries go on meanwhile.
func (r *renewer) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.learned:
			timer.Stop()
			if left := time.Until(r.end()); left > 0 { // else the clocks differ, and the notice will come
				timer.Reset(max(left-min(renewBefore, left/3), renewPause))
			}
			continue
		case <-r.expiring:
		case <-timer.C:
		}
		r.renew(ctx)
	}
}

// renew tries until it succeeds, or the connection ends, as it does when the token
// expires.
func (r *renewer) renew(ctx context.Context) {
	waits := &backoff{min: r.o.BackoffMin, max: r.o.BackoffMax}
	for {
		final, err := r.once(ctx)
		switch {
		case err == nil:
			select { // a notice meanwhile was about the token before
			case <-r.expiring:
			default:
			}
			return
		case ctx.Err() != nil:
			return
		}
		r.failed = &TokenError{Expires: r.end(), Final: final, Err: err}
		r.tell(r.failed)
		if final || !pause(ctx, waits.next(RetryAfter(err))) {
			return
		}
	}
}

var (
	errSameToken    = errors.New("Options.Token returned the token that is about to expire; expected a new one")
	errRefusedToken = errors.New("Options.Token returned a token that the server refused; expected another one")
)

// once fetches a token and sends it. Final tells that trying again is of no use.
func (r *renewer) once(ctx context.Context) (final bool, err error) {
	fetching, cancel := context.WithTimeout(ctx, r.o.DialTimeout)
	defer cancel()
	token, err := r.o.fetchToken(fetching)
	switch {
	case err != nil:
		return isRefusal(err), err
	case r.used.is(token):
		return false, errSameToken
	case r.refused.is(token):
		return false, errRefusedToken
	}
	r.fresh, r.failed = true, nil
	q := newQuestion("auth_ok", "", append(appendString([]byte(`{"type":"auth","token":`), token), '}'))
	q.token = keep(token)
	err = r.asking.ask(ctx, q)
	switch {
	case err == nil:
		r.used, r.refused, r.fresh = q.token, nil, false
	case isRefusal(err):
		r.refused = q.token
	}
	return false, err
}

// explain adds to the end of a connection whose token expired what came of the
// renewal. It comes after run. Its words are text alone: a request that is lost
// with the connection must not look as if the server had answered it.
func (r *renewer) explain(end *ConnError) *ConnError {
	if r == nil {
		return end
	}
	explained := *end
	explained.Reason = r.used.hide(end.Reason)
	if end.CloseCode != protocol.ClosePolicy || end.Reason != protocol.ReasonExpired || end.Err != nil {
		return &explained
	}
	const again = "the client does not reconnect by itself after 1008; Dial again, which asks Options.Token anew"
	switch {
	case r.failed != nil:
		explained.Err = errors.New(r.failed.Err.Error() + "; " + again)
	case r.fresh:
		explained.Err = errors.New("Options.Token had a fresh token, too late for this connection; " + again)
	default:
		explained.Err = errors.New(again)
	}
	return &explained
}
