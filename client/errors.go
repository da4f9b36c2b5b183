package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/coder/websocket"

	"penstock/protocol"
)

// abnormal is the close code of a connection that ended without one.
const abnormal = 1006

// ConnError tells that a connection could not be made, or ended before a
// request was answered. Whether the server ran that request is not known.
type ConnError struct {
	// CloseCode is the WebSocket close code, 1005 for a close without one, 1006
	// for an abrupt loss, and zero when there never was a WebSocket.
	CloseCode int
	// HTTPStatus is the answer to a handshake that was refused, or zero.
	HTTPStatus int
	// Reason is the peer's text, or what the client found wrong.
	Reason string
	// RetryAfter is how long the server asked to be left alone, or zero.
	RetryAfter time.Duration
	// Final tells that the client will not connect again.
	Final bool
	// Err is the cause beneath, or nil.
	Err error
}

func (e *ConnError) Error() string {
	text := "client: no connection"
	switch {
	case e.HTTPStatus != 0:
		text = fmt.Sprintf("client: connection refused with HTTP status %d", e.HTTPStatus)
	case e.CloseCode != 0:
		text = fmt.Sprintf("client: connection ended with close code %d", e.CloseCode)
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *ConnError) Unwrap() error { return e.Err }

// Retryable reports whether the same request may succeed on a later
// connection.
func (e *ConnError) Retryable() bool { return !e.Final }

// Retryable reports whether sending the request that failed with err once more
// can help: the server said so, or the connection was lost and comes back.
func Retryable(err error) bool {
	var conn *ConnError
	if errors.As(err, &conn) { // first, since its cause may be an error of the wire
		return conn.Retryable()
	}
	var wire *protocol.Error
	return errors.As(err, &wire) && wire.Code.Retryable()
}

// RetryAfter is how long the server asked to wait before what failed with err is
// sent once more: with the codes overloaded and rate_limited, and when it refused a
// connection. Zero where it did not say.
func RetryAfter(err error) time.Duration {
	var wire *protocol.Error
	if errors.As(err, &wire) {
		return wire.RetryAfter
	}
	var conn *ConnError
	if errors.As(err, &conn) {
		return conn.RetryAfter
	}
	return 0
}

// ended makes a ConnError of what ended a socket.
func ended(err error) *ConnError {
	var conn *ConnError
	if errors.As(err, &conn) {
		return conn
	}
	var closed websocket.CloseError
	if errors.As(err, &closed) {
		return &ConnError{CloseCode: int(closed.Code), Reason: closed.Reason}
	}
	return &ConnError{CloseCode: abnormal, Err: err}
}

// refused makes a ConnError of a handshake that failed. Only an answer about
// who we are is final: anything else may come from a proxy in the middle of a
// roll-out.
func refused(resp *http.Response, err error, used secret) *ConnError {
	if resp == nil || resp.StatusCode == http.StatusSwitchingProtocols {
		return &ConnError{Err: err}
	}
	e := &ConnError{HTTPStatus: resp.StatusCode}
	e.Final = resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden
	e.RetryAfter = retryAfter(resp.Header.Get("Retry-After"))
	var problem struct{ Title, Detail string }
	if resp.Body != nil && json.NewDecoder(resp.Body).Decode(&problem) == nil {
		e.Reason = problem.Detail
		if e.Reason == "" {
			e.Reason = problem.Title
		}
		e.Reason = used.hide(e.Reason)
	}
	return e
}

// retryAfter reads a header's seconds, or its date; zero for none.
func retryAfter(header string) time.Duration {
	s, err := strconv.ParseInt(header, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return times(s, time.Second)
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return max(time.Until(date), 0)
}

// reconnectable reports whether a client should connect again after e: not
// after a close code that blames it, or that nobody registered for another
// meaning, such as 4000.
func (e *ConnError) reconnectable() bool {
	if e.Final {
		return false
	}
	return e.CloseCode == 0 || protocol.Reconnectable(e.CloseCode)
}

// isRefusal reports whether an error says that asking for a token again is of no
// use.
func isRefusal(err error) bool {
	var e *protocol.Error
	return errors.As(err, &e) && (e.Code == protocol.Unauthorized || e.Code == protocol.Forbidden)
}
