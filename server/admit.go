package server

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"time"

	"penstock/access"
	"penstock/protocol"
	"penstock/server/quietlog"
	"penstock/server/socket"
)

// bodyTimeout is how long the body of a request, which nobody needs, may take.
const bodyTimeout = 5 * time.Second

// checkCaller refuses requests that name a host we do not answer to, or come
// from a page of a foreign origin. coder/websocket compares Origin with Host,
// which a hostile name that resolves to this address passes; so both are
// compared with our own lists.
func (s *Server) checkCaller(next http.Handler) http.Handler {
	return s.CheckHost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = withProof(r)
		origin := r.Header.Get("Origin")
		switch {
		case len(r.Header.Values("Origin")) > 1:
			problem(w, http.StatusForbidden, "origin_not_allowed", "expected one header Origin at most")
		case origin != "" && !s.allowsOrigin(origin, r):
			s.metrics.countRefusal(access.Origin)
			s.quiet.Log(slog.LevelWarn, "requests from pages of a foreign origin were refused",
				"origin", quietlog.Cut(origin), "host", quietlog.Cut(r.Host), "remote", r.RemoteAddr)
			problem(w, http.StatusForbidden, "origin_not_allowed",
				"pages of that Origin may not use this server; allow it with --allow-origin")
		case share(w, r, origin):
			return
		case isPosted(r.URL.Path) && r.Method != http.MethodPost:
			w.Header().Set("Allow", "POST")
			problem(w, http.StatusMethodNotAllowed, "method_not_allowed", "this takes a message as the body of a POST")
		case !isPosted(r.URL.Path) && !reads(r) && !probes(r):
			w.Header().Set("Allow", "GET, HEAD")
			problem(w, http.StatusMethodNotAllowed, "method_not_allowed", "all but /v1/… is read with GET")
		case !isClean(r):
			notFound(w)
		default:
			next.ServeHTTP(w, r)
		}
	}))
}

// limitBody closes the connection of a request with a body after a while:
// nothing reads it, or needs it soon, but net/http would wait for it for ever, even
// before it sends an answer. Who does read it says so: see expectBody.
func limitBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		w.Header().Set("Connection", "close")
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	}
}

// expectBody gives the body of a request until a time to come whole, and keeps the
// connection for the next.
func expectBody(w http.ResponseWriter, until time.Time) {
	w.Header().Del("Connection")
	_ = http.NewResponseController(w).SetReadDeadline(until) // HTTP/1 over TCP always can
}

// probes reports whether a request asks after the server's health in the way in
// which haproxy does unless it is told otherwise.
func probes(r *http.Request) bool {
	return r.Method == http.MethodOptions && isHealth(r.URL.Path) && r.Header.Get("Origin") == ""
}

func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// isClean reports whether a path is spelt in its only way. http.ServeMux would
// redirect others.
func isClean(r *http.Request) bool {
	clean := path.Clean(r.URL.Path)
	return r.URL.Path == clean || r.URL.Path == clean+"/"
}

// isPosted reports whether a path takes messages by POST.
func isPosted(path string) bool {
	return path == "/v1/predict" || path == "/v1/feedback" || path == "/v1/notify"
}

func notFound(w http.ResponseWriter) {
	problem(w, http.StatusNotFound, "not_found", "there is nothing at this path")
}

// CheckHost refuses requests that name a host we do not answer to, and has a body
// that nobody reads end: see limitBody. Whoever asks
// after the server's health may call it anything, or nothing: load balancers do,
// and a page that calls it by a name of its own learns no more than that there is
// a server.
func (s *Server) CheckHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limitBody(w, r)
		if !s.knowsHost(r.Host) && !isHealth(r.URL.Path) {
			s.metrics.countRefusal(access.Host)
			s.quiet.Log(slog.LevelWarn, "requests that name a foreign host were refused",
				"host", quietlog.Cut(r.Host), "remote", r.RemoteAddr)
			problem(w, http.StatusMisdirectedRequest, "unknown_host",
				"this server does not answer to that Host; call it by its address, or allow the name with --allow-host")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isHealth(path string) bool { return path == "/livez" || path == "/readyz" }

// webSocket checks a handshake: it is one, with a session that can be one.
func (s *Server) webSocket(serve func(w http.ResponseWriter, r *http.Request, session string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" || r.Method != http.MethodGet {
			problem(w, http.StatusUpgradeRequired, "websocket_required", "this is a WebSocket endpoint; connect with ws://")
			return
		}
		if r.ContentLength != 0 {
			problem(w, http.StatusBadRequest, "bad_handshake", "a handshake has no body")
			return
		}
		for _, name := range []string{"Sec-WebSocket-Version", "Sec-WebSocket-Key"} {
			if len(r.Header.Values(name)) > 1 {
				problem(w, http.StatusBadRequest, "bad_handshake", "expected one header "+name)
				return
			}
		}
		if version := r.Header.Get("Sec-WebSocket-Version"); version != "" && version != "13" {
			problem(w, http.StatusUpgradeRequired, "bad_handshake", "expected version 13 of the WebSocket protocol")
			return
		}
		session, err := sessionName(r.URL.RawQuery)
		if err != nil {
			problem(w, http.StatusBadRequest, "bad_session", err.Error())
			return
		}
		serve(w, r, session)
	}
}

// sessionName reads the session out of a query; it is empty where none is named.
func sessionName(query string) (string, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", errors.New("the query in the address cannot be read; escape %, ; and all that is not ASCII")
	}
	names := values["session"]
	if len(names) == 0 {
		return "", nil
	}
	if len(names) > 1 || !protocol.ValidSession(names[0]) {
		return "", errors.New("expected one session, of 16 to 64 characters of A-Z, a-z, 0-9, _ and -; leave it out to have none")
	}
	return names[0], nil
}

// Why a connection is refused, in metrics.
const (
	refusedLimit      = "limit"
	refusedPerAddress = "per_address"
	refusedDraining   = "draining"
	refusedMemory     = "memory"
	refusedPerUser    = "per_user"
	refusedHandshakes = "handshakes"
	refusedStrangers  = "unauthenticated"
	refusedUnchecked  = "unavailable"
)

var refusals = map[error]string{
	socket.ErrFull: refusedLimit, socket.ErrManyOfCaller: refusedPerAddress,
	socket.ErrClosed: refusedDraining, socket.ErrNoMemory: refusedMemory,
}

// refusedReasons are all of them.
func refusedReasons() []string {
	return append(slices.Collect(maps.Values(refusals)), refusedPerUser, refusedHandshakes, refusedStrangers, refusedUnchecked)
}

// reserve takes a place for a connection, or says that there is none. A place
// must be released.
func (s *Server) reserve(w http.ResponseWriter, r *http.Request, visitor socket.Visitor) (socket.Place, bool) {
	place, err := s.enter(visitor)
	if err != nil {
		s.tooBusy(w, r, refusals[err], err)
	}
	return place, err == nil
}

// tooBusy refuses a connection that may be welcome later.
func (s *Server) tooBusy(w http.ResponseWriter, r *http.Request, reason string, err error) {
	s.metrics.refused.WithLabelValues(reason).Inc()
	if reason != refusedDraining {
		s.quiet.Log(slog.LevelWarn, "handshakes were refused", "reason", reason, "remote", r.RemoteAddr, "caller", s.visitor(r).Caller,
			"max_connections", s.opt.MaxConnections, "max_per_address", s.opt.MaxPerAddress)
	}
	// Jitter keeps refused clients from coming back all at once.
	w.Header().Set("Retry-After", strconv.Itoa(1+rand.N(5)))
	problem(w, http.StatusServiceUnavailable, "try_again_later", err.Error()+"; try again after the time in Retry-After")
}

// enter is the hub's, which closes only at the end of a drain.
func (s *Server) enter(visitor socket.Visitor) (socket.Place, error) {
	if s.draining.Load() {
		return socket.Place{}, socket.ErrClosed
	}
	return s.hub.Enter(visitor)
}

// connect takes a place and completes the handshake, or writes what was wrong
// with it.
func (s *Server) connect(w http.ResponseWriter, r *http.Request, visitor socket.Visitor, endpoint socket.Endpoint) (*socket.Conn, bool) {
	place, ok := s.reserve(w, r, visitor)
	if !ok {
		return nil, false
	}
	typed := &problemWriter{ResponseWriter: w, code: "bad_handshake"}
	endpoint.Subprotocol = protocol.Subprotocol
	conn, err := s.hub.Upgrade(typed, r, place, endpoint)
	if err != nil {
		typed.finish()
		place.Release()
		s.quiet.Log(slog.LevelInfo, "handshake failed", "remote", r.RemoteAddr, "caller", s.visitor(r).Caller,
			"err", cutQuoted(fmt.Sprint(errors.Unwrap(err))))
		return nil, false
	}
	s.metrics.opened.WithLabelValues(r.URL.Path).Inc()
	return conn, true
}
