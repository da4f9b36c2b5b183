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
	series, err := labels.Add(quality.Model{Name: spec.Name, Version: spec.Version, Judge: quality.NewClassJudge(spec.Classes)})
	must(err)
	s, err := server.New(server.Options{Pools: []*inference.Pool{pool}, Quality: labels})
	must(err)
	watched := []monitor.Watched{{Name: spec.Name, Version: spec.Version, Pool: pool, Series: series}}
	watch, err := monitor.New(monitor.Options{Models: func() []monitor.Watched { return watched }, Quality: labels, Traffic: s.Traffic, Machine: idle{}})
	must(err)
	s.Attach(watch)

	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = pool.Run(ctx) })
	running.Go(func() { s.Run(ctx) })
	running.Go(func() { _ = watch.Run(ctx) })
	pipes := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
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
	return client.Options{DialContext: pipes.dial}
}

// idle is a machine that does nothing.
type idle struct{}

func (idle) Usage() (monitor.Usage, error) { return monitor.Usage{CPUs: 1, ResidentBytes: 1}, nil }

// pipeListener accepts pipes in memory, which synctest can follow.
type pipeListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
