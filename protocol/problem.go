package protocol

import "net/http"

// ProblemType is the media type of a Problem.
const ProblemType = "application/problem+json"

// ProblemCodes are the codes of all problems, each with the statuses that it
// comes with.
func ProblemCodes() map[string][]int { return problemCodes }

var problemCodes = map[string][]int{
	"bad_handshake":              {400, 426},
	"bad_json":                   {400},
	"bad_message":                {400},
	"bad_request":                {400},
	"bad_session":                {400},
	"draining":                   {503},
	"expectation_failed":         {417},
	"forbidden":                  {403},
	"header_too_large":           {431},
	"http_version_not_supported": {505},
	"method_not_allowed":         {405},
	"no_tokens":                  {409},
	"not_found":                  {404},
	"not_implemented":            {501},
	"not_kept":                   {507},
	"operator_error":             {400, 404, 405, 500},
	"origin_not_allowed":         {403},
	"precondition_failed":        {412},
	"rate_limited":               {429},
	"tls_required":               {400},
	"try_again_later":            {503},
	"unauthorized":               {401},
	"unknown_host":               {421},
	"websocket_required":         {426},
}

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
