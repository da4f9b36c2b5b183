package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// CheckOperator guards endpoints for operators, which a browser of theirs can
// reach too: a page of another site may not use them, not even blindly. What
// they say in plain text about errors becomes a problem. Whoever does not show the
// token may use nothing; nil asks for none.
func (s *Server) CheckOperator(next http.Handler, token *OperatorToken) http.Handler {
	return s.CheckHost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !token.admits(r):
			s.quiet.Log(slog.LevelWarn, "requests to the admin address without its token were refused", "remote", r.RemoteAddr)
			w.Header().Set("WWW-Authenticate", "Bearer")
			problem(w, http.StatusUnauthorized, "unauthorized",
				"expected the header Authorization: Bearer, with the token of --admin-token-file")
		case s.isForeign(r):
			problem(w, http.StatusForbidden, "origin_not_allowed",
				"pages of other sites may not use this address; open it directly")
		case r.Method != http.MethodPost && !reads(r), r.Method == http.MethodHead && takesTime(r):
			w.Header().Set("Allow", "GET, HEAD, POST")
			problem(w, http.StatusMethodNotAllowed, "method_not_allowed", "this is read with GET; /v1/revoke and /v1/notify take a POST")
		case !isClean(r):
			notFound(w)
		case seconds(r) > maxSeconds:
			problem(w, http.StatusBadRequest, "bad_request", fmt.Sprintf("seconds is too large; expected at most %d", maxSeconds))
		default:
			typed := &problemWriter{ResponseWriter: w, code: "operator_error"}
			next.ServeHTTP(typed, r)
			typed.finish()
		}
	}))
}

// isForeign reports whether a page of another site made a browser ask. Links
// from other sites count: a profile costs as much however it was begun.
func (s *Server) isForeign(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	if len(origins) > 1 || len(origins) == 1 && origins[0] != "" && !s.ownOrigin(origins[0], r) {
		return true
	}
	sites := r.Header.Values("Sec-Fetch-Site")
	return slices.Contains(sites, "cross-site") || slices.Contains(sites, "same-site")
}

// takesTime reports whether a request has pprof measure for seconds, which is
// for nothing where no body is wanted.
func takesTime(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/profile") || strings.HasSuffix(r.URL.Path, "/trace") || r.URL.Query().Has("seconds")
}

// maxSeconds is how long pprof may measure: its connection counts meanwhile.
const maxSeconds = 300

func seconds(r *http.Request) float64 {
	n, _ := strconv.ParseFloat(r.URL.Query().Get("seconds"), 64) // pprof takes its default for what is none
	return n
}
