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
	past   []*Reading // of the last ten seconds, oldest first
	load   load
	alerts *alerts
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
		alerts:  newAlerts(o),
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
	m.begin()
	ticker := time.NewTicker(m.options.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			m.tick()
		}
	}
}

// begin takes the reading from which the first tick counts.
func (m *Monitor) begin() { m.past = []*Reading{m.read(&Reading{})} }

func (m *Monitor) tick() {
	before := m.past[len(m.past)-1]
	now := m.read(before)
	m.load = m.load.until(before, now)
	view := m.look(before, now)

	seq := m.state.Load().seq + 1
	wall := m.options.Wall().UTC()
	frame := view.frame(seq, wall, m.load)
	raised := m.raise(seq, wall, view, frame)
	frame.Firing = m.alerts.now()
	m.past = append(m.past[max(0, len(m.past)+1-m.options.ticks(recentSpan)):], now)
	m.publish(Update{Seq: seq, Encoded: protocol.Encode(frame), Metrics: frame}, raised, now)
	for _, alert := range raised {
		m.options.Alerted(alert)
	}
	m.metrics.observe(frame, m.alerts.firing())
}

func (m *Monitor) raise(seq uint64, wall time.Time, v *view, frame *protocol.Metrics) []Update {
	var updates []Update
	for _, alert := range m.alerts.step(wall, v.subjects(), m.measure(frame, v)) {
		m.metrics.transitions.WithLabelValues(alert.Metric).Inc()
		updates = append(updates, Update{Seq: seq, Encoded: protocol.Encode(alert), Alert: alert})
	}
	return updates
}
