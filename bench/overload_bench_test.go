package bench_test

import (
	"context"
	"testing"
	"time"

	"penstock/bench"
	"penstock/inference"
	"penstock/model/modeltest"
)

// BenchmarkOverload offers ten times what a slow model can do, open loop, and
// compares with the most that it does when nobody waits for more: what is done
// must not fall, and what is refused must be refused at once. Its operation is
// the whole comparison; run it with -benchtime 1x.
func BenchmarkOverload(b *testing.B) {
	const batch, connections = 8, 16
	m := &modeltest.Oracle{Features: 4, Classes: 4, OnBatch: func(int) { time.Sleep(time.Millisecond) }}
	url := serve(b, m, inference.Options{Workers: 1, MaxBatch: batch, QueueRows: 256, Window: 256})
	load := bench.Load{
		URL: url, Connections: connections, Duration: 3 * time.Second, Warmup: time.Second,
		Features: [][]float32{m.Row(1), m.Row(2), m.Row(3)},
	}
	for b.Loop() {
		closed := load
		closed.InFlight = batch
		peak, err := closed.Run(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		open := load
		open.Rate = 10 * peak.Goodput
		flood, err := open.Run(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		if flood.Shed == 0 || flood.Predicted == 0 {
			b.Fatalf("no overload: %+v", flood)
		}
		b.ReportMetric(peak.Goodput, "peak/s")
		b.ReportMetric(flood.AchievedRate/peak.Goodput, "offered/peak")
		b.ReportMetric(flood.Goodput/peak.Goodput, "goodput/peak")
		b.ReportMetric(flood.ShedLatency.P99, "shed-p99-ms")
		b.ReportMetric(flood.Lag.P99, "generator-lag-p99-ms")
	}
}
