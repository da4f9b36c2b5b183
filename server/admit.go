package server

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
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
		if r.ContentLength != 0 {
			// Nothing here reads a body, but net/http would wait for it for ever.
			w.Header().Set("Connection", "close")
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
		}
		if origin := r.Header.Get("Origin"); origin != "" && !s.allowsOrigin(origin, r) {
			problem(w, http.StatusForbidden, "origin_not_allowed",
				"pages of that Origin may not use this server; allow it with --allow-origin")
			return
		}
		next.ServeHTTP(w, r)
	}))
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
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	u, err := url.Parse(origin)
	if err == nil && u.Scheme == scheme && strings.EqualFold(u.Host, r.Host) {
		return true
	}
	return slices.ContainsFunc(s.opt.AllowOrigins, func(allowed string) bool {
		return allowed == "*" || strings.EqualFold(allowed, origin)
	})
}

// webSocket admits a handshake: within the limit of connections, not while
// draining, with a session that can be one.
func (s *Server) webSocket(serve func(w http.ResponseWriter, r *http.Request, session string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			w.Header().Set("Upgrade", "websocket")
			problem(w, http.StatusUpgradeRequired, "websocket_required", "this is a WebSocket endpoint; connect with ws://")
			return
		}
		session := r.URL.Query().Get("session")
		if session != "" && !validSession.MatchString(session) {
			problem(w, http.StatusBadRequest, "bad_session", "session must have 16 to 64 characters of A-Z, a-z, 0-9, _ and -")
			return
		}
		if s.reserve(w) {
			serve(w, r, session)
		}
	}
}

// reserve takes a place for a connection, or says that there is none.
func (s *Server) reserve(w http.ResponseWriter) bool {
	err := errClosed
	if !s.draining.Load() {
		err = s.hub.reserve()
	}
	if err != nil {
		// Jitter keeps refused clients from coming back all at once.
		w.Header().Set("Retry-After", strconv.Itoa(1+rand.N(5)))
		s.metrics.refused.Inc()
		problem(w, http.StatusServiceUnavailable, "try_again_later", err.Error()+"; try again after the time in Retry-After")
	}
	return err == nil
}

// connect completes the handshake, or writes what was wrong with it. notices
// says whether the endpoint's clients understand notice messages.
func (s *Server) connect(w http.ResponseWriter, r *http.Request, maxBytes int, notices bool) (*link, bool) {
	l, err := s.hub.upgrade(&problemWriter{ResponseWriter: w}, r, maxBytes, notices)
	if err != nil {
		s.hub.release()
		s.opt.Logger.Info("handshake failed", "remote", r.RemoteAddr, "err", errors.Unwrap(err))
		return nil, false
	}
	s.metrics.opened.WithLabelValues(r.URL.Path).Inc()
	return l, true
}

var validSession = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)
