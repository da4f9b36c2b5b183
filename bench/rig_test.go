package bench_test

import (
	"context"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"

	"penstock/inference"
	"penstock/model"
	"penstock/model/dense"
	"penstock/monitor"
	"penstock/quality"
	"penstock/server"
	"penstock/serving"
	"penstock/weights"
	"penstock/weights/engines"
)

// digits is the embedded bundle's model.
func digits(tb testing.TB) model.Model {
	tb.Helper()
	bundle, err := weights.Default(engines.All(engines.Options{}))
	if err != nil {
		tb.Fatal(err)
	}
	loaded, err := bundle.Load("")
	if err != nil {
		tb.Fatal(err)
	}
	return loaded
}

// small is a network of 64-128-64-10 with random weights: little enough work
// that the way to the model is what takes the time.
func small(tb testing.TB) model.Model {
	tb.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	widths := []int{64, 128, 64, 10}
	var layers []dense.Layer
	for i := range len(widths) - 1 {
		in, out := widths[i], widths[i+1]
		l := dense.Layer{In: in, Out: out, Weight: make([]float32, in*out), Bias: make([]float32, out), Activation: dense.ReLU}
		for j := range l.Weight {
			l.Weight[j] = float32(random.NormFloat64() / math.Sqrt(float64(in)))
		}
		layers = append(layers, l)
	}
	layers[len(layers)-1].Activation = dense.Softmax
	network, err := dense.New(model.Spec{
		Name: "small", Version: "1", Features: 64,
		Outputs: model.OneOf("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
	}, layers, 1)
	if err != nil {
		tb.Fatal(err)
	}
	return network
}

// serve runs a whole server for m on a real socket and returns its address. It
// ends with the benchmark.
func serve(tb testing.TB, m model.Model, opt inference.Options) (url string) {
	tb.Helper()
	must := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	store, err := quality.New(quality.Options{})
	must(err)
	catalog, err := serving.NewCatalog(serving.CatalogOptions{Quality: store})
	must(err)
	deployment, err := catalog.Add(serving.Candidate{Model: m, Pool: opt})
	must(err)
	pool := deployment.Pool
	service := &serving.Service{Catalog: catalog, Quality: store, Ledger: new(serving.Ledger)}
	clients := server.NewClients()
	watch, err := monitor.New(monitor.Options{
		Models: server.Watched(catalog), Quality: store,
		Traffic: func() monitor.Traffic { return clients.Traffic(service.Ledger) },
	})
	must(err)
	s, err := server.New(server.Options{Service: service, Monitor: watch, Clients: clients})
	must(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)

	web := &http.Server{Handler: s.Handler()}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = pool.Run(ctx) })
	running.Go(func() { s.Run(ctx) })
	running.Go(func() { _ = watch.Run(ctx) })
	running.Go(func() { _ = web.Serve(listener) })
	tb.Cleanup(func() {
		_ = s.Drain(context.Background())
		_ = web.Close()
		cancel()
		running.Wait()
	})
	return "ws://" + listener.Addr().String()
}
