package monitor_test

import (
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"penstock/monitor"
	"penstock/protocol"
	"penstock/quality"
)

func TestEveryFieldOfAFrameIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var second *fakePool
		w := newWorld(t, func(w *world, _ *monitor.Options) {
			second = newFakePool(&w.mu)
			w.models = append(w.models, monitor.Watched{Name: "other", Version: "1", Pool: second})
		})
		w.traffic = monitor.Traffic{
			Received: 100, Predicted: 60, Errors: 10, Shed: 30, Undeliverable: 5, Connections: 7, Users: 3,
		}
		w.pool.stats.Accepted, w.pool.stats.Expired, w.pool.stats.Shed = 60, 10, 40
		w.pool.stats.RowsPredicted, w.pool.stats.QueueRows = 500, 40
		w.pool.stats.Batches, w.pool.stats.BatchRows, w.pool.stats.BusySeconds = 10, 450, 1
		second.stats.RowsPredicted, second.stats.QueueRows = 10, 2
		second.stats.Batches, second.stats.BatchRows, second.stats.BusySeconds = 10, 10, 0.5
		w.pool.took(2*time.Millisecond, time.Millisecond, 98)
		second.took(time.Second, 500*time.Millisecond, 2)
		w.pool.stats.Predicted, second.stats.Predicted = 50, 2
		w.machine.cpu, w.machine.others = 0.5, 1.5
		w.label(4, 3)
		w.store.Remember(quality.Prediction{Series: w.series, Rows: 4, Values: make([]float32, 4)})
		w.tick(1, nil)

		lo, hi := quality.Wilson(3, 4)
		interval := [2]float64{lo, hi}
		one := protocol.QualityRange{
			Predicted: 8, Labelled: 4, Coverage: new(0.5), Completeness: new(1.0), Accuracy: new(0.75), AccuracyInterval: &interval,
		}
		ranges := protocol.Quality{Last5m: one, Last1h: one, SinceStart: one}
		want := &protocol.Metrics{
			Type: "metrics", Seq: 1, Timestamp: "2000-01-01T00:00:01.000Z",
			ActiveConnections: 7, ActiveUsers: 3,
			RequestsPerSecond: 100, PredictionsPerSecond: 510, ErrorRate: 0.4, ShedPerSecond: 30,
			ModelAccuracy: new(0.75), AccuracyInterval: &interval, Labelled: 4, LabelCoverage: new(0.5),
			LargestLabeller: &protocol.LargestLabeller{Share: 1, Labels: 4},
			LatencyMS:       protocol.Latency{P50: new(2.0), P95: new(2.0), P99: new(1000.0), Max: new(1000.0)},
			QueueMS:         protocol.QueueLatency{P50: new(1.0), P99: new(500.0)},
			QueueDepth:      42, BatchRows: new(23.0), WorkersBusy: 0.375, CPUUsage: 50, ProcessCPUUsage: 25, MemoryBytes: 64 << 20,
			Quality: ranges,
			Firing:  []protocol.FiringAlert{},
			Models: map[string]protocol.ModelMetrics{
				"digits": {
					Version: "1", RequestsPerSecond: 100, PredictionsPerSecond: 500, ErrorRate: 0.5, ShedPerSecond: 40,
					LatencyMS: protocol.Latency{P50: new(2.0), P95: new(2.0), P99: new(2.0), Max: new(2.0)},
					QueueMS:   protocol.QueueLatency{P50: new(1.0), P99: new(1.0)},
					BatchRows: new(45.0), QueueDepth: 40, WorkersBusy: 0.5,
					Quality:       ranges,
					ModelAccuracy: new(0.75), AccuracyInterval: &interval, Labelled: 4, LabelCoverage: new(0.5),
				},
				"other": {
					Version: "1", PredictionsPerSecond: 10, QueueDepth: 2, WorkersBusy: 0.25, BatchRows: new(1.0),
					LatencyMS: protocol.Latency{P50: new(1000.0), P95: new(1000.0), P99: new(1000.0), Max: new(1000.0)},
					QueueMS:   protocol.QueueLatency{P50: new(500.0), P99: new(500.0)},
				},
			},
		}
		// Histograms keep two digits.
		if diff := cmp.Diff(want, w.latest(), cmpopts.EquateApprox(0.01, 0)); diff != "" {
			t.Errorf("frame (-want +got):\n%s", diff)
		}
		update, _ := w.State().Latest()
		var decoded protocol.Metrics
		if err := json.Unmarshal(update.Encoded, &decoded); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(w.latest(), &decoded); diff != "" {
			t.Errorf("encoded frame differs:\n%s", diff)
		}
	})
}

func TestWithoutTrafficNothingIsClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ *world, o *monitor.Options) { o.Models, o.Quality, o.Traffic = nil, nil, nil })
		w.tick(1, nil)
		want := &protocol.Metrics{
			Type: "metrics", Seq: 1, Timestamp: "2000-01-01T00:00:01.000Z",
			MemoryBytes: 64 << 20, Firing: []protocol.FiringAlert{}, Models: map[string]protocol.ModelMetrics{},
		}
		if diff := cmp.Diff(want, w.latest()); diff != "" {
			t.Errorf("frame (-want +got):\n%s", diff)
		}
	})
}

func TestRatesAreOverTheTimeThatReallyPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var held time.Duration
		w := newWorld(t, func(w *world, o *monitor.Options) { o.Machine = slowMachine{&w.mu, &held} })
		w.tick(1, nil)
		held = 1400 * time.Millisecond
		w.tick(1, nil) // this reading begins at 2 s and holds up the next to 3.4 s
		w.traffic.Received += 140
		held = 0
		w.tick(2, nil)
		if f := mustSince(t, w.State(), 2)[0].Metrics; f.RequestsPerSecond != 100 {
			t.Errorf("140 requests in 1.4 s are %v a second", f.RequestsPerSecond)
		}
	})
}

// Fault 36.
func TestWallClockJumpsMoveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var jump time.Duration
		w := newWorld(t, func(w *world, o *monitor.Options) {
			o.Wall = func() time.Time {
				w.mu.Lock()
				defer w.mu.Unlock()
				return time.Now().Add(jump)
			}
		})
		for i, want := range []string{
			"2000-01-01T00:00:01.000Z", "2000-01-01T01:00:02.000Z", "1999-12-31T23:00:03.000Z",
		} {
			jump = []time.Duration{0, time.Hour, -time.Hour}[i]
			w.tick(1, func() { w.traffic.Received += 100 })
			f := w.latest()
			if f.Seq != uint64(i+1) || f.RequestsPerSecond != 100 || f.Timestamp != want {
				t.Errorf("tick %d: %v requests a second at %s", f.Seq, f.RequestsPerSecond, f.Timestamp)
			}
		}
	})
}

func TestRecentValuesSlideOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.traffic.Received, w.traffic.Errors = 10, 10
		w.pool.took(time.Second, time.Second, 1)
		for tick := 1; tick <= 11; tick++ {
			w.tick(1, nil)
			f := w.latest()
			if inside := tick <= 10; (f.ErrorRate == 1) != inside || (f.LatencyMS.P99 != nil) != inside {
				t.Errorf("after %d s: error rate %v, p99 %v", tick, f.ErrorRate, f.LatencyMS.P99)
			}
		}
	})
}

func TestCountersThatStartAnewDoNotOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.pool.stats.RowsPredicted, w.pool.stats.BusySeconds, w.pool.stats.Batches = 1000, 2, 10
		w.tick(1, nil)
		w.pool.stats.RowsPredicted, w.pool.stats.BusySeconds, w.pool.stats.Batches = 20, 1, 1
		w.tick(1, nil)
		if f := w.latest(); f.PredictionsPerSecond != 20 || f.WorkersBusy != 0.5 {
			t.Errorf("%v predictions a second, workers %v busy", f.PredictionsPerSecond, f.WorkersBusy)
		}
	})
}

func TestUnreadableMachineKeepsTheLastReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		for _, broken := range []bool{false, true, true, false} {
			w.machine.broken = broken
			w.machine.cpu += 0.6
			w.tick(1, nil)
			if f := w.latest(); f.ProcessCPUUsage < 29.99 || f.ProcessCPUUsage > 30.01 || f.MemoryBytes == 0 {
				t.Errorf("broken %v: CPU %v %%, %d bytes", broken, f.ProcessCPUUsage, f.MemoryBytes)
			}
		}
	})
}

type slowMachine struct {
	mu   *sync.Mutex
	held *time.Duration
}

func (m slowMachine) Usage() (monitor.Usage, error) {
	m.mu.Lock()
	held := *m.held
	m.mu.Unlock()
	time.Sleep(held)
	return monitor.Usage{CPUs: 1}, nil
}

func mustSince(t *testing.T, s *monitor.State, seq uint64) []monitor.Update {
	t.Helper()
	updates, ok := s.Since(seq)
	if !ok {
		t.Fatalf("nothing since %d", seq)
	}
	return updates
}
