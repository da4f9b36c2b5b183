package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"penstock/monitor"
	"penstock/protocol"
)

// metrics are the server's own, beside those of the ledger.
type metrics struct {
	refused    *prometheus.CounterVec
	opened     *prometheus.CounterVec
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
	collectors := []prometheus.Collector{m.refused, m.opened, m.suppressed, byCode,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "penstock_connections", Help: "WebSockets open now.",
		}, func() float64 { return float64(s.hub.Count()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "penstock_users", Help: "Distinct clients with a socket for predictions open now.",
		}, func() float64 { return float64(s.clients.Users()) }),
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
	for _, c := range collectors {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) countError(code protocol.Code) { m.codes[code].Inc() }

// Traffic is what the monitor reads of this server; see Clients.Traffic.
func (s *Server) Traffic() monitor.Traffic { return s.clients.Traffic(s.service.Ledger) }
