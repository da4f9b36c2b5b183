package inference

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// record counts the latencies of a prediction. The caller holds the pool's mutex.
func (l *Latencies) record(r *Request) {
	// RecordValue fails above its range only, so the longest are counted there.
	_ = l.Total.RecordValue(micros(r.Result.Total))
	_ = l.Queue.RecordValue(micros(r.Result.Queue))
}

func micros(d time.Duration) int64 { return min(max(d.Microseconds(), 1), maxLatencyMicros) }

// Latencies adds those of all predictions since the pool was made to into: anybody may
// read them, and who wants those of a time takes the difference of two readings.
func (p *Pool) Latencies(into *Latencies) {
	p.mu.Lock()
	defer p.mu.Unlock()
	into.Merge(p.latencies)
}

// Stats returns the pool's counters and its state now.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.QueueRows, s.QueueLimit, s.InFlight = p.waiting, p.opt.QueueRows, p.unresolved
	s.Workers, s.Panics, s.SinkPanics = len(p.workers), p.panics.Load(), p.sinkPanics.Load()
	now := p.now()
	busy := p.busyTime
	for _, w := range p.workers {
		if w.busy {
			busy += now - w.batch.started
		}
		if w.stuck(now) {
			s.StuckWorkers++
		}
	}
	s.BusySeconds = busy.Seconds()
	return s
}

// setBusy accounts the time that the worker spent on its batch, until now. The caller
// holds p.mu.
func (w *worker) setBusy(busy bool, now time.Duration) {
	if w.busy && !busy {
		w.pool.busyTime += now - w.batch.started
	}
	w.busy = busy
}

func (p *Pool) countPanic() { p.panics.Add(1) }

// Unregister takes the pool's metrics from where they were registered.
func (p *Pool) Unregister() {
	if p.opt.Registerer != nil {
		p.opt.Registerer.Unregister(p.collector)
	}
}

// collector shows a pool's Stats to Prometheus.
type collector struct {
	pool     *Pool
	requests *prometheus.Desc
	rows     *prometheus.Desc
	batches  *prometheus.Desc
	panics   *prometheus.Desc
	sinks    *prometheus.Desc
	busy     *prometheus.Desc
	queue    *prometheus.Desc
	limit    *prometheus.Desc
	inFlight *prometheus.Desc
	stuck    *prometheus.Desc
	latency  *prometheus.Desc
	queued   *prometheus.Desc
}

func newCollector(p *Pool) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("penstock_pool_"+name, help, labels, prometheus.Labels{"model": p.spec.Name, "version": p.spec.Version})
	}
	return &collector{
		pool:     p,
		requests: desc("requests_total", "Requests by how they ended, or why they were not let in.", "outcome"),
		rows:     desc("predicted_rows_total", "Rows answered with scores."),
		batches:  desc("batch_rows", "Rows per batch, as sum and count."),
		panics:   desc("panics_total", "Panics of the engine; each replaced a session."),
		sinks:    desc("reply_panics_total", "Panics while a reply was handed over; each cost one connection."),
		busy:     desc("worker_busy_seconds_total", "Time that workers spent on batches, summed over them."),
		queue:    desc("queue_rows", "Rows that wait for a worker."),
		limit:    desc("queue_limit_rows", "Rows that may wait for a worker."),
		inFlight: desc("in_flight_requests", "Requests accepted and not yet answered."),
		stuck:    desc("stuck_workers", "Workers whose batch has run longer than the hang timeout."),
		latency:  desc("latency_seconds", "From a request's admission to its scores."),
		queued:   desc("queue_seconds", "From a request's admission to its first batch."),
	}
}

// Describe names all of them, so that they can be taken away again.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.requests, c.rows, c.batches, c.panics, c.sinks, c.busy, c.queue, c.limit, c.inFlight, c.stuck, c.latency, c.queued,
	} {
		ch <- d
	}
}

func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := c.pool.Stats()
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	for outcome, n := range map[string]uint64{
		"predicted": s.Predicted, "failed": s.Failed, "expired": s.Expired, "cancelled": s.Cancelled,
		"discarded": s.Discarded, "unavailable": s.Unavailable, "stopped": s.Stopped, "shed": s.Shed, "refused": s.Refused,
	} {
		counter(c.requests, float64(n), outcome)
	}
	counter(c.rows, float64(s.RowsPredicted))
	ch <- prometheus.MustNewConstSummary(c.batches, s.Batches, float64(s.BatchRows), nil)
	counter(c.panics, float64(s.Panics))
	counter(c.sinks, float64(s.SinkPanics))
	counter(c.busy, s.BusySeconds)
	gauge(c.queue, float64(s.QueueRows))
	gauge(c.limit, float64(s.QueueLimit))
	gauge(c.inFlight, float64(s.InFlight))
	gauge(c.stuck, float64(s.StuckWorkers))
	all := NewLatencies()
	c.pool.Latencies(all)
	ch <- histogram(c.latency, all.Total)
	ch <- histogram(c.queued, all.Queue)
}
