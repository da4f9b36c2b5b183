package monitor

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/inference"
	"penstock/model"
	"penstock/quality"
)

// Pool is what the monitor needs of an inference pool.
type Pool interface {
	Spec() model.Spec
	Stats() inference.Stats
	// TakeLatencies adds what was measured since the last call to into. The
	// monitor is its only caller: what one takes, another misses.
	TakeLatencies(into *inference.Latencies)
}

// Traffic is the server's ledger of requests since it started. Every request
// received ends as one of the other four, or is still in flight.
type Traffic struct {
	Received      uint64
	Predicted     uint64 // answered with a prediction
	Errors        uint64 // answered with a typed error other than shedding
	Shed          uint64 // answered with overloaded, without being run
	Undeliverable uint64 // nobody was there any more to answer

	Connections int // open now
	Users       int // distinct users connected now, dashboards left out
}

// Options configure a Monitor.
type Options struct {
	// Pools to sample; their models' names are distinct.
	Pools []Pool
	// Quality knows the accuracy of the models, by the names of Pools. Nil
	// means that no labels are collected.
	Quality *quality.Store
	// Traffic reads the server's ledger. It is called once per interval and must
	// not block. Nil means no traffic.
	Traffic func() Traffic
	// Machine tells how busy the machine is. Nil means ThisProcess.
	Machine Machine
	// Thresholds of the alerts. The zero value raises none; start from
	// DefaultThresholds.
	Thresholds Thresholds
	// Alerted is told of every alert that fires, changes its severity or resolves,
	// after dashboards can see it. It must not block. Nil means nobody.
	Alerted func(Update)
	// Interval between frames; zero means one second.
	Interval time.Duration
	// History is how many frames are kept; zero means 600. A frame takes about
	// 2 KiB in JSON with one model, and as a value beside that.
	History int
	// Wall is the wall clock that stamps frames and alerts; nil means time.Now.
	// Nothing else depends on it.
	Wall func() time.Time
	// Registerer receives the monitor's metrics. Nil means none.
	Registerer prometheus.Registerer
}

const (
	recentSpan = 10 * time.Second // of error_rate and percentiles
)

func (o Options) withDefaults() Options {
	if o.Traffic == nil {
		o.Traffic = func() Traffic { return Traffic{} }
	}
	if o.Alerted == nil {
		o.Alerted = func(Update) {}
	}
	if o.Interval == 0 {
		o.Interval = time.Second
	}
	if o.History == 0 {
		o.History = 600
	}
	if o.Wall == nil {
		o.Wall = time.Now
	}
	o.Thresholds = o.Thresholds.withDefaults()
	return o
}

func (o Options) validate() error {
	if o.Interval < time.Millisecond || o.Interval > time.Minute {
		return fmt.Errorf("monitor: Interval is %v; expected 1ms to 1m", o.Interval)
	}
	if o.History < 1 {
		return fmt.Errorf("monitor: History is %d; expected at least one frame", o.History)
	}
	seen := make(map[string]int, len(o.Pools))
	for i, pool := range o.Pools {
		name := pool.Spec().Name
		if first, ok := seen[name]; ok {
			return fmt.Errorf("monitor: Pools[%d] serves the model %q, as does Pools[%d]", i, name, first)
		}
		seen[name] = i
	}
	return o.Thresholds.validate()
}

// ticks is how many intervals cover a span; at least one.
func (o Options) ticks(span time.Duration) int {
	return max(1, int((span+o.Interval-1)/o.Interval))
}
