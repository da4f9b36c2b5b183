// Package monitor samples pools, quality, traffic and the machine once a
// second, keeps ten minutes of it, raises and clears alerts, and hands all of
// it to any number of dashboards.
//
// Its contract: every number in a frame was measured, and is null where
// nothing was; a frame is encoded once however many dashboards look on; a slow
// dashboard gets the newest frame and never holds back another, nor the
// monitor. Nothing on the way of a request waits for the monitor.
//
// It knows no sockets, writes nothing to disk and does not filter: what a
// dashboard is shown is decided by who serves it.
package monitor

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"penstock/protocol"
)

// Monitor turns what its sources count into frames and alerts.
type Monitor struct {
	options Options
	metrics *metrics
	state   atomic.Pointer[State]
	started atomic.Bool

	// Tick's own; only Run touches them.
	before  reading
	window  *window   // of all requests
	windows []*window // of each pool's
	alerts  *alerts
}

// New returns a monitor that shows nothing until Run. It fails when an option
// makes no sense or the machine cannot be read.
func New(o Options) (*Monitor, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	if o.Machine == nil {
		machine, err := ThisProcess()
		if err != nil {
			return nil, err
		}
		o.Machine = machine
	}
	registered, err := newMetrics(o.Registerer)
	if err != nil {
		return nil, fmt.Errorf("monitor: Registerer: %w", err)
	}
	m := &Monitor{
		options: o,
		metrics: registered,
		window:  newWindow(o.ticks(recentSpan)),
		alerts:  newAlerts(o),
	}
	for range o.Pools {
		m.windows = append(m.windows, newWindow(o.ticks(recentSpan)))
	}
	m.state.Store(newState())
	return m, nil
}

// Run samples every Options.Interval until ctx ends, then lets every
// subscription end. It returns nil then, and an error when it is called twice.
//
// It starts no goroutine. Rates are over the time that really passed between
// two ticks on the monotonic clock; the wall clock only stamps what is sent.
func (m *Monitor) Run(ctx context.Context) error {
	if m.started.Swap(true) {
		return errors.New("monitor: Run was called twice")
	}
	defer m.stop()
	m.before = m.read(reading{})
	ticker := time.NewTicker(m.options.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := m.tick(); err != nil {
				return err
			}
		}
	}
}

func (m *Monitor) tick() error {
	now := m.read(m.before)
	m.addRecent(m.before, now)

	seq := m.state.Load().seq + 1
	wall := m.options.Wall().UTC()
	frame := m.frame(seq, wall, m.before, now)
	raised, err := m.raise(seq, wall, frame, now)
	if err != nil {
		return err
	}
	frame.Firing = m.alerts.now()
	encoded, err := encode(frame)
	if err != nil {
		return err
	}
	m.before = now
	m.publish(Update{Seq: seq, Encoded: encoded, Metrics: frame}, raised)
	for _, alert := range raised {
		m.options.Alerted(alert)
	}
	m.metrics.observe(frame, m.alerts.firing())
	return nil
}

func (m *Monitor) raise(seq uint64, wall time.Time, frame *protocol.Metrics, now reading) ([]Update, error) {
	var updates []Update
	for _, alert := range m.alerts.step(wall, m.measure(frame, now)) {
		encoded, err := encode(alert)
		if err != nil {
			return nil, err
		}
		m.metrics.transitions.WithLabelValues(alert.Metric).Inc()
		updates = append(updates, Update{Seq: seq, Encoded: encoded, Alert: alert})
	}
	return updates, nil
}
