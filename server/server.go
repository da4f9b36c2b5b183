package server

import (
	"context"
	"net/http"
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
	hub      *hub
	users    *users
	metrics  *metrics
	monitor  *monitor.Monitor
	board    *board
	draining atomic.Bool
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
		hub: newHub(opt.MaxConnections), users: newUsers(), board: newBoard(),
	}
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
	if s.metrics, err = newMetrics(opt.Registerer, s); err != nil {
		return nil, err
	}
	return s, nil
}

// Attach names the monitor whose frames /ws/dashboard and /events carry. The
// monitor reads the server's Traffic, so it is made after the server.
func (s *Server) Attach(m *monitor.Monitor) { s.monitor = m }

// Run keeps heartbeats until ctx ends.
func (s *Server) Run(ctx context.Context) { s.hub.run(ctx) }

// Handler returns the public endpoints.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws/predict", s.webSocket(s.servePredict))
	mux.HandleFunc("GET /ws/dashboard", s.webSocket(s.serveDashboard))
	mux.HandleFunc("GET /ws/echo", s.webSocket(s.serveEcho))
	mux.HandleFunc("GET /events", s.serveEvents)
	mux.HandleFunc("GET /livez", s.serveLive)
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.Handle("GET /", s.page())
	return s.checkCaller(mux)
}

// Drain ends service in good order: new sockets are refused and new requests
// answered with draining; everything accepted is answered; then every socket
// gets a close frame with 1001, spread over a moment. When ctx ends first, what
// is left is dropped, and the error says so.
func (s *Server) Drain(ctx context.Context) error {
	s.draining.Store(true)
	notice := protocol.Encode(protocol.Notice{
		Type: "notice", Code: "going_away",
		Message: "the server is going away; requests already accepted will be answered, then reconnect",
	})
	for _, l := range s.hub.snapshot() {
		if l.notices {
			l.outbox.send(opText, notice)
		}
	}
	var err error
	for _, m := range s.models {
		if e := m.pool.Drain(ctx); e != nil {
			err = e
		}
	}
	s.hub.closeAll(ctx, s.opt.GoodbyeSpread, errClosed.Error())
	return err
}
