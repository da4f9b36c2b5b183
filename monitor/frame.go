package monitor

import (
	"time"

	"penstock/protocol"
	"penstock/quality"
)

// view is what a tick looks at: two readings, the windows that end with the
// newer one, and what its models are called.
type view struct {
	before, now *Reading
	keys        []string
	windows     []window // of each model
	window      window   // of all requests
}

func (m *Monitor) look(before, now *Reading) *view {
	v := &view{before: before, now: now, keys: now.keys()}
	v.windows, v.window = windows(m.past, now)
	return v
}

// frame builds what dashboards see of the time between two readings.
func (v *view) frame(seq uint64, wall time.Time, load load) *protocol.Metrics {
	was, is := v.before.Traffic, v.now.Traffic
	seconds := v.now.At.Sub(v.before.At).Seconds()
	f := &protocol.Metrics{
		Type:              "metrics",
		Seq:               seq,
		Timestamp:         wall.Format(protocol.TimeFormat),
		ActiveConnections: is.Connections,
		ActiveUsers:       is.Users,
		RequestsPerSecond: rate(since(was.Received, is.Received), seconds),
		ShedPerSecond:     rate(since(was.Shed, is.Shed), seconds),
		ErrorRate:         v.window.errorRate(),
		LatencyMS:         v.window.latency(),
		QueueMS:           v.window.queue(),
		CPUUsage:          load.machine,
		ProcessCPUUsage:   load.process,
		MemoryBytes:       v.now.Usage.ResidentBytes,
		Models:            make(map[string]protocol.ModelMetrics, len(v.now.Models)),
	}
	addQuality(f, v.now.Models)
	f.LargestLabeller = largestLabeller(v.now.Labellers)
	v.addModels(f, seconds)
	return f
}

func (v *view) addModels(f *protocol.Metrics, seconds float64) {
	var batches, batchRows uint64
	var busy float64
	var workers int
	for i := range v.now.Models {
		now := &v.now.Models[i]
		before := v.before.model(now)
		if before == nil {
			before = now // just come: nothing is known of what it did when
		}
		one := modelFrame(before, now, seconds)
		one.ErrorRate = v.windows[i].errorRate()
		one.LatencyMS, one.QueueMS = v.windows[i].latency(), v.windows[i].queue()
		f.Models[v.keys[i]] = one
		f.PredictionsPerSecond += one.PredictionsPerSecond
		f.QueueDepth += one.QueueDepth
		batches += since(before.Stats.Batches, now.Stats.Batches)
		batchRows += since(before.Stats.BatchRows, now.Stats.BatchRows)
		busy += since(before.Stats.BusySeconds, now.Stats.BusySeconds)
		workers += now.Stats.Workers
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
