package bench

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Report is what became of a load. Rates are per second, times milliseconds.
// Requests count when they were meant for the measured time, after the warmup:
//
//	Offered = Predicted + the sum of Errors + the sum of Unsent + Unanswered
type Report struct {
	Mode        string  `json:"mode"` // "open" or "closed"
	Connections int     `json:"connections"`
	Rows        int     `json:"rows_per_request"`
	Seconds     float64 `json:"seconds"`

	TargetRate   float64 `json:"target_rate,omitempty"` // open loop: what was asked for
	AchievedRate float64 `json:"achieved_rate"`         // what was handed to sockets

	Offered    uint64            `json:"offered"`
	Predicted  uint64            `json:"predicted"`
	Shed       uint64            `json:"shed"`   // answered overloaded or rate_limited; among Errors too
	Errors     map[string]uint64 `json:"errors"` // by code; connection_lost for a loss
	Unsent     map[string]uint64 `json:"unsent"` // window_full, connection_lost: never left the generator
	Unanswered uint64            `json:"unanswered"`

	// Goodput is the predictions that arrived in the measured time, and by
	// their deadline if there was one; RowsPerSecond the rows in them.
	Goodput       float64 `json:"goodput"`
	RowsPerSecond float64 `json:"rows_per_second"`

	Latency     Percentiles `json:"latency_ms"`      // of predictions, from the intended send
	ShedLatency Percentiles `json:"shed_latency_ms"` // of sheds, likewise
	// Lag is how late the generator handed requests to the sockets; it is part
	// of the latencies above.
	Lag Percentiles `json:"generator_lag_ms"`

	Warnings []string `json:"warnings"`
}

// Percentiles sum up a histogram in milliseconds.
type Percentiles struct {
	Count uint64  `json:"count"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

func percentiles(h *hdrhistogram.Histogram) Percentiles {
	if h.TotalCount() == 0 {
		return Percentiles{}
	}
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1000 }
	return Percentiles{Count: uint64(h.TotalCount()), Mean: h.Mean() / 1000,
		P50: at(50), P95: at(95), P99: at(99), P999: at(99.9), Max: float64(h.Max()) / 1000}
}

// report sums up a run that stopped sending at a moment.
func (r *loadRun) report(stopped time.Duration) Report {
	all := newTally()
	for _, t := range r.shards {
		all.merge(t)
	}
	seconds := max(min(stopped, r.to)-r.from, 0).Seconds()
	rate := func(n uint64) float64 {
		if seconds == 0 {
			return 0
		}
		return float64(n) / seconds
	}
	unsent, failed := sum(all.unsent), sum(all.errors)
	report := Report{
		Mode: "open", Connections: len(r.clients), Rows: r.load.Rows, Seconds: seconds,
		TargetRate: r.load.Rate, AchievedRate: rate(all.offered - unsent),
		Offered: all.offered, Predicted: all.predicted, Shed: all.shed, Errors: all.errors, Unsent: all.unsent,
		Unanswered: all.offered - all.predicted - failed - unsent,
		Goodput:    rate(all.good), RowsPerSecond: rate(all.good) * float64(r.load.Rows),
		Latency: percentiles(all.latency), ShedLatency: percentiles(all.shedding), Lag: percentiles(r.lag.latency),
		Warnings: []string{},
	}
	if r.load.InFlight > 0 {
		report.Mode = "closed"
	}
	report.warn(seconds < r.load.Duration.Seconds())
	return report
}

func sum(counts map[string]uint64) (total uint64) {
	for _, n := range counts {
		total += n
	}
	return total
}
