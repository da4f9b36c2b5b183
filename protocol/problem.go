package protocol

import "net/http"

// ProblemType is the media type of a Problem.
const ProblemType = "application/problem+json"

// Problem encodes what was wrong with an HTTP request (RFC 9457), with a code
// for programs and a detail for people.
func Problem(status int, code, detail string) []byte {
	return Encode(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}{"about:blank", http.StatusText(status), status, code, detail})
}
