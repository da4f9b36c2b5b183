package access

import (
	"errors"
	"fmt"
	"time"
)

// Reason is why somebody was not let in, or was shown out. There are few: they are
// labels of metrics.
type Reason string

// The reasons.
const (
	Missing     Reason = "missing"     // no token came, or not in time
	TooLong     Reason = "too_long"    // more than MaxToken bytes
	Malformed   Reason = "malformed"   // no token
	Algorithm   Reason = "algorithm"   // not one that a key here is for
	UnknownKey  Reason = "unknown_key" // names a key that is not known
	Signature   Reason = "signature"
	Expired     Reason = "expired"
	NotYet      Reason = "not_yet"  // nbf or iat are in the future
	Lifetime    Reason = "lifetime" // exp is missing, or too far away
	Issuer      Reason = "issuer"
	Audience    Reason = "audience"
	Subject     Reason = "subject" // no name, or one that cannot be shown
	Revoked     Reason = "revoked"
	ManySockets Reason = "many_sockets"
	Forbidden   Reason = "forbidden"
	RateLimited Reason = "rate_limited"
	Unavailable Reason = "unavailable" // the keys of the identity provider are not to be had
	Origin      Reason = "origin"      // a page of a site that may not use this server
	Host        Reason = "host"        // a name that this server does not answer to
)

// Reasons are all of them.
func Reasons() []Reason {
	return []Reason{Missing, TooLong, Malformed, Algorithm, UnknownKey, Signature, Expired, NotYet, Lifetime, Issuer, Audience,
		Subject, Revoked, ManySockets, Forbidden, RateLimited, Unavailable, Origin, Host}
}

// RefusedError refuses a token. What it says is the same for every reason: who tries
// tokens learns nothing from it. The reason is for metrics and logs.
type RefusedError struct{ Reason Reason }

func (e *RefusedError) Error() string {
	return "the token is not accepted; send one that is valid here and has not expired"
}

func refuse(r Reason) error { return &RefusedError{r} }

// ErrUnavailable says that a token cannot be checked now: it is not refused.
var ErrUnavailable = errors.New("the token cannot be checked at the moment; send it again")

// Why what a session's holder wants is refused.
var (
	ErrForbidden = errors.New("the token does not grant this")
	ErrExpired   = errors.New("the token has expired")
	ErrRevoked   = errors.New("the token was revoked")
	// ErrOther refuses to renew a session with the token of somebody else.
	ErrOther = errors.New("the token is another user's than this connection's; open a connection of its own for it")
)

// RateError refuses what would be more than a caller may send in a second.
type RateError struct {
	What       string // rows, bytes
	RetryAfter time.Duration
}

func (e *RateError) Error() string {
	return fmt.Sprintf("this caller has sent more %s than it may in a second; send again after retry_after_ms, or more slowly", e.What)
}

// ManyError refuses another connection of a user.
type ManyError struct{ Limit int }

func (e *ManyError) Error() string {
	return fmt.Sprintf("this user has %d connections open, and may have no more", e.Limit)
}
