package monitor

import (
	"github.com/HdrHistogram/hdrhistogram-go"

	"penstock/inference"
	"penstock/protocol"
)

// window holds the last ten seconds, one bucket per tick, and their sum.
type window struct {
	buckets []bucket
	next    int
	sum     bucket
}

type bucket struct {
	answered, failed uint64 // requests; failed ones are among the answered
	latencies        *inference.Latencies
}

func newWindow(ticks int) *window {
	w := &window{buckets: make([]bucket, ticks)}
	for i := range w.buckets {
		w.buckets[i].latencies = inference.NewLatencies()
	}
	w.sum.latencies = inference.NewLatencies()
	return w
}

// addRecent moves all windows on by the time between two readings.
func (m *Monitor) addRecent(before, now reading) {
	for i, pool := range m.options.Pools {
		was, is := before.pools[i], now.pools[i]
		m.windows[i].add(since(was.Predicted, is.Predicted), since(failures(was), failures(is)), pool.TakeLatencies)
	}
	was, is := before.traffic, now.traffic
	failed := since(was.Errors, is.Errors) + since(was.Shed, is.Shed)
	m.window.add(since(was.Predicted, is.Predicted), failed, func(into *inference.Latencies) {
		for _, w := range m.windows {
			into.Merge(w.newest().latencies)
		}
	})
}

// failures are the requests of a pool that got a typed error.
func failures(s inference.Stats) uint64 {
	return s.Failed + s.Expired + s.Cancelled + s.Stopped + s.Shed + s.Refused
}

// asked are the requests that came for a pool.
func asked(s inference.Stats) uint64 { return s.Accepted + s.Shed + s.Refused }

func (w *window) newest() *bucket { return &w.buckets[(w.next+len(w.buckets)-1)%len(w.buckets)] }

// add takes the place of the oldest tick with the newest, and sums up anew:
// ten merges a second cost little and leave no rounding or drift behind.
func (w *window) add(predicted, failed uint64, takeLatencies func(*inference.Latencies)) {
	b := &w.buckets[w.next]
	w.next = (w.next + 1) % len(w.buckets)
	b.failed, b.answered = failed, failed+predicted
	b.latencies.Reset()
	takeLatencies(b.latencies)

	w.sum.answered, w.sum.failed = 0, 0
	w.sum.latencies.Reset()
	for _, b := range w.buckets {
		w.sum.answered += b.answered
		w.sum.failed += b.failed
		if b.latencies.Total.TotalCount() > 0 { // most models rest most of the time
			w.sum.latencies.Merge(b.latencies)
		}
	}
}

// errorRate is the share of requests answered with an error or shed, of all
// requests answered in the window; 0 when none was. Answers are counted, not
// arrivals, so that a failure always meets its own request in the denominator
// and the rate stays within 0 and 1.
func (w *window) errorRate() float64 {
	if w.sum.answered == 0 {
		return 0
	}
	return float64(w.sum.failed) / float64(w.sum.answered)
}

// millis is a percentile of a histogram in microseconds; nil when it is empty.
func millis(h *hdrhistogram.Histogram, percent float64) *float64 {
	if h.TotalCount() == 0 {
		return nil
	}
	ms := float64(h.ValueAtQuantile(percent)) / 1000
	return &ms
}

func (w *window) latency() protocol.Latency {
	h := w.sum.latencies.Total
	return protocol.Latency{P50: millis(h, 50), P95: millis(h, 95), P99: millis(h, 99), Max: millis(h, 100)}
}

func (w *window) queue() protocol.QueueLatency {
	h := w.sum.latencies.Queue
	return protocol.QueueLatency{P50: millis(h, 50), P99: millis(h, 99)}
}
