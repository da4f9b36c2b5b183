package server

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"penstock/protocol"
)

// problem answers with RFC 9457 application/problem+json.
func problem(w http.ResponseWriter, status int, code, detail string) {
	header := w.Header()
	if status == http.StatusUpgradeRequired { // RFC 9110, sections 7.8 and 15.5.22
		header.Set("Upgrade", "websocket")
		header.Set("Sec-WebSocket-Version", "13") // RFC 6455, section 4.4
		if !slices.Contains(header.Values("Connection"), "Upgrade") {
			header.Add("Connection", "Upgrade")
		}
	}
	header.Set("Content-Type", protocol.ProblemType)
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(protocol.Problem(status, code, detail)) //nolint:gosec // escaped JSON, and declared as such
}

// problemWriter turns the plain text with which another's handler tells of an
// error into a problem with a code. finish must be called after the handler.
type problemWriter struct {
	http.ResponseWriter
	code   string
	status int // of the error; 0 where there is none, or it has been told
}

func (w *problemWriter) WriteHeader(status int) {
	if status < 400 || w.Header().Get("Content-Type") == protocol.ProblemType {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.status = status
}

func (w *problemWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		return w.ResponseWriter.Write(p)
	}
	w.tell(cutQuoted(string(bytes.TrimSpace(p))))
	return len(p), nil
}

func (w *problemWriter) tell(detail string) {
	w.Header().Del("Content-Length")
	problem(w.ResponseWriter, w.status, w.code, detail)
	w.status = 0
}

// finish tells of an error for which the handler had no words.
func (w *problemWriter) finish() {
	if w.status != 0 {
		w.tell(http.StatusText(w.status))
	}
}

// cutQuoted cuts what stands between quotation marks in others' errors: it came
// from the client.
func cutQuoted(text string) string {
	from, to := strings.IndexByte(text, '"'), strings.LastIndexByte(text, '"')
	if from < 0 || to-from-1 <= quotedBytes {
		return text
	}
	return text[:from+1] + strings.ToValidUTF8(text[from+1:from+1+quotedBytes-3], "") + "..." + text[to:]
}

// quotedBytes is how much of a client's words is repeated to it.
const quotedBytes = 64

func (w *problemWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
