package server

import (
	"bytes"
	"net/http"

	"penstock/protocol"
)

// problem answers with RFC 9457 application/problem+json.
func problem(w http.ResponseWriter, status int, code, detail string) {
	header := w.Header()
	header.Set("Content-Type", "application/problem+json")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(protocol.Encode(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}{"about:blank", http.StatusText(status), status, code, detail}))
}

// problemWriter turns the plain text with which coder/websocket refuses a
// handshake into a problem.
type problemWriter struct {
	http.ResponseWriter
	status int
}

func (w *problemWriter) WriteHeader(status int) {
	w.status = status
	if status < 400 {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *problemWriter) Write(p []byte) (int, error) {
	if w.status < 400 {
		return w.ResponseWriter.Write(p)
	}
	w.Header().Del("Content-Length")
	problem(w.ResponseWriter, w.status, "bad_handshake", string(bytes.TrimSpace(p)))
	return len(p), nil
}

func (w *problemWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
