package server

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/inference"
	"penstock/monitor"
	"penstock/protocol"
)

// metrics is the ledger of requests. At rest
//
//	received = predicted + errors + shed + undeliverable
//
// where received counts every message that is a prediction or could not be
// read, and each of the others counts a terminal reply, or that there was
// nobody left to give it to.
type metrics struct {
	received, predicted, errors, shed, undeliverable atomic.Uint64

	refused    *prometheus.CounterVec
	opened     *prometheus.CounterVec
	dropped    prometheus.Counter
	suppressed prometheus.Counter
	codes      []prometheus.Counter // by protocol.Code
}

func newMetrics(reg prometheus.Registerer, s *Server) (*metrics, error) {
	m := &metrics{
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penstock_refused_connections_total",
			Help: "WebSockets and event streams refused: too many in all (limit) or of one caller (per_address), or the server was draining.",
		}, []string{"reason"}),
		suppressed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "penstock_log_lines_suppressed_total",
			Help: "Log lines about clients that were left out because there was one of the kind within a second.",
		}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "penstock_dashboard_notes_dropped_total",
			Help: "Notes and presence frames not sent to a dashboard that does not keep up.",
		}),
		opened: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penstock_connections_total",
			Help: "WebSockets opened.",
		}, []string{"path"}),
	}
	byCode := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "penstock_errors_total",
		Help: "Typed errors sent, by code.",
	}, []string{"code"})
	m.codes = make([]prometheus.Counter, 1+len(protocol.Codes()))
	for _, code := range protocol.Codes() {
		m.codes[code] = byCode.WithLabelValues(code.String())
	}
	for _, reason := range refusals {
		m.refused.WithLabelValues(reason)
	}
	if reg == nil {
		return m, nil
	}
	b := s.opt.Budget
	collectors := []prometheus.Collector{m.refused, m.opened, m.dropped, m.suppressed, byCode,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "penstock_connections", Help: "WebSockets open now.",
		}, func() float64 { return float64(s.hub.Count()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "penstock_users", Help: "Distinct clients with a socket for predictions open now.",
		}, func() float64 { return float64(s.users.count()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "penstock_client_memory_bytes", Help: "Bytes that clients make the process hold: sockets, half-read messages, requests, replies.",
		}, func() float64 { return float64(b.Used()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "penstock_client_memory_limit_bytes", Help: "Bytes that clients may make the process hold.",
		}, func() float64 { return float64(b.Limit()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "penstock_client_memory_refusals_total", Help: "Requests and sockets refused because clients hold all that they may.",
		}, func() float64 { return float64(b.Refused()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "penstock_dropped_messages_total", Help: "Half-read messages given up, with their sockets, because others needed the memory.",
		}, func() float64 { return float64(b.Dropped()) }),
	}
	for _, c := range []struct {
		name, help string
		value      *atomic.Uint64
	}{
		{"received", "Predict messages received, and messages that could not be read.", &m.received},
		{"predicted", "Requests answered with a prediction.", &m.predicted},
		{"failed", "Requests answered with a typed error other than overloaded.", &m.errors},
		{"shed", "Requests answered with overloaded.", &m.shed},
		{"undeliverable", "Requests whose socket was gone before their reply.", &m.undeliverable},
	} {
		collectors = append(collectors, prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "penstock_requests_" + c.name + "_total", Help: c.help,
		}, func() float64 { return float64(c.value.Load()) }))
	}
	for _, c := range collectors {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// answered counts the reply of a pool.
func (m *metrics) answered(outcome inference.Outcome, sent bool) {
	switch {
	case !sent:
		m.undeliverable.Add(1)
	case outcome == inference.Predicted:
		m.predicted.Add(1)
	default:
		m.errors.Add(1)
	}
}

// refusedRequest counts a typed error that ended a predict message.
func (m *metrics) refusedRequest(code protocol.Code, sent bool) {
	switch {
	case !sent:
		m.undeliverable.Add(1)
	case code == protocol.Overloaded:
		m.shed.Add(1)
	default:
		m.errors.Add(1)
	}
}

func (m *metrics) countError(code protocol.Code) { m.codes[code].Inc() }

// Traffic returns the ledger for the monitor.
func (s *Server) Traffic() monitor.Traffic {
	m := s.metrics
	return monitor.Traffic{
		Predicted: m.predicted.Load(), Errors: m.errors.Load(),
		Shed: m.shed.Load(), Undeliverable: m.undeliverable.Load(),
		// Read last: it is counted first, so that the others never exceed it.
		Received:    m.received.Load(),
		Connections: s.hub.Count(), Users: s.users.count(),
	}
}
