package server

import (
	"net/http"
	"strings"
)

// share lets pages of allowed origins read what is read with GET, and
// post messages, which browsers keep from them otherwise (the Fetch standard, "CORS protocol"). It
// reports whether that was all that was asked: a preflight.
func share(w http.ResponseWriter, r *http.Request, origin string) (preflight bool) {
	if !isShared(r.URL.Path) {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	if origin == "" {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD")
	h.Set("Access-Control-Allow-Headers", "Authorization, Cache-Control, Last-Event-ID")
	if isPosted(r.URL.Path) {
		h.Set("Access-Control-Allow-Methods", "POST")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	}
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

func isShared(path string) bool {
	return path == "/events" || isPosted(path) || strings.HasPrefix(path, "/api/")
}
