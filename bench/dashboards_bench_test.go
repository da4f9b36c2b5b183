package bench_test

import (
	"context"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"penstock/bench"
	"penstock/inference"
)

// BenchmarkDashboards compares the latency of predictions, open loop, without
// dashboards and with a thousand of them on real sockets. Its operation is the
// whole comparison, five rounds in turn; run it with -benchtime 1x.
func BenchmarkDashboards(b *testing.B) {
	const dashboards, rounds = 1000, 5
	url := serve(b, small(b), inference.Options{})
	load := bench.Load{URL: url, Connections: 8, Rate: 2000, Duration: 3 * time.Second, Warmup: 500 * time.Millisecond}
	run := func() bench.Report {
		report, err := load.Run(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		return report
	}
	for b.Loop() {
		var alone, watched []bench.Report
		for range rounds {
			alone = append(alone, run())
			leave := watch(b, url, dashboards)
			watched = append(watched, run())
			leave()
		}
		p50 := func(r bench.Report) float64 { return r.Latency.P50 }
		p99 := func(r bench.Report) float64 { return r.Latency.P99 }
		b.ReportMetric(median(alone, p50), "p50-ms")
		b.ReportMetric(median(alone, p99), "p99-ms")
		b.ReportMetric(median(watched, p50)/median(alone, p50), "p50-ratio")
		b.ReportMetric(median(watched, p99)/median(alone, p99), "p99-ratio")
	}
}

// watch opens dashboards that read what they are sent and look no further, so
// that it is the server's part that is measured, until leave.
func watch(b *testing.B, url string, n int) (leave func()) {
	var reading sync.WaitGroup
	var all []*websocket.Conn
	for range n {
		c, _, err := websocket.Dial(context.Background(), url+"/ws/dashboard", nil)
		if err != nil {
			b.Fatal(err)
		}
		c.SetReadLimit(-1)
		all = append(all, c)
		reading.Go(func() {
			for err := error(nil); err == nil; {
				var frame io.Reader
				if _, frame, err = c.Reader(context.Background()); err == nil {
					_, err = io.Copy(io.Discard, frame)
				}
			}
		})
	}
	return func() {
		for _, c := range all {
			_ = c.CloseNow()
		}
		reading.Wait()
	}
}

func median(reports []bench.Report, of func(bench.Report) float64) float64 {
	values := make([]float64, len(reports))
	for i, r := range reports {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
