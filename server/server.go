package server

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"penstock/inference"
	"penstock/model"
	"penstock/monitor"
	"penstock/protocol"
)

// Server serves models over WebSockets. It is an http.Handler's worth of
// endpoints; the caller owns the listener and the http.Server.
type Server struct {
	opt      Options
	models   []*servedModel
	byName   map[string]*servedModel
	widest   int // features of the model that takes most
	hub      *hub
	users    *users
	metrics  *metrics
	monitor  *monitor.Monitor
	board    *board
	turns    turns
	assets   map[string]*asset // the dashboard's files by path
	draining atomic.Bool

	qualityAnswer fresh
}

// servedModel is one pool with what its replies have in common.
type servedModel struct {
	index  int
	name   string
	pool   *inference.Pool
	spec   model.Spec
	format *protocol.ReplyFormat
}

// New makes a server. It starts nothing; see Run, Attach and Handler.
func New(opt Options) (*Server, error) {
	opt = opt.withDefaults()
	if err := opt.validate(); err != nil {
		return nil, err
	}
	s := &Server{
		opt: opt, byName: make(map[string]*servedModel),
		users: newUsers(), board: newBoard(),
	}
	s.hub = newHub(opt, func(v any) {
		opt.Logger.Error("panic in a connection; it was closed", "panic", v, "stack", string(debug.Stack()))
	})
	s.turns = s.hub.turns
	for i, pool := range opt.Pools {
		spec := pool.Spec()
		m := &servedModel{
			index: i, name: spec.Name, pool: pool, spec: spec,
			format: protocol.NewReplyFormat(spec.Name, spec.Version, spec.Classes),
		}
		s.models = append(s.models, m)
		s.byName[m.name] = m
		s.widest = max(s.widest, spec.Features)
	}
	var err error
	if opt.Dashboard != nil {
		if s.assets, err = readAssets(opt.Dashboard); err != nil {
			return nil, err
		}
	}
	if s.metrics, err = newMetrics(opt.Registerer, s); err != nil {
		return nil, err
	}
	return s, nil
}

// Attach names the monitor whose frames /ws/dashboard and /events carry. The
// monitor reads the server's Traffic, so it is made after the server; Run comes
// after that.
func (s *Server) Attach(m *monitor.Monitor) { s.monitor = m }

// Run keeps heartbeats and sends dashboards their frames until ctx ends.
func (s *Server) Run(ctx context.Context) {
	var rounds sync.WaitGroup
	rounds.Go(func() { s.rounds(ctx) })
	s.hub.run(ctx)
	rounds.Wait()
}

// Handler returns the public endpoints.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws/predict", s.webSocket(s.servePredict))
	mux.HandleFunc("GET /ws/dashboard", s.webSocket(s.serveDashboard))
	if s.opt.Echo {
		mux.HandleFunc("GET /ws/echo", s.webSocket(s.serveEcho))
	}
	mux.HandleFunc("GET /events", s.serveEvents)
	mux.HandleFunc("GET /livez", s.serveLive)
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.HandleFunc("GET /api/models", s.serveModels)
	mux.HandleFunc("GET /api/quality", s.serveQuality)
	mux.HandleFunc("GET /api/alerts", s.serveAlerts)
	mux.HandleFunc("GET /", s.servePage)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", "GET, HEAD")
		problem(w, http.StatusMethodNotAllowed, "method_not_allowed", "everything here is read with GET")
	})
	return s.checkCaller(mux)
}

// Drain ends service in good order: new sockets are refused and new requests
// answered with draining; everything accepted is answered; then every socket
// gets a close frame with 1001, spread over a moment. When ctx ends first, the
// sockets that are left are dropped; the error tells of requests that were not
// answered.
func (s *Server) Drain(ctx context.Context) error {
	s.draining.Store(true)
	s.hub.part(protocol.Encode(protocol.Notice{
		Type: "notice", Code: "going_away",
		Message: "the server is going away; requests already accepted will be answered, then reconnect",
	}))
	err := s.drainPools(ctx)
	s.hub.closeAll(ctx, s.opt.GoodbyeSpread, errClosed.Error())
	return err
}

// drainPools drains all pools at the same time: each is to refuse new work at
// once, however long another takes.
func (s *Server) drainPools(ctx context.Context) error {
	errs := make([]error, len(s.models))
	var draining sync.WaitGroup
	for i, m := range s.models {
		draining.Go(func() { errs[i] = m.pool.Drain(ctx) })
	}
	draining.Wait()
	return errors.Join(errs...)
}
