package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"penstock/access"
	"penstock/protocol"
	"penstock/server/accept"
	"penstock/server/audience"
	"penstock/server/quietlog"
	"penstock/server/socket"
	"penstock/server/watch"
	"penstock/serving"
)

// Server serves models over WebSockets. It is an http.Handler's worth of
// endpoints; the caller owns the listener and the http.Server.
type Server struct {
	opt        Options
	service    *serving.Service
	wirings    wirings
	hub        *socket.Hub
	clients    *Clients
	metrics    *metrics
	quiet      *quietlog.Logger
	proxies    accept.Proxies
	dashboards *watch.Dashboards
	audience   *audience.Audience
	notices    *rate.Limiter     // notifications of all operators together
	assets     map[string]*asset // the dashboard's files by path
	knocks     *access.Rates     // handshakes, by address
	badTokens  *access.Rates     // refused by plain HTTP, by address
	faults     *access.Rates     // wrong requests by HTTP, by share
	strangers  *strangers
	refused    *access.Rates // requests with rate_limited, by share
	draining   atomic.Bool

	qualityAnswer fresh[[]qualityPart]
	readers       chan struct{} // of the history
	turns         turns         // of the users among them
	exporting     chan struct{} // who takes all of it away
}

// New makes a server. It starts nothing; see Run and Handler.
func New(opt Options) (*Server, error) {
	opt, err := opt.withDefaults().named()
	if err != nil {
		return nil, err
	}
	if err := opt.validate(); err != nil {
		return nil, err
	}
	s := &Server{
		opt: opt, service: opt.Service, wirings: wirings{catalog: opt.Service.Catalog},
		clients: opt.Clients, proxies: opt.TrustedProxies,
		refused: access.NewRates(refusedPerSecond, refusedSeconds*refusedPerSecond), strangers: newStrangers(opt.mostStrangers()),
		faults: access.NewRates(faultsPerSecond, faultsAtOnce),
		knocks: access.NewRates(opt.HandshakesPerSecond, handshakesAtOnce*opt.HandshakesPerSecond), badTokens: access.NewRates(opt.HandshakesPerSecond, handshakesAtOnce*opt.HandshakesPerSecond),
	}
	s.readers, s.exporting = make(chan struct{}, mostReaders), make(chan struct{}, 1)
	s.audience = audience.New(audience.Options{})
	s.notices = rate.NewLimiter(noticesPerSecond, noticesPerSecond)
	s.hub = socket.NewHub(socket.Options{
		MaxConns: opt.MaxConnections, MaxPerCaller: opt.MaxPerAddress, MaxReplyBytes: opt.MaxReplyBytes,
		Budget: opt.Budget, Rush: opt.Rush, Open: &opt.Clients.open, Panicked: s.panicked,
	})
	if opt.Dashboard != nil {
		if s.assets, err = readAssets(opt.Dashboard); err != nil {
			return nil, err
		}
	}
	if s.metrics, err = newMetrics(opt.Registerer, s); err != nil {
		return nil, err
	}
	s.quiet = quietlog.New(opt.Logger, s.metrics.suppressed)
	if s.dashboards, err = s.newDashboards(); err != nil {
		return nil, err
	}
	return s, nil
}

// panicked tells of a panic on a connection's account.
func (s *Server) panicked(v any) {
	s.quiet.Log(slog.LevelError, "panic in a connection; it was closed", "panic", v, "stack", string(debug.Stack()))
}

// QuietLog is the server's log of what clients cause, for others who serve them.
func (s *Server) QuietLog() *quietlog.Logger { return s.quiet }

// Run keeps heartbeats and sends dashboards their frames until ctx ends.
func (s *Server) Run(ctx context.Context) {
	var rounds sync.WaitGroup
	rounds.Go(func() { s.dashboards.Run(ctx) })
	s.hub.Run(ctx)
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
	mux.HandleFunc("GET /events", s.entered(access.Entry{Socket: true}, s.serveEvents))
	for _, method := range []string{http.MethodGet, http.MethodOptions} { // see probes
		mux.HandleFunc(method+" /livez", s.serveLive)
		mux.HandleFunc(method+" /readyz", s.serveReady)
	}
	mux.HandleFunc("POST /v1/predict", s.servePost(protocol.KindPredict))
	mux.HandleFunc("POST /v1/feedback", s.servePost(protocol.KindFeedback))
	mux.HandleFunc("POST /v1/notify", s.guarded(access.Admin, s.serveNotify))
	mux.HandleFunc("GET /api/me", s.known(s.serveMe))
	mux.HandleFunc("GET /api/models", s.known(s.serveModels))
	mux.HandleFunc("GET /api/quality", s.guarded(access.Dashboard, s.serveQuality))
	mux.HandleFunc("GET /api/quality/slices", s.history(s.serveSlices))
	mux.HandleFunc("GET /api/quality/worst", s.history(s.serveWorst))
	mux.HandleFunc("GET /api/quality/curve", s.history(s.serveCurve))
	mux.HandleFunc("GET /api/quality/residuals", s.history(s.serveResiduals))
	mux.HandleFunc("GET /api/quality/export", s.ofOneModel(s.serveExport))
	mux.HandleFunc("GET /api/alerts", s.guarded(access.Dashboard, s.serveAlerts))
	mux.HandleFunc("GET /", s.servePage)
	return s.checkCaller(mux)
}

// Drain ends service in good order: new sockets are refused and new requests
// answered with draining; everything accepted is answered; then every socket
// gets a close frame with 1001, spread over a moment.
//
// The end of the time that ctx gives is for that: what no model has answered by
// then is answered with draining. The error tells of requests that got no answer
// at all.
func (s *Server) Drain(ctx context.Context) error {
	s.draining.Store(true)
	s.hub.Announce(protocol.Encode(protocol.Notice{
		Type: "notice", Code: "going_away",
		Message: "the server is going away; requests already accepted will be answered, then reconnect",
	}))
	models, stop := endsBefore(ctx, lastWords)
	defer stop()
	if s.drainPools(models) != nil {
		s.abandon()
	}
	err := s.drainPools(ctx)
	s.hub.Close(ctx, s.opt.GoodbyeSpread)
	return err
}

// lastWords is the part of a drain that is kept for telling clients.
const lastWords = time.Second

// endsBefore returns a context that ends so long before ctx does, or at half of
// its time where that is short.
func endsBefore(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	end, limited := ctx.Deadline()
	if !limited {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, end.Add(-min(by, time.Until(end)/2)))
}

// abandon answers what models have not.
func (s *Server) abandon() {
	left := 0
	for _, d := range s.service.Catalog.Now().Deployments {
		left += d.Pool.Abandon()
	}
	s.opt.Logger.Warn("requests were not answered in time; their clients were told to send them again", "requests", left)
}

// drainPools drains all pools at the same time: each is to refuse new work at
// once, however long another takes.
func (s *Server) drainPools(ctx context.Context) error {
	deployments := s.service.Catalog.Now().Deployments
	errs := make([]error, len(deployments))
	var draining sync.WaitGroup
	for i, d := range deployments {
		draining.Go(func() { errs[i] = d.Pool.Drain(ctx) })
	}
	draining.Wait()
	return errors.Join(errs...)
}
