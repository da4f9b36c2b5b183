package accept

import (
	"bytes"
	"cmp"
	"net/http"
	"strconv"
)

// net/http writes these straight to the connection, without a Date as all its
// other responses have.
const (
	plainHeaders = "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
	expectation  = "HTTP/1.1 417 Expectation Failed\r\nConnection: close\r\n"
	// This it writes beneath TLS, to who began with a request instead of a handshake.
	withoutTLS = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
)

// unread tells, by status, what was wrong with a request that net/http could
// not read, where it does not say so itself.
func unread(status int) (code, detail string) {
	switch status {
	case http.StatusRequestHeaderFieldsTooLarge:
		return "header_too_large", "the request's header is too large; send fewer or shorter fields"
	case http.StatusNotImplemented:
		return "not_implemented", "the request's Transfer-Encoding is unknown; expected chunked or none"
	case http.StatusHTTPVersionNotSupported:
		return "http_version_not_supported", "expected HTTP/1.1"
	case http.StatusExpectationFailed:
		return "expectation_failed", "expected 100-continue in Expect, or no such header"
	}
	return "bad_request", "this is not an HTTP request that can be read"
}

// typedAnswer returns the problem to write in place of net/http's plain text
// about a request that it could not read; nil for all else. What it writes through
// TLS cannot be told apart here, and stays plain text.
func typedAnswer(b []byte) []byte {
	if string(b) == withoutTLS {
		return answer(http.StatusBadRequest, "tls_required", "this port speaks TLS alone; use https or wss", "")
	}
	const start = len("HTTP/1.1 ")
	if len(b) < start+3 || !bytes.HasPrefix(b, []byte("HTTP/1.1 ")) || b[start] != '4' && b[start] != '5' {
		return nil
	}
	line, rest, _ := bytes.Cut(b, []byte("\r\n"))
	if !bytes.HasPrefix(rest, []byte(plainHeaders)) && !bytes.HasPrefix(b, []byte(expectation)) {
		return nil
	}
	status, err := strconv.Atoi(string(b[start : start+3]))
	if err != nil {
		return nil
	}
	code, detail := unread(status)
	_, said, _ := bytes.Cut(line, []byte(": ")) // a constant of net/http's, such as "missing required Host header"
	if status == http.StatusBadRequest {
		detail = cmp.Or(string(said), detail)
	}
	return answer(status, code, detail, "")
}
