//go:build linux && experiment

package bench_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"penstock/bench"
	"penstock/inference"
	"penstock/model/modeltest"
)

// BenchmarkOverload offers ten times what a slow model can do, open loop, and
// compares with the most that it does when nobody waits for more: what is done
// must not fall, and what is refused must be refused at once. Its operation is
// the whole comparison, five rounds of it; run it with -tags experiment
// and -benchtime 1x.
//
// The model waits for a millisecond a batch, as for a device; the server has one
// core to itself, the load another.
func BenchmarkOverload(b *testing.B) {
	const batch, connections, rounds = 8, 16, 5
	m := &modeltest.Oracle{Features: 4, Classes: 4, OnBatch: func(int) { time.Sleep(time.Millisecond) }}
	role, url := role()
	load := bench.Load{
		URL: url, Connections: connections, Duration: 3 * time.Second, Warmup: time.Second,
		Features: [][]float32{m.Row(1), m.Row(2), m.Row(3)},
	}
	rate, open := strings.CutPrefix(role, "open ")
	switch {
	case role == "server":
		fmt.Fprintln(os.Stdout, "url", serve(b, m, inference.Options{Workers: 1, MaxBatch: batch, QueueRows: 256, Window: 256}))
		untilInputEnds()
		return
	case role == "closed":
		load.InFlight = batch
		offer(b, load)
		return
	case open:
		load.Rate, _ = strconv.ParseFloat(rate, 64)
		offer(b, load)
		return
	}
	server := start(b, 0, "server", "")
	url = server.line("url")
	for b.Loop() {
		var peaks, offered, goodput, shed, lag []float64
		for range rounds {
			peak := start(b, 1, "closed", url).report()
			flood := start(b, 1, fmt.Sprintf("open %f", 10*peak.Goodput), url).report()
			if flood.Shed == 0 || flood.Predicted == 0 {
				b.Fatalf("no overload: %+v", flood)
			}
			peaks, offered = append(peaks, peak.Goodput), append(offered, flood.AchievedRate/peak.Goodput)
			goodput, shed = append(goodput, flood.Goodput/peak.Goodput), append(shed, flood.ShedLatency.P99)
			lag = append(lag, flood.Lag.P99)
		}
		b.ReportMetric(median(peaks), "peak/s")
		b.ReportMetric(median(offered), "offered/peak")
		b.ReportMetric(median(goodput), "goodput/peak")
		b.ReportMetric(median(shed), "shed-p99-ms")
		b.ReportMetric(median(lag), "generator-lag-p99-ms")
	}
	server.end()
}
