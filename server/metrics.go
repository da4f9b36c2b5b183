package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"penstock/access"
	"penstock/monitor"
	"penstock/protocol"
)

// metrics are the server's own, beside those of the ledger.
type metrics struct {
	refused    *prometheus.CounterVec
	opened     *prometheus.CounterVec
	turnedAway *prometheus.CounterVec
	suppressed prometheus.Counter
	codes      []prometheus.Counter // by protocol.Code
}

func newMetrics(reg prometheus.Registerer, s *Server) (*metrics, error) {
	m := &metrics{
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penstock_refused_connections_total",
			Help: "WebSockets and event streams refused: too many in all (limit), of one address (per_address), of one user (per_user) or of those who have not sent a token (unauthenticated), too many handshakes of an address (handshakes), tokens that cannot be checked now (unavailable), no memory left (memory), or the server was draining.",
		}, []string{"reason"}),
		turnedAway: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penstock_access_refusals_total",
			Help: "Callers refused or shown out, and requests that their rights or limits do not allow, by reason.",
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
	for _, reason := range refusedReasons() {
		m.refused.WithLabelValues(reason)
	}
	for _, reason := range access.Reasons() {
		m.turnedAway.WithLabelValues(string(reason))
	}
	if reg == nil {
		return m, nil
	}
	b := s.opt.Budget
	collectors := []prometheus.Collector{m.refused, m.turnedAway, m.opened, m.suppressed, byCode,
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
	for _, c := range append(collectors, s.audienceMetrics()...) {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// countRefusal counts why somebody was not let in, or may not do something.
func (m *metrics) countRefusal(why access.Reason) { m.turnedAway.WithLabelValues(string(why)).Inc() }

func (m *metrics) countError(code protocol.Code) { m.codes[code].Inc() }

// Traffic is what the monitor reads of this server; see Clients.Traffic.
func (s *Server) Traffic() monitor.Traffic { return s.clients.Traffic(s.service.Ledger) }
