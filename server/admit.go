package server

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// bodyTimeout is how long the body of a request, which nobody needs, may take.
const bodyTimeout = 5 * time.Second

// checkCaller refuses requests that name a host we do not answer to, or come
// from a page of a foreign origin. coder/websocket compares Origin with Host,
// which a hostile name that resolves to this address passes; so both are
// compared with our own lists.
func (s *Server) checkCaller(next http.Handler) http.Handler {
	return s.CheckHost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limitBody(w, r)
		if !reads(r) {
			w.Header().Set("Allow", "GET, HEAD")
			problem(w, http.StatusMethodNotAllowed, "method_not_allowed", "everything here is read with GET")
			return
		}
		if !isClean(r) {
			notFound(w)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && !s.allowsOrigin(origin, r) {
			problem(w, http.StatusForbidden, "origin_not_allowed",
				"pages of that Origin may not use this server; allow it with --allow-origin")
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// limitBody closes the connection of a request with a body after a while:
// nothing reads it, or needs it soon, but net/http would wait for it for ever.
func limitBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		w.Header().Set("Connection", "close")
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	}
}

func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// isClean reports whether a path is spelt in its only way. http.ServeMux would
// redirect others.
func isClean(r *http.Request) bool {
	clean := path.Clean(r.URL.Path)
	return r.URL.Path == clean || r.URL.Path == clean+"/"
}

func notFound(w http.ResponseWriter) {
	problem(w, http.StatusNotFound, "not_found", "there is nothing at this path")
}

// CheckHost refuses requests that name a host we do not answer to.
func (s *Server) CheckHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.knowsHost(r.Host) {
			problem(w, http.StatusMisdirectedRequest, "unknown_host",
				"this server does not answer to that Host; call it by its address, or allow the name with --allow-host")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) knowsHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	return host == "localhost" || net.ParseIP(host) != nil ||
		slices.ContainsFunc(s.opt.AllowHosts, func(allowed string) bool { return strings.EqualFold(allowed, host) })
}

// allowsOrigin accepts pages of this very server, and those that were named.
func (s *Server) allowsOrigin(origin string, r *http.Request) bool {
	return s.ownOrigin(origin, r) || slices.ContainsFunc(s.opt.AllowOrigins, func(allowed string) bool {
		return allowed == "*" || strings.EqualFold(allowed, origin)
	})
}

// ownOrigin reports whether a page is this very server's.
func (s *Server) ownOrigin(origin string, r *http.Request) bool {
	scheme := "http"
	if s.secure(r) {
		scheme = "https"
	}
	u, err := url.Parse(origin)
	return err == nil && u.Scheme == scheme && strings.EqualFold(u.Host, r.Host)
}

// webSocket checks a handshake: it is one, with a session that can be one.
func (s *Server) webSocket(serve func(w http.ResponseWriter, r *http.Request, session string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" || r.Method != http.MethodGet {
			w.Header().Set("Upgrade", "websocket")
			problem(w, http.StatusUpgradeRequired, "websocket_required", "this is a WebSocket endpoint; connect with ws://")
			return
		}
		session := r.URL.Query().Get("session")
		if session != "" && !validSession.MatchString(session) {
			problem(w, http.StatusBadRequest, "bad_session", "session must have 16 to 64 characters of A-Z, a-z, 0-9, _ and -")
			return
		}
		serve(w, r, session)
	}
}

// Why a connection is refused, in metrics.
const (
	refusedLimit      = "limit"
	refusedPerAddress = "per_address"
	refusedDraining   = "draining"
	refusedMemory     = "memory"
)

var refusals = map[error]string{errFull: refusedLimit, errManyOfCaller: refusedPerAddress, errClosed: refusedDraining, errNoMemory: refusedMemory}

// reserve takes a place for a connection, or says that there is none. A place
// must be released.
func (s *Server) reserve(w http.ResponseWriter, r *http.Request) (place, bool) {
	p := s.place(r)
	err := p.take(r)
	if err != nil {
		reason := refusals[err]
		s.metrics.refused.WithLabelValues(reason).Inc()
		if reason != refusedDraining {
			s.quiet.Log(slog.LevelWarn, "handshakes were refused", "reason", reason, "remote", r.RemoteAddr, "caller", p.caller,
				"max_connections", s.opt.MaxConnections, "max_per_address", s.opt.MaxPerAddress)
		}
		// Jitter keeps refused clients from coming back all at once.
		w.Header().Set("Retry-After", strconv.Itoa(1+rand.N(5)))
		problem(w, http.StatusServiceUnavailable, "try_again_later", err.Error()+"; try again after the time in Retry-After")
	}
	return p, err == nil
}

// connect takes a place and completes the handshake, or writes what was wrong
// with it. notices says whether the endpoint's clients understand notice
// messages.
func (s *Server) connect(w http.ResponseWriter, r *http.Request, maxBytes int, notices bool) (*link, bool) {
	p, ok := s.reserve(w, r)
	if !ok {
		return nil, false
	}
	typed := &problemWriter{ResponseWriter: w, code: "bad_handshake"}
	l, err := s.hub.upgrade(typed, r, p.holder, maxBytes, notices)
	if err != nil {
		typed.finish()
		p.release()
		s.quiet.Log(slog.LevelInfo, "handshake failed", "remote", r.RemoteAddr, "caller", p.caller,
			"err", cutQuoted(fmt.Sprint(errors.Unwrap(err))))
		return nil, false
	}
	l.place = p
	s.metrics.opened.WithLabelValues(r.URL.Path).Inc()
	return l, true
}

var validSession = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)
