package monitor

import (
	"github.com/HdrHistogram/hdrhistogram-go"

	"penstock/inference"
	"penstock/protocol"
)

// window is what happened in the last ten seconds: the difference of the newest
// reading and one that is as old.
type window struct {
	answered, failed uint64               // requests; failed ones are among the answered
	latencies        *inference.Latencies // nil where nothing was predicted
}

// windows returns those of all models, and of all requests. Past are the readings
// before now, oldest first. A model that came since then has a window from its
// first reading on.
func windows(past []*Reading, now *Reading) (models []window, all window) {
	models = make([]window, len(now.Models))
	for i := range now.Models {
		is := &now.Models[i]
		was := is
		for _, r := range past {
			if found := r.model(is); found != nil {
				was = found
				break
			}
		}
		models[i] = between(was, is)
		all.latencies = together(all.latencies, models[i].latencies)
	}
	was, is := past[0].Traffic, now.Traffic
	all.failed = since(was.Errors, is.Errors) + since(was.Shed, is.Shed)
	all.answered = all.failed + since(was.Predicted, is.Predicted)
	return models, all
}

func between(was, is *ModelReading) window {
	failed := since(failures(was.Stats), failures(is.Stats))
	w := window{failed: failed, answered: failed + since(was.Stats.Predicted, is.Stats.Predicted)}
	if was.Latencies == is.Latencies {
		return w
	}
	if was.Latencies.Total.TotalCount() != is.Latencies.Total.TotalCount() {
		w.latencies = &inference.Latencies{
			Total: subtract(is.Latencies.Total, was.Latencies.Total),
			Queue: subtract(is.Latencies.Queue, was.Latencies.Queue),
		}
	}
	return w
}

// subtract is what h counted since then. Both have the bounds of
// inference.NewLatencies. One that fell was started anew.
func subtract(h, then *hdrhistogram.Histogram) *hdrhistogram.Histogram {
	if h.TotalCount() < then.TotalCount() || then.TotalCount() == 0 {
		return h
	}
	counts, before := h.Export(), then.Export()
	for i, n := range before.Counts {
		counts.Counts[i] = max(counts.Counts[i]-n, 0)
	}
	return hdrhistogram.Import(counts)
}

// together changes neither: the first may be a model's own.
func together(a, b *inference.Latencies) *inference.Latencies {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	sum := inference.NewLatencies()
	sum.Merge(a)
	sum.Merge(b)
	return sum
}

// failures are the requests of a pool that got a typed error.
func failures(s inference.Stats) uint64 {
	return s.Failed + s.Unavailable + s.Expired + s.Cancelled + s.Stopped + s.Shed + s.Refused
}

// asked are the requests that came for a pool.
func asked(s inference.Stats) uint64 { return s.Accepted + s.Shed + s.Refused }

// errorRate is the share of requests answered with an error or shed, of all
// requests answered in the window; 0 when none was. Answers are counted, not
// arrivals, so that a failure always meets its own request in the denominator
// and the rate stays within 0 and 1.
func (w *window) errorRate() float64 {
	if w.answered == 0 {
		return 0
	}
	return float64(w.failed) / float64(w.answered)
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
	if w.latencies == nil {
		return protocol.Latency{}
	}
	h := w.latencies.Total
	return protocol.Latency{P50: millis(h, 50), P95: millis(h, 95), P99: millis(h, 99), Max: millis(h, 100)}
}

func (w *window) queue() protocol.QueueLatency {
	if w.latencies == nil {
		return protocol.QueueLatency{}
	}
	h := w.latencies.Queue
	return protocol.QueueLatency{P50: millis(h, 50), P99: millis(h, 99)}
}
