package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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

	"penstock/inference"
	"penstock/model"
	"penstock/monitor"
	"penstock/monitor/webhook"
	"penstock/quality"
	"penstock/server"
	"penstock/server/accept"
	"penstock/server/budget"
)

// app is the whole program, wired. Several can live in one process: nothing
// in it is global but the number of threads (processors.go).
type app struct {
	flags    serveCmd
	logger   *slog.Logger
	registry *prometheus.Registry
	models   []*loadedModel
	memory   memoryPlan
	pools    []*inference.Pool
	quality  *quality.Store
	server   *server.Server
	monitor  *monitor.Monitor
	webhook  *webhook.Hook // nil without --alert-webhook
	threads  *threads

	plan          accept.Plan
	public, admin *accept.Listener
}

// newApp prepares the program and opens its listeners. It starts nothing: see
// Run.
func newApp(flags serveCmd, logger *slog.Logger, page fs.FS) (*app, error) {
	a, err := prepare(flags, logger, page)
	if err != nil {
		return nil, err
	}
	if err := a.listen(); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// prepare loads and checks the models and wires the rooms.
func prepare(flags serveCmd, logger *slog.Logger, page fs.FS) (*app, error) {
	if err := flags.validate(); err != nil {
		return nil, err
	}
	a := &app{flags: flags, logger: logger, registry: prometheus.NewRegistry(), plan: accept.PlanFor(flags.MaxConnections)}
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	var err error
	if a.models, err = loadModels(flags.Model, flags.Engine, flags.place()); err != nil {
		return nil, err
	}
	for _, m := range a.models {
		if err := rowFits(m.Spec(), flags.MaxMessageBytes); err != nil {
			a.close()
			return nil, err
		}
	}
	if a.memory, err = planMemory(flags.MemoryLimit); err != nil {
		a.close()
		return nil, err
	}
	if err := a.wire(page); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

func judge(spec model.Spec) quality.Judge {
	if spec.Task == model.Regression {
		return quality.NewValuesJudge(1)
	}
	return quality.NewClassJudge(spec.Classes)
}

// wire makes the rooms, from the model up to the monitor.
func (a *app) wire(page fs.FS) error {
	var err error
	if a.quality, err = quality.New(quality.Options{Remember: a.flags.Remember, Registerer: a.registry}); err != nil {
		return err
	}
	var facts []server.ModelFacts
	for _, m := range a.models {
		pool, err := inference.New(m, inference.Options{
			Workers: a.flags.place().Workers, MaxBatch: a.flags.MaxBatch, QueueRows: a.flags.QueueRows,
			Window: a.flags.Window, Registerer: a.registry,
			Panicked: func(v any) {
				a.server.QuietLog().Log(slog.LevelError, "panic while a reply was handed over", "panic", v, "stack", string(debug.Stack()))
			},
		})
		if err != nil {
			return err
		}
		a.pools = append(a.pools, pool)
		spec := m.Spec()
		if _, err := a.quality.Add(quality.Model{Name: spec.Name, Version: spec.Version, Judge: judge(spec), Accuracy: m.Accuracy}); err != nil {
			return err
		}
		facts = append(facts, m.facts())
	}
	a.threads = &threads{workers: len(a.pools) * a.flags.place().Workers}
	if a.server, err = server.New(server.Options{
		Pools: a.pools, Quality: a.quality, Models: facts, Dashboard: page,
		MaxConnections: a.plan.WebSockets, MaxPerAddress: a.perAddress(), TrustedProxies: a.flags.proxies(),
		MaxMessageBytes: a.flags.MaxMessageBytes, MaxRows: a.flags.MaxRows,
		MaxReplyBytes: a.flags.MaxReplyBytes, Budget: budget.New(a.memory.clients), Echo: a.flags.echo(),
		AllowOrigins: a.flags.AllowOrigin, AllowHosts: a.flags.AllowHost,
		Rush: a.threads.allow, Logger: a.logger, Registerer: a.registry,
	}); err != nil {
		return err
	}
	watched := make([]monitor.Watched, len(a.pools))
	for i, series := range a.quality.Listed() {
		watched[i] = monitor.Watched{Name: series.Name(), Version: series.Version(), Pool: a.pools[i], Series: series}
	}
	self, err := monitor.ThisProcess()
	if err != nil {
		return err
	}
	alerted, err := a.hook()
	if err != nil {
		return err
	}
	if a.monitor, err = monitor.New(monitor.Options{
		Machine: machine{self, a.threads}, Models: func() []monitor.Watched { return watched }, Quality: a.quality, Traffic: a.server.Traffic,
		Thresholds: a.flags.Alert.thresholds(), Alerted: alerted, Registerer: a.registry,
	}); err != nil {
		return err
	}
	a.server.Attach(a.monitor)
	return nil
}

// hook makes the webhook, if there is an address for it, and returns what the
// monitor tells of alerts.
func (a *app) hook() (alerted func(monitor.Update), err error) {
	to := a.flags.Alert.Webhook
	if to.IsZero() {
		return nil, nil
	}
	if a.webhook, err = webhook.New(webhook.Options{To: to, Logger: a.logger, Registerer: a.registry}); err != nil {
		return nil, err
	}
	return func(alert monitor.Update) { a.webhook.Send(alert.Encoded) }, nil
}

// close frees what prepare and listen took.
func (a *app) close() {
	for _, l := range []*accept.Listener{a.public, a.admin} {
		if l != nil {
			_ = l.Close()
		}
	}
	for _, m := range a.models {
		_ = m.Close()
	}
}

// Run serves until ctx ends, then drains: everything accepted is answered,
// sockets are closed in good order, and all that was started here has ended
// when it returns. Pools, monitor and heartbeats outlive the drain, which
// needs them.
func (a *app) Run(ctx context.Context) error {
	inner, stopInner := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	for _, p := range a.pools {
		running.Go(func() { _ = p.Run(inner) })
	}
	running.Go(func() { a.server.Run(inner) })
	if a.webhook != nil {
		running.Go(func() { a.webhook.Run(inner) })
	}
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
	drain, cancel := context.WithTimeout(inner, a.flags.DrainTimeout)
	defer cancel()
	a.logger.Info("draining", "timeout", a.flags.DrainTimeout)
	err = errors.Join(err, a.server.Drain(drain))
	shutdown(drain, public)
	shutdown(drain, admin)
	stopInner()
	if !endsWithin(&running, hangTimeout) {
		// Nor is its model closed: the engine is using it.
		return errors.Join(err, errors.New("an engine does not return from its batch; it is left behind"))
	}
	a.close()
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

func (a *app) httpServer(h http.Handler, l *accept.Listener) *http.Server {
	return &http.Server{
		ConnState:         l.Track,
		ConnContext:       l.Context,
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(a.server.QuietLog().HTTP(), "", 0),

		DisableGeneralOptionsHandler: true, // OPTIONS * is answered as all else
	}
}

// adminHandler holds what operators need and the public must not see.
func (a *app) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{Registry: a.registry}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return a.server.CheckOperator(mux)
}

func (a *app) announce() {
	for _, m := range a.models {
		s := m.Spec()
		a.logger.Info("model ready", "name", s.Name, "version", s.Version, "engine", s.Engine,
			"features", s.Features, "outputs", s.Outputs(), "golden_rows", m.GoldenRows, "loaded_in", m.took)
		for _, text := range cautions(s, a.flags) {
			a.logger.Warn(text, "model", s.Name)
		}
	}
	if a.admin != nil {
		a.logger.Info("admin", "url", "http://"+a.admin.Addr().String())
	}
	a.logger.Info("memory", "limit_mib", a.memory.limit>>20, "from", a.memory.from, "clients_mib", a.memory.clients>>20)
	a.logger.Info("ready", "url", fmt.Sprintf("http://%s", a.public.Addr()), "workers", a.pools[0].Options().Workers)
}
