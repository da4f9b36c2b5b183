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
	f := &protocol.Metrics{
		Type:              "metrics",
		Seq:               seq,
		Timestamp:         wall.Format(stamp),
		ActiveConnections: now.traffic.Connections,
		ActiveUsers:       now.traffic.Users,
		RequestsPerSecond: rate(since(before.traffic.Received, now.traffic.Received), seconds),
		ShedPerSecond:     rate(since(before.traffic.Shed, now.traffic.Shed), seconds),
		ErrorRate:         m.window.errorRate(),
		LatencyMS:         m.window.latency(),
		QueueMS:           m.window.queue(),
		CPUUsage:          now.load.machine,
		ProcessCPUUsage:   now.load.process,
		MemoryBytes:       now.load.usage.ResidentBytes,
		Models:            make(map[string]protocol.ModelMetrics, len(m.options.Pools)),
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
		one.ErrorRate = m.windows[i].errorRate()
		one.LatencyMS, one.QueueMS = m.windows[i].latency(), m.windows[i].queue()
		f.Models[pool.Spec().Name] = one
		f.PredictionsPerSecond += one.PredictionsPerSecond
		f.QueueDepth += one.QueueDepth
		batches += since(was.Batches, is.Batches)
		batchRows += since(was.BatchRows, is.BatchRows)
		busy += since(was.BusySeconds, is.BusySeconds)
		workers += is.Workers
	}
	f.WorkersBusy = share(busy, float64(workers)*seconds)
	f.BatchRows = meanRows(batchRows, batches)
}

func meanRows(rows, batches uint64) *float64 {
	if batches == 0 {
		return nil
	}
	mean := float64(rows) / float64(batches)
	return &mean
}

func largestLabeller(l quality.Labellers) *protocol.LargestLabeller {
	if l.Labels == 0 {
		return nil
	}
	return &protocol.LargestLabeller{Name: shown(l.Largest), Share: l.Share(), Labels: l.Rows}
}
