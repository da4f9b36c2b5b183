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
	"penstock/server/accept"
	"penstock/server/quietlog"
)

// Server serves models over WebSockets. It is an http.Handler's worth of
// endpoints; the caller owns the listener and the http.Server.
type Server struct {
	opt      Options
	models   []*servedModel
	byName   map[string]*servedModel
	hub      *hub
	users    *users
	metrics  *metrics
	quiet    *quietlog.Logger
	proxies  accept.Proxies
	held     held // places, by caller
	monitor  *monitor.Monitor
	board    *board
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
		users: newUsers(), board: newBoard(), proxies: opt.TrustedProxies,
		held: held{limit: opt.MaxPerAddress, counts: make(map[string]int)},
	}
	s.hub = newHub(opt.MaxConnections, func(v any) {
		opt.Logger.Error("panic in a connection; it was closed", "panic", v, "stack", string(debug.Stack()))
	})
	for i, pool := range opt.Pools {
		spec := pool.Spec()
		m := &servedModel{
			index: i, name: spec.Name, pool: pool, spec: spec,
			format: protocol.NewReplyFormat(spec.Name, spec.Version, spec.Classes),
		}
		s.models = append(s.models, m)
		s.byName[m.name] = m
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
	s.quiet = quietlog.New(opt.Logger, s.metrics.suppressed)
	return s, nil
}

// QuietLog is the server's log of what clients cause, for others who serve them.
func (s *Server) QuietLog() *quietlog.Logger { return s.quiet }

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
	mux.HandleFunc("GET /ws/echo", s.webSocket(s.serveEcho))
	mux.HandleFunc("GET /events", s.serveEvents)
	mux.HandleFunc("GET /livez", s.serveLive)
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.HandleFunc("GET /api/models", s.serveModels)
	mux.HandleFunc("GET /api/quality", s.serveQuality)
	mux.HandleFunc("GET /api/alerts", s.serveAlerts)
	mux.HandleFunc("GET /", s.servePage)
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
