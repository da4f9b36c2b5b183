package monitor_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"penstock/inference"
	"penstock/monitor"
	"penstock/protocol"
	"penstock/quality"
)

// world is everything that a monitor watches, in the hands of a test that runs
// inside a synctest bubble. The test holds mu except while time passes.
type world struct {
	mu sync.Mutex
	*monitor.Monitor
	t       *testing.T
	pool    *fakePool
	machine *fakeMachine
	store   *quality.Store
	series  *quality.Series
	traffic monitor.Traffic
	models  []monitor.Watched
	end     func() // stops Run and waits for it
}

// newWorld starts a monitor of one pool; change may alter its options.
func newWorld(t *testing.T, change func(*world, *monitor.Options)) *world {
	t.Helper()
	store, err := quality.New(quality.Options{})
	if err != nil {
		t.Fatal(err)
	}
	series, err := store.Add(quality.Model{Name: "digits", Version: "1", Judge: quality.NewClassJudge([]string{"a", "b"})})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, store: store, series: series}
	w.pool = newFakePool(&w.mu)
	w.models = []monitor.Watched{{Name: "digits", Version: "1", Pool: w.pool, Series: series}}
	w.machine = &fakeMachine{mu: &w.mu, cpus: 2, started: time.Now()}
	options := monitor.Options{
		Models: func() []monitor.Watched {
			w.mu.Lock()
			defer w.mu.Unlock()
			return slices.Clone(w.models)
		},
		Quality: store,
		Traffic: func() monitor.Traffic {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.traffic
		},
		Machine:    w.machine,
		Thresholds: monitor.DefaultThresholds(),
	}
	if change != nil {
		change(w, &options)
	}
	if w.Monitor, err = monitor.New(options); err != nil {
		t.Fatal(err)
	}
	w.run()
	return w
}

func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	w.end = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
	w.t.Cleanup(w.end)
	synctest.Wait()
	w.mu.Lock()
}

// tick lets n seconds pass, doing the same before each.
func (w *world) tick(n int, before func()) {
	for range n {
		if before != nil {
			before()
		}
		w.mu.Unlock()
		time.Sleep(time.Second)
		synctest.Wait()
		w.mu.Lock()
	}
}

func (w *world) latest() *protocol.Metrics {
	w.t.Helper()
	update, ok := w.State().Latest()
	if !ok {
		w.t.Fatal("no frame yet")
	}
	return update.Metrics
}

// label gives n predictions their labels, of which some are correct.
func (w *world) label(n, correct int) {
	id := []byte("1")
	for i := range n {
		w.store.Remember(quality.Prediction{Series: w.series, ID: id, Rows: 1, Values: []float32{0}, Confidences: []float32{1}})
		truth := float32(1)
		if i < correct {
			truth = 0
		}
		if _, err := w.store.LabelIndices(quality.Scope{}, id, []float32{truth}, nil); err != nil {
			w.t.Fatal(err)
		}
	}
}

type fakePool struct {
	mu        *sync.Mutex
	stats     inference.Stats
	latencies *inference.Latencies
}

func newFakePool(mu *sync.Mutex) *fakePool {
	return &fakePool{
		mu:        mu,
		stats:     inference.Stats{Workers: 2, QueueLimit: 1000},
		latencies: inference.NewLatencies(),
	}
}

func (p *fakePool) Stats() inference.Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

func (p *fakePool) Latencies(into *inference.Latencies) {
	p.mu.Lock()
	defer p.mu.Unlock()
	into.Merge(p.latencies)
}

func (p *fakePool) took(total, queue time.Duration, times int64) {
	p.stats.Predicted += uint64(times)
	_ = p.latencies.Total.RecordValues(total.Microseconds(), times)
	_ = p.latencies.Queue.RecordValues(queue.Microseconds(), times)
}

type fakeMachine struct {
	mu      *sync.Mutex
	cpu     float64
	cpus    int
	started time.Time
	others  float64 // processor time of other processes, on twice as many processors
	broken  bool
}

func (m *fakeMachine) Usage() (monitor.Usage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken {
		return monitor.Usage{}, errors.New("no such file")
	}
	return monitor.Usage{
		CPUSeconds: m.cpu, CPUs: m.cpus, ResidentBytes: 64 << 20,
		MachineSeconds: 2 * float64(m.cpus) * time.Since(m.started).Seconds(), MachineBusySeconds: m.cpu + m.others,
	}, nil
}
