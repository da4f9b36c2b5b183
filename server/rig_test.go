package server_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"penstock/inference"
	"penstock/model"
	"penstock/model/modeltest"
	"penstock/monitor"
	"penstock/outputs"
	"penstock/quality"
	"penstock/server"
	"penstock/server/socket/pipe"
	"penstock/serving"
)

// setup says what a rig serves, and how. The zero value serves an oracle of
// three features and ten classes.
type setup struct {
	oracle   *modeltest.Oracle
	more     []model.Model // beside the oracle
	pool     inference.Options
	server   func(*server.Options)
	monitor  func(*monitor.Options)
	inMemory bool                     // connections are pipes, for tests in a synctest bubble
	thawed   bool                     // confidences follow labels
	rigid    bool                     // the pipes hold nothing: what is written, the other end reads at once or not at all
	kinds    outputs.Table            // of outputs; nil: the standard ones
	facts    map[string]serving.Facts // of models by name
}

// rig is a server with all that it needs, running until stop or the end of
// the test. Then it must be at rest: every request in the ledger, nothing in
// flight, no connection and no session open.
type rig struct {
	*server.Server
	t        testing.TB
	oracle   *modeltest.Oracle
	pools    []*inference.Pool
	quality  *quality.Store
	service  *serving.Service
	monitor  *monitor.Monitor
	listener net.Listener
	dial     func(ctx context.Context) (net.Conn, error)
	http     *http.Client
	stop     func() // drains and ends all; once
}

func start(t testing.TB, s setup) *rig {
	t.Helper()
	if s.oracle == nil {
		s.oracle = &modeltest.Oracle{Features: 3, Classes: 10}
	}
	r := &rig{t: t, oracle: s.oracle}
	r.wire(s)
	r.listen(s)
	run := r.run()
	r.http = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return r.dial(ctx) },
	}}
	r.stop = sync.OnceFunc(func() {
		run()
		r.mustRest()
	})
	t.Cleanup(r.stop)
	return r
}

// wire makes the rooms.
func (r *rig) wire(s setup) {
	r.t.Helper()
	var err error
	r.quality, err = quality.New(quality.Options{Frozen: !s.thawed, Record: true})
	r.must(err)
	catalog, err := serving.NewCatalog(serving.CatalogOptions{Quality: r.quality, Kinds: s.kinds})
	r.must(err)
	r.service = &serving.Service{Catalog: catalog, Quality: r.quality, Ledger: new(serving.Ledger)}
	for _, m := range append([]model.Model{s.oracle}, s.more...) {
		d, err := catalog.Add(serving.Candidate{Model: m, Pool: s.pool, Facts: s.facts[m.Spec().Name]})
		r.must(err)
		r.pools = append(r.pools, d.Pool)
	}
	clients := server.NewClients()
	watch := monitor.Options{
		Models: server.Watched(catalog), Quality: r.quality, Machine: machine{},
		Traffic: func() monitor.Traffic { return clients.Traffic(r.service.Ledger) },
	}
	if s.monitor != nil {
		s.monitor(&watch)
	}
	r.monitor, err = monitor.New(watch)
	r.must(err)
	options := server.Options{
		Service: r.service, Monitor: r.monitor, Clients: clients,
		Echo: true, GoodbyeSpread: time.Millisecond,
	}
	if s.server != nil {
		s.server(&options)
	}
	r.Server, err = server.New(options)
	r.must(err)
}

func (r *rig) listen(s setup) {
	r.t.Helper()
	if s.inMemory {
		pipes := pipe.Listen(pipe.New)
		if s.rigid {
			pipes = pipe.Listen(net.Pipe)
		}
		r.listener, r.dial = pipes, pipes.Dial
		return
	}
	var err error
	r.listener, err = net.Listen("tcp", "127.0.0.1:0")
	r.must(err)
	address := r.listener.Addr().String()
	r.dial = func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}
}

// run starts everything and returns what ends it and waits.
func (r *rig) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, p := range r.pools {
		running.Go(func() { _ = p.Run(ctx) })
	}
	running.Go(func() { r.Run(ctx) })
	running.Go(func() { _ = r.monitor.Run(ctx) })
	public := &http.Server{Handler: r.Handler(), ReadHeaderTimeout: 5 * time.Second}
	running.Go(func() { _ = public.Serve(r.listener) })
	return func() {
		r.http.CloseIdleConnections()
		drain, done := context.WithTimeout(ctx, 15*time.Second)
		defer done()
		if err := r.Drain(drain); err != nil {
			r.t.Errorf("drain: %v", err)
		}
		if drain.Err() != nil {
			r.t.Error("the drain took too long")
		}
		_ = public.Close()
		cancel()
		running.Wait()
	}
}

// mustRest checks the books of a rig that has stopped.
func (r *rig) mustRest() {
	r.t.Helper()
	r.mustBalance()
	if traffic := r.Traffic(); traffic.Connections != 0 || traffic.Users != 0 {
		r.t.Errorf("%d connections and %d users are left", traffic.Connections, traffic.Users)
	}
	for _, p := range r.pools {
		if s := p.Stats(); s.InFlight != 0 || s.QueueRows != 0 || s.StuckWorkers != 0 {
			r.t.Errorf("the pool is not at rest: %+v", s)
		}
	}
	if err := r.oracle.Close(); err != nil {
		r.t.Error(err)
	}
}

// mustBalance checks that the ledger accounts for every request received.
func (r *rig) mustBalance() {
	r.t.Helper()
	l := r.Traffic()
	if l.Received != l.Predicted+l.Errors+l.Shed+l.Undeliverable {
		r.t.Errorf("the ledger does not balance: %+v", l)
	}
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// machine is one that does nothing, so that tests read no files.
type machine struct{}

func (machine) Usage() (monitor.Usage, error) {
	return monitor.Usage{CPUs: 2, ResidentBytes: 1 << 20}, nil
}

// named gives a model another name.
type named struct {
	*modeltest.Oracle
	name string
}

func (n named) Spec() model.Spec {
	spec := n.Oracle.Spec()
	spec.Name = n.name
	return spec
}
