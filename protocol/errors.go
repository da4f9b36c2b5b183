package protocol

import (
	"fmt"
	"net/http"
	"time"
)

// Code names a kind of failure. Its string goes over JSON, its number over
// binary frames; the numbers are part of the wire and never change meaning.
type Code uint8

// The codes, in the order of their numbers on the wire.
const (
	BadJSON Code = iota + 1
	BadMessage
	BadRequestID
	BadFeatures
	UnknownModel
	TooManyRows
	DuplicateRequestID
	Overloaded
	DeadlineExceeded
	Cancelled
	RateLimited
	Unauthorized
	Forbidden
	UnknownRequest
	DuplicateFeedback
	BadLabel
	ModelError
	Draining
	Internal
	TooLarge
	Unavailable
)

// codeTable is the one place where a code meets its name, whether sending the same
// request again can help, and the status that it has by HTTP. The docs and the clients
// are checked against it.
var codeTable = [...]struct {
	name      string
	retryable bool
	status    int
}{
	BadJSON:            {"bad_json", false, 400},
	BadMessage:         {"bad_message", false, 400},
	BadRequestID:       {"bad_request_id", false, 400},
	BadFeatures:        {"bad_features", false, 400},
	UnknownModel:       {"unknown_model", false, 404},
	TooManyRows:        {"too_many_rows", false, 413},
	DuplicateRequestID: {"duplicate_request_id", false, 409},
	Overloaded:         {"overloaded", true, 503},
	DeadlineExceeded:   {"deadline_exceeded", true, 504},
	Cancelled:          {"cancelled", false, 409},
	RateLimited:        {"rate_limited", true, 429},
	Unauthorized:       {"unauthorized", false, 401},
	Forbidden:          {"forbidden", false, 403},
	UnknownRequest:     {"unknown_request", false, 404},
	DuplicateFeedback:  {"duplicate_feedback", false, 409},
	BadLabel:           {"bad_label", false, 400},
	ModelError:         {"model_error", false, 500},
	Draining:           {"draining", true, 503},
	Internal:           {"internal", true, 500},
	TooLarge:           {"too_large", false, 413},
	Unavailable:        {"unavailable", true, 503},
}

// Codes returns every code in the order of their numbers.
func Codes() []Code {
	codes := make([]Code, 0, len(codeTable)-1)
	for c := BadJSON; int(c) < len(codeTable); c++ {
		codes = append(codes, c)
	}
	return codes
}

// ParseCode returns the code of a name, or zero for a name that it does not
// know: a newer server's.
func ParseCode(name string) Code {
	for _, c := range Codes() {
		if codeTable[c].name == name {
			return c
		}
	}
	return 0
}

func (c Code) String() string {
	if int(c) < len(codeTable) && c != 0 {
		return codeTable[c].name
	}
	return fmt.Sprintf("code_%d", uint8(c))
}

// Retryable reports whether the same request may succeed when sent again.
func (c Code) Retryable() bool { return int(c) < len(codeTable) && codeTable[c].retryable }

// Status is the code's in an answer by HTTP.
func (c Code) Status() int {
	if int(c) < len(codeTable) && c != 0 {
		return codeTable[c].status
	}
	return http.StatusInternalServerError
}

// Error is a typed failure of one message. It leaves the socket open and costs
// other requests nothing.
type Error struct {
	Code    Code
	Message string // for people: what was wrong, what was expected, what to do
	// RetryAfter, when above zero, says how long to wait before a retry.
	RetryAfter time.Duration
	// Expected and Got are counts, given when HasCounts.
	HasCounts     bool
	Expected, Got int
}

func (e *Error) Error() string { return e.Code.String() + ": " + e.Message }

// Errorf makes an Error with a message alone.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// WrongCount makes an Error that tells the expected and the received count.
func WrongCount(code Code, expected, got int, message string) *Error {
	return &Error{Code: code, Message: message, HasCounts: true, Expected: expected, Got: got}
}

// Close codes of RFC 6455 that Penstock sends, and the reasons that go with
// 1008.
const (
	CloseNormal        = 1000
	CloseGoingAway     = 1001
	CloseProtocol      = 1002
	CloseUnsupported   = 1003
	CloseInvalidText   = 1007
	ClosePolicy        = 1008
	CloseTooBig        = 1009
	CloseInternal      = 1011
	CloseTryLater      = 1013
	ReasonAuth         = "auth_required"
	ReasonUnauthorized = "unauthorized"
	ReasonForbidden    = "forbidden"
	ReasonExpired      = "token_expired"
	ReasonRevoked      = "revoked"
	ReasonSlow         = "slow_consumer"
	ReasonTooManyErrs  = "too_many_errors"
)

// Reconnectable reports whether a client should connect again after a close
// code: after the server, or what is before it, went away, broke, restarted or
// was full, never after a normal end or a refusal. Codes that Penstock does not
// send come from proxies, and from clients' libraries: 1005 is a close without
// a code, 1006 a lost connection, 1012 a restart, 1014 a gateway that reached
// nobody, 1015 a failure of TLS, 3008 a timeout.
func Reconnectable(closeCode int) bool {
	switch closeCode {
	case CloseGoingAway, 1005, 1006, CloseInternal, 1012, CloseTryLater, 1014, 1015, 3008:
		return true
	}
	return false
}

// retryMilliseconds is RetryAfter for the wire, rounded up: who waits as long as he was
// told is not to be told again. It is 0 where there is nothing to wait for.
func (e *Error) retryMilliseconds() int64 {
	return (max(e.RetryAfter, 0) + time.Millisecond - 1).Milliseconds()
}
