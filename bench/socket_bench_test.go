package bench_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"penstock/client"
	"penstock/inference"
	"penstock/model"
)

// BenchmarkSocket asks a whole server over real sockets, closed loop: an
// operation is one request of one row. Client and server share the process and
// its processors; bench/rivals measures the server alone.
func BenchmarkSocket(b *testing.B) {
	for _, m := range []struct {
		name string
		make func(testing.TB) model.Model
	}{{"small", small}, {"digits", digits}} {
		for _, connections := range []int{1, 16, 64} {
			for _, inFlight := range []int{1, 32} {
				name := fmt.Sprintf("model=%s/connections=%d/in_flight=%d", m.name, connections, inFlight)
				b.Run(name, func(b *testing.B) {
					benchmarkSocket(b, serve(b, m.make(b), inference.Options{}), connections, inFlight)
				})
			}
		}
	}
}

func benchmarkSocket(b *testing.B, url string, connections, inFlight int) {
	ctx := context.Background()
	loops := make([]*loop, connections)
	for i := range loops {
		c, err := client.Dial(ctx, url, client.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		loops[i] = newLoop(b, c, inFlight, b.N/connections+1)
	}
	b.ReportAllocs()
	b.ResetTimer()
	start := time.Now()
	var running sync.WaitGroup
	for _, l := range loops {
		running.Go(func() { l.run(ctx) })
	}
	running.Wait()
	took := time.Since(start)
	b.StopTimer()
	all := hdrhistogram.New(1, 60_000_000, 3)
	done := 0
	for _, l := range loops {
		if l.err != nil {
			b.Fatal(l.err)
		}
		done += l.requests
		all.Merge(l.latencies)
	}
	b.ReportMetric(float64(done)/took.Seconds(), "rows/s")
	b.ReportMetric(float64(all.ValueAtQuantile(50)), "p50-µs")
	b.ReportMetric(float64(all.ValueAtQuantile(99)), "p99-µs")
}

// loop keeps a number of requests in flight on one connection.
type loop struct {
	client    *client.Client
	request   client.Request
	inFlight  int
	requests  int
	latencies *hdrhistogram.Histogram
	err       error
}

func newLoop(b *testing.B, c *client.Client, inFlight, requests int) *loop {
	row, err := client.EncodeRow(make([]float32, c.Hello().Models[0].Features))
	if err != nil {
		b.Fatal(err)
	}
	return &loop{
		client: c, request: client.Request{Encoded: row}, inFlight: inFlight, requests: requests,
		latencies: hdrhistogram.New(1, 60_000_000, 3),
	}
}

// run sends all requests, one for each place that becomes free.
func (l *loop) run(ctx context.Context) {
	free := make(chan struct{}, l.inFlight)
	var mu sync.Mutex
	for range l.requests {
		free <- struct{}{}
		sent := time.Now()
		_, err := l.client.Submit(ctx, l.request, func(_ client.Prediction, err error) {
			mu.Lock()
			defer mu.Unlock()
			_ = l.latencies.RecordValue(max(time.Since(sent).Microseconds(), 1))
			if err != nil {
				l.err = err
			}
			<-free
		})
		if err != nil {
			mu.Lock()
			l.err = err
			mu.Unlock()
			return
		}
	}
	for range l.inFlight { // until the last is answered
		free <- struct{}{}
	}
}
