package server

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"penstock/access"
	"penstock/protocol"
	"penstock/server/audience"
	"penstock/server/quietlog"
)

// reasonOf is why somebody was refused; empty for errors that are not about that.
func reasonOf(err error) access.Reason {
	var refused *access.RefusedError
	var many *access.ManyError
	var rate *access.RateError
	switch {
	case errors.Is(err, access.ErrUnavailable):
		return access.Unavailable
	case errors.As(err, &refused):
		return refused.Reason
	case errors.As(err, &many):
		return access.ManySockets
	case errors.As(err, &rate):
		return access.RateLimited
	case errors.Is(err, access.ErrForbidden), errors.Is(err, access.ErrOther), errors.Is(err, audience.ErrForbidden):
		return access.Forbidden
	case errors.Is(err, access.ErrExpired):
		return access.Expired
	case errors.Is(err, access.ErrRevoked):
		return access.Revoked
	}
	return ""
}

// turnedAway counts and tells that somebody was refused at the door.
func (s *Server) turnedAway(why access.Reason, path, remote string) {
	s.metrics.countRefusal(why)
	s.quiet.Log(slog.LevelWarn, "callers were refused", "reason", string(why), "path", quietlog.Cut(path), "remote", remote)
}

// accessRefusal puts an error of access or of audience into the protocol's words, and
// counts it; nil for another's.
func (s *Server) accessRefusal(err error) *protocol.Error {
	if why := reasonOf(err); why != "" {
		s.metrics.countRefusal(why)
	}
	return refusalOf(err)
}

// refusalOf is accessRefusal for what was counted already.
func refusalOf(err error) *protocol.Error {
	var rate *access.RateError
	switch reasonOf(err) {
	case "":
		if errors.Is(err, audience.ErrManyGroups) {
			return protocol.Errorf(protocol.BadMessage, "%s", err)
		}
		return nil
	case access.Forbidden:
		return protocol.Errorf(protocol.Forbidden, "%s", err)
	case access.RateLimited:
		e := protocol.Errorf(protocol.RateLimited, "%s", err)
		if errors.As(err, &rate) {
			e.RetryAfter = rate.RetryAfter
		}
		return e
	case access.Unavailable:
		e := protocol.Errorf(protocol.Unavailable, "%s", err)
		e.RetryAfter = unavailableRetry
		return e
	case access.Missing:
		return protocol.Errorf(protocol.Unauthorized, "%s", needsToken)
	}
	return protocol.Errorf(protocol.Unauthorized, "%s", err)
}

const needsToken = "a token is needed; send it in the header Authorization: Bearer"

// mayPredict says why a guest may not ask a model at a moment, of which zero is now.
func (s *Server) mayPredict(guest *access.Session, model *wired, at time.Time) *protocol.Error {
	if err := guest.May(access.Predict, model.Spec.Name, at); err != nil {
		return s.accessRefusal(err)
	}
	return nil
}

// guest opens a session for who sends a request; it must be left. The error is one of
// access.
func (s *Server) guest(r *http.Request, entry access.Entry) (*access.Session, error) {
	caller := s.visitor(r).Caller
	if caller != "" && s.badTokens.Wait(caller) > 0 { // who tries many tokens does not get to try more
		return nil, errKnocks
	}
	id, err := s.identify(r)
	if err != nil {
		if caller != "" {
			s.badTokens.Take(caller)
		}
		return nil, err
	}
	entry.Share = s.address(r)
	return s.opt.Access.Enter(id, entry)
}

// errKnocks refuses an address that tries too often.
var errKnocks = &access.RateError{What: "tokens that were refused", RetryAfter: time.Second}

// knock counts a handshake of an address. It reports false where there are too many.
func (s *Server) knock(r *http.Request) bool {
	v := s.visitor(r)
	return v.Caller == "" || s.knocks.Take(v.Caller) == 0
}

// guarded serves those who may do something, with any model at least.
func (s *Server) guarded(action access.Action, serve func(http.ResponseWriter, *http.Request, *access.Session)) http.HandlerFunc {
	return s.known(func(w http.ResponseWriter, r *http.Request, guest *access.Session) {
		if err := guest.May(action, "", time.Time{}); err != nil {
			s.refuseHTTP(w, r, err)
			return
		}
		serve(w, r, guest)
	})
}

// known serves those who have shown who they are.
func (s *Server) known(serve func(http.ResponseWriter, *http.Request, *access.Session)) http.HandlerFunc {
	return s.entered(access.Entry{}, serve)
}

// entered is known for an answer of a kind.
func (s *Server) entered(entry access.Entry, serve func(http.ResponseWriter, *http.Request, *access.Session)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		guest, err := s.guest(r, entry)
		if err != nil {
			s.refuseHTTP(w, r, err)
			return
		}
		defer guest.Leave()
		serve(w, r, guest)
	}
}

// refuseHTTP answers with why somebody is refused, as a problem.
func (s *Server) refuseHTTP(w http.ResponseWriter, r *http.Request, err error) {
	why := reasonOf(err)
	s.turnedAway(why, r.URL.Path, r.RemoteAddr)
	switch why {
	case access.ManySockets:
		s.tooBusy(w, r, refusedPerUser, err)
	case access.Forbidden:
		problem(w, http.StatusForbidden, "forbidden", err.Error()+"; see /api/me for what it does")
	case access.Unavailable:
		w.Header().Set("Retry-After", "1")
		problem(w, http.StatusServiceUnavailable, "try_again_later", err.Error())
	case access.RateLimited:
		w.Header().Set("Retry-After", "1")
		problem(w, http.StatusTooManyRequests, "rate_limited", "too many refused tokens from this address; wait a moment")
	case access.Missing:
		challenge(w, why)
		problem(w, http.StatusUnauthorized, "unauthorized", needsToken)
	default:
		challenge(w, why)
		problem(w, http.StatusUnauthorized, "unauthorized", err.Error())
	}
}

// challenge says how to show who one is (RFC 6750, section 3).
func challenge(w http.ResponseWriter, why access.Reason) {
	text := `Bearer realm="penstock"`
	if why != access.Missing {
		text += `, error="invalid_token"`
	}
	w.Header().Set("WWW-Authenticate", text)
}

// standing puts what a guest may do into the protocol's words.
func standing(guest *access.Session) protocol.Standing {
	st := protocol.Standing{User: guest.User(), Scopes: notNil(guest.Grants().Scopes()), Groups: notNil(guest.Groups())}
	if until := guest.Expires(); !until.IsZero() {
		text := until.UTC().Format(time.RFC3339)
		st.Expires = &text
	}
	return st
}

// serveMe says who one is, and what one may do.
func (s *Server) serveMe(w http.ResponseWriter, _ *http.Request, guest *access.Session) {
	me := protocol.Me{Authentication: "none", Standing: standing(guest)}
	if s.opt.Access.Asks() {
		me.Authentication = "token"
	}
	writeJSON(w, protocol.Encode(me))
}

// retrySeconds is a time for the header Retry-After.
func retrySeconds(d time.Duration) string { return strconv.Itoa(max(1, int(math.Ceil(d.Seconds())))) }
