package monitor

import (
	"time"

	"penstock/protocol"
	"penstock/quality"
)

// stamp is RFC 3339 with milliseconds.
const stamp = "2006-01-02T15:04:05.000Z07:00"

// frame builds what dashboards see of the time between two readings.
func (m *Monitor) frame(seq uint64, wall time.Time, before, now reading) *protocol.Metrics {
	seconds := now.at.Sub(before.at).Seconds()
	total, queue := m.window.sum.latencies.Total, m.window.sum.latencies.Queue
	f := &protocol.Metrics{
		Type:              "metrics",
		Seq:               seq,
		Timestamp:         wall.Format(stamp),
		ActiveConnections: now.traffic.Connections,
		ActiveUsers:       now.traffic.Users,
		RequestsPerSecond: rate(since(before.traffic.Received, now.traffic.Received), seconds),
		ShedPerSecond:     rate(since(before.traffic.Shed, now.traffic.Shed), seconds),
		ErrorRate:         m.window.errorRate(),
		LatencyMS: protocol.Latency{
			P50: millis(total, 50), P95: millis(total, 95), P99: millis(total, 99), Max: millis(total, 100),
		},
		QueueMS:     protocol.QueueLatency{P50: millis(queue, 50), P99: millis(queue, 99)},
		CPUUsage:    now.load.cpuPercent,
		MemoryBytes: now.load.usage.ResidentBytes,
		Firing:      []protocol.FiringAlert{},
		Models:      make(map[string]protocol.ModelMetrics, len(m.options.Pools)),
	}
	addQuality(f, now.quality)
	f.LargestLabeller = largestLabeller(now.labellers)
	m.addPools(f, before, now, seconds)
	return f
}

func (m *Monitor) addPools(f *protocol.Metrics, before, now reading, seconds float64) {
	var batches, batchRows uint64
	var busy float64
	var workers int
	for i, pool := range m.options.Pools {
		was, is := before.pools[i], now.pools[i]
		one := modelFrame(pool, now, was, is, seconds)
		f.Models[pool.Spec().Name] = one
		f.PredictionsPerSecond += one.PredictionsPerSecond
		f.QueueDepth += one.QueueDepth
		batches += since(was.Batches, is.Batches)
		batchRows += since(was.BatchRows, is.BatchRows)
		busy += since(was.BusySeconds, is.BusySeconds)
		workers += is.Workers
	}
	f.WorkersBusy = share(busy, float64(workers)*seconds)
	if batches > 0 {
		mean := float64(batchRows) / float64(batches)
		f.BatchRows = &mean
	}
}

func largestLabeller(l quality.Labellers) *protocol.LargestLabeller {
	if l.Labels == 0 {
		return nil
	}
	return &protocol.LargestLabeller{Name: shown(l.Largest), Share: l.Share(), Labels: l.Rows}
}
