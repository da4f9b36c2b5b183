package bench

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"penstock/client"
	"penstock/inference"
	"penstock/model"
	"penstock/monitor"
	"penstock/quality"
	"penstock/server"
	"penstock/server/socket/pipe"
	"penstock/serving"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const address = "ws://127.0.0.1"

// serve runs a real server on pipes in memory until the test ends, and returns
// the options of clients that reach it.
func serve(t *testing.T, m model.Model, o inference.Options) client.Options {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	store, err := quality.New(quality.Options{})
	must(err)
	catalog, err := serving.NewCatalog(serving.CatalogOptions{Quality: store})
	must(err)
	deployment, err := catalog.Add(serving.Candidate{Model: m, Pool: o})
	must(err)
	pool := deployment.Pool
	service := &serving.Service{Catalog: catalog, Quality: store, Ledger: new(serving.Ledger)}
	clients := server.NewClients()
	watch, err := monitor.New(monitor.Options{
		Machine: idle{}, Models: server.Watched(catalog), Quality: store,
		Traffic: func() monitor.Traffic { return clients.Traffic(service.Ledger) },
	})
	must(err)
	s, err := server.New(server.Options{Service: service, Monitor: watch, Clients: clients})
	must(err)

	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = pool.Run(ctx) })
	running.Go(func() { s.Run(ctx) })
	running.Go(func() { _ = watch.Run(ctx) })
	pipes := pipe.Listen(pipe.New)
	public := &http.Server{Handler: s.Handler()}
	running.Go(func() { _ = public.Serve(pipes) })
	t.Cleanup(func() {
		if err := s.Drain(ctx); err != nil {
			t.Errorf("drain: %v", err)
		}
		_ = public.Close()
		cancel()
		running.Wait()
		must(m.Close())
	})
	return client.Options{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return pipes.Dial(ctx) }}
}

// idle is a machine that does nothing.
type idle struct{}

func (idle) Usage() (monitor.Usage, error) { return monitor.Usage{CPUs: 1, ResidentBytes: 1}, nil }
