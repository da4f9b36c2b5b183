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
	pool, err := inference.New(m, o)
	must(err)
	spec := m.Spec()
	labels, err := quality.New(quality.Options{})
	must(err)
	_, err = labels.Add(quality.Model{Name: spec.Name, Version: spec.Version, Judge: quality.NewClassJudge(spec.First().Classes)})
	must(err)
	ledger, clients := new(serving.Ledger), server.NewClients()
	watch, err := monitor.New(monitor.Options{
		Pools: []monitor.Pool{pool}, Quality: labels, Machine: idle{},
		Traffic: func() monitor.Traffic { return clients.Traffic(ledger) },
	})
	must(err)
	s, err := server.New(server.Options{
		Pools: []*inference.Pool{pool}, Quality: labels, Monitor: watch, Ledger: ledger, Clients: clients,
	})
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
