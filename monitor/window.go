package monitor

import (
	"github.com/HdrHistogram/hdrhistogram-go"

	"penstock/inference"
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

// add takes the place of the oldest tick with the newest, and sums up anew:
// ten merges a second cost little and leave no rounding or drift behind.
func (w *window) add(before, now reading, pools []Pool) {
	b := &w.buckets[w.next]
	w.next = (w.next + 1) % len(w.buckets)

	failed := since(before.traffic.Errors, now.traffic.Errors) + since(before.traffic.Shed, now.traffic.Shed)
	b.failed = failed
	b.answered = failed + since(before.traffic.Predicted, now.traffic.Predicted)
	b.latencies.Reset()
	for _, pool := range pools {
		pool.TakeLatencies(b.latencies)
	}

	w.sum.answered, w.sum.failed = 0, 0
	w.sum.latencies.Reset()
	for _, b := range w.buckets {
		w.sum.answered += b.answered
		w.sum.failed += b.failed
		w.sum.latencies.Merge(b.latencies)
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
