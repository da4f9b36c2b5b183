package monitor

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/inference"
	"penstock/quality"
)

// Pool is what the monitor needs of an inference pool.
type Pool interface {
	Stats() inference.Stats
	// Latencies adds those of all predictions since the pool was made to into. As
	// long as Stats().Predicted stays as it is, so do they.
	Latencies(into *inference.Latencies)
}

// Watched is a model that is there now.
type Watched struct {
	Name, Version string
	Pool          Pool            // comparable, such as a pointer: another one is counted anew
	Series        *quality.Series // nil: no labels are collected
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
	// Models returns those that there are now, no version of a name twice. It is
	// called once per interval and must not block: models come and go from one
	// tick to the next, and with them their part of a frame and their alerts. Nil
	// means none.
	Models func() []Watched
	// Quality knows who labels. Nil means that no labels are collected.
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
	if o.Models == nil {
		o.Models = func() []Watched { return nil }
	}
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
	return o.Thresholds.validate()
}

// ticks is how many intervals cover a span; at least one.
func (o Options) ticks(span time.Duration) int {
	return max(1, int((span+o.Interval-1)/o.Interval))
}
