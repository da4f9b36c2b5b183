// Package app is the composition root: it wires the rooms into the program that
// penstock serve runs, and stops it in good order. Options say what it serves;
// flags, environment and files are command's, and signals are main's. It can be
// started in a test on port 0, several in one process.
package app

import (
	"context"
	"errors"
	"log" //nolint:depguard // net/http takes no other logger
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"penstock/access"
	"penstock/inference"
	"penstock/monitor"
	"penstock/monitor/webhook"
	"penstock/quality"
	"penstock/reload"
	"penstock/server"
	"penstock/server/accept"
	"penstock/server/budget"
	"penstock/serving"
)

// App is the whole program, wired. Several can live in one process: nothing
// in it is global but the number of threads (see threads).
type App struct {
	options  Options
	logger   *slog.Logger
	registry *prometheus.Registry
	models   []*loadedModel
	memory   memoryPlan
	access   *access.Guard
	keys     *reload.Files // nil without tokens
	service  *serving.Service
	server   *server.Server
	monitor  *monitor.Monitor
	webhook  *webhook.Hook // nil without --alert-webhook
	threads  *threads
	history  *history
	doors    doors

	plan          accept.Plan
	public, admin *accept.Listener
	closed        sync.Once
}

// New prepares the program and opens its listeners. It starts nothing: see Run.
// Who does not call Run calls Close.
func New(options Options) (*App, error) {
	a, err := Prepare(options)
	if err != nil {
		return nil, err
	}
	if err := a.listen(); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// Prepare is all that New does but listening: it loads and checks the models and
// wires the rooms. What it returns is closed, not run.
func Prepare(options Options) (*App, error) {
	if err := options.Validate(); err != nil {
		return nil, err
	}
	a := &App{options: options, logger: options.Logger, registry: prometheus.NewRegistry(), plan: accept.PlanFor(options.MaxConnections)}
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	var err error
	if a.models, err = loadModels(options); err != nil {
		return nil, err
	}
	for _, m := range a.models {
		if err := RowFits(m.Spec(), options.MaxMessageBytes); err != nil {
			a.Close()
			return nil, err
		}
	}
	if a.memory, err = planMemory(options.MemoryLimit); err != nil {
		a.Close()
		return nil, err
	}
	if err := a.wire(); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// wire makes the rooms, from the catalog up to the server.
func (a *App) wire() error {
	if err := a.guard(); err != nil {
		return err
	}
	if err := a.serve(); err != nil {
		return err
	}
	clients := server.NewClients()
	if err := a.watch(clients); err != nil {
		return err
	}
	if err := a.readDoors(); err != nil {
		return err
	}
	var err error
	a.server, err = server.New(server.Options{
		Service: a.service, Monitor: a.monitor, History: a.history.Store, Clients: clients, Access: a.access, Dashboard: a.options.Dashboard,
		HandshakesPerSecond: a.options.HandshakesPerSecond,
		MaxConnections:      a.plan.WebSockets, MaxPerAddress: a.options.perAddress(a.plan), TrustedProxies: a.options.proxies(),
		MaxMessageBytes: a.options.MaxMessageBytes, MaxRows: a.options.MaxRows,
		MaxReplyBytes: a.options.MaxReplyBytes, Budget: budget.New(a.memory.clients), Echo: a.options.ServesEcho(),
		AllowOrigins: a.options.AllowOrigins, AllowHosts: a.options.AllowHosts,
		Rush: a.threads.allow, Logger: a.logger, Registerer: a.registry,
	})
	return err
}

// serve puts the models into a catalog, with all that judges and counts what is asked
// of them.
func (a *App) serve() error {
	var err error
	if a.history, err = openHistory(&a.options, a.registry); err != nil {
		return err
	}
	slices, err := a.slices()
	if err != nil {
		return err
	}
	store, err := quality.New(quality.Options{
		Remember: a.options.Remember, Key: a.history.Key(), Record: true,
		Alpha: a.options.SetAlpha, Frozen: a.options.KeepCalibration, Rows: a.options.keptRows(), Slices: slices, Registerer: a.registry,
	})
	if err != nil {
		return err
	}
	ledger, err := serving.NewLedger(a.registry)
	if err != nil {
		return err
	}
	catalog, err := serving.NewCatalog(serving.CatalogOptions{Quality: store, Registerer: a.registry})
	if err != nil {
		return err
	}
	a.service = &serving.Service{Catalog: catalog, Quality: store, Ledger: ledger}
	a.threads = &threads{}
	for _, m := range a.models {
		a.threads.workers += m.pool.Workers
		if m.deployment, err = catalog.Add(serving.Candidate{
			Model: m, Accuracy: m.Accuracy, Facts: m.facts(), Weight: 1,
			Pool: inference.Options{
				Workers: m.pool.Workers, MaxBatch: m.pool.MaxBatch, QueueRows: m.pool.QueueRows,
				Window: a.options.Window, Panicked: a.panicked,
			},
		}); err != nil {
			return err
		}
	}
	if err := a.history.load(store); err != nil {
		return err
	}
	for _, m := range a.models { // what changes here may be the version, or the machine
		store.Note(m.deployment.Series, "start", "the server was started")
	}
	return nil
}

// panicked tells of a panic while an answer was handed over.
func (a *App) panicked(v any) {
	a.server.QuietLog().Log(slog.LevelError, "panic while a reply was handed over", "panic", v, "stack", string(debug.Stack()))
}

// watch makes the monitor, which reads what the server will count.
func (a *App) watch(clients *server.Clients) error {
	self, err := monitor.ThisProcess()
	if err != nil {
		return err
	}
	alerted, err := a.hook()
	if err != nil {
		return err
	}
	a.monitor, err = monitor.New(monitor.Options{
		Machine: machine{self, a.threads}, Models: server.Watched(a.service.Catalog), Quality: a.service.Quality,
		Traffic:    func() monitor.Traffic { return clients.Traffic(a.service.Ledger) },
		Thresholds: a.options.Alerts, Alerted: alerted, Registerer: a.registry,
	})
	return err
}

// hook makes the webhook, if there is an address for it, and returns what the
// monitor tells of alerts.
func (a *App) hook() (alerted func(monitor.Update), err error) {
	to := a.options.Webhook
	if to.IsZero() {
		return nil, nil
	}
	if a.webhook, err = webhook.New(webhook.Options{To: to, Logger: a.logger, Registerer: a.registry}); err != nil {
		return nil, err
	}
	return func(alert monitor.Update) { a.webhook.Send(alert.Encoded) }, nil
}

// Close frees what New or Prepare took. Run does so itself: Close is for who does
// not call Run, and harmless after one that returned nil.
func (a *App) Close() { a.closed.Do(a.free) }

func (a *App) free() {
	for _, l := range []*accept.Listener{a.public, a.admin} {
		if l != nil {
			_ = l.Close()
		}
	}
	for _, m := range a.models {
		_ = m.Close()
	}
	if a.history != nil {
		_ = a.history.Close()
	}
}

// Run serves until ctx ends, then drains: everything accepted is answered,
// sockets are closed in good order, and all that was started here has ended
// when it returns. Pools, monitor and heartbeats outlive the drain, which
// needs them.
func (a *App) Run(ctx context.Context) error {
	inner, stopInner := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	for _, m := range a.models {
		running.Go(func() { _ = m.deployment.Pool.Run(inner) })
	}
	running.Go(func() { a.server.Run(inner) })
	running.Go(func() { a.history.run(inner, a.service.Quality) })
	running.Go(func() { a.access.Run(inner) })
	if a.keys != nil {
		running.Go(func() { a.keys.Run(inner) })
	}
	if a.webhook != nil {
		running.Go(func() { a.webhook.Run(inner) })
	}
	a.doors.run(inner, &running)
	running.Go(func() {
		if err := a.monitor.Run(inner); err != nil {
			a.logger.Error("monitor stopped; dashboards stand still", "err", err)
		}
	})

	failed := make(chan error, 2)
	public := a.httpServer(a.server.Handler(), a.public)
	running.Go(func() { serveHTTP(public, a.public, failed) })
	admin := a.httpServer(a.adminHandler(), a.admin)
	if a.admin != nil {
		running.Go(func() { serveHTTP(admin, a.admin, failed) })
	}
	a.announce()

	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	drain, cancel := context.WithTimeout(inner, a.options.DrainTimeout)
	defer cancel()
	a.logger.Info("draining", "timeout", a.options.DrainTimeout)
	err = errors.Join(err, a.server.Drain(drain))
	shutdown(drain, public)
	shutdown(drain, admin)
	stopInner()
	if !endsWithin(&running, hangTimeout) {
		// Nor is its model closed: the engine is using it.
		return errors.Join(err, errors.New("an engine does not return from its batch; it is left behind"))
	}
	a.Close()
	a.logger.Info("stopped")
	return err
}

// hangTimeout is how long all that was told to stop may take. Go cannot end a
// call into an engine that hangs.
const hangTimeout = 5 * time.Second

func endsWithin(running *sync.WaitGroup, timeout time.Duration) bool {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		running.Wait()
	}()
	select {
	case <-ended:
		return true
	case <-time.After(timeout):
		return false
	}
}

func serveHTTP(s *http.Server, l net.Listener, failed chan<- error) {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		failed <- err
	}
}

func shutdown(ctx context.Context, s *http.Server) {
	if s.Shutdown(ctx) != nil {
		_ = s.Close()
	}
}

func (a *App) httpServer(h http.Handler, l *accept.Listener) *http.Server {
	http1 := new(http.Protocols)
	http1.SetHTTP1(true) // which WebSockets need
	return &http.Server{
		ConnState:         l.Track,
		ConnContext:       l.Context,
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(a.server.QuietLog().HTTP(), "", 0),
		Protocols:         http1,

		DisableGeneralOptionsHandler: true, // OPTIONS * is answered as all else
	}
}

// adminHandler holds what operators need and the public must not see.
func (a *App) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/revoke", a.server.Revoke)
	mux.HandleFunc("POST /v1/notify", a.server.Notify)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{Registry: a.registry}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return a.server.CheckOperator(mux, a.doors.token)
}

func (a *App) announce() {
	for _, m := range a.models {
		s := m.Spec()
		a.logger.Info("model ready", "name", s.Name, "version", s.Version, "engine", s.Engine,
			"features", s.Features, "scores", s.Width(), "golden_rows", m.GoldenRows, "loaded_in", m.took,
			"workers", m.pool.Workers, "max_batch", m.pool.MaxBatch, "queue_rows", m.pool.QueueRows)
		for _, text := range Cautions(s, a.options.MaxMessageBytes) {
			a.logger.Warn(text, "model", s.Name)
		}
	}
	if a.admin != nil {
		a.announceAdmin()
	}
	a.logger.Info("memory", "limit_mib", a.memory.limit>>20, "from", a.memory.from, "clients_mib", a.memory.clients>>20)
	a.logger.Info("ready", "url", url(a.public.Addr(), a.options.TLSCert != ""), "workers", a.models[0].pool.Workers)
}
