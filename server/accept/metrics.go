package accept

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	refused map[Reason]prometheus.Counter
	evicted prometheus.Counter
}

func newMetrics(name string, reg prometheus.Registerer, l *Listener) (*metrics, error) {
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "penstock_tcp_refused_total",
		Help: "TCP connections refused as they came, by reason; for open_files, times that none could be accepted.",
	}, []string{"reason"})
	m := &metrics{refused: make(map[Reason]prometheus.Counter), evicted: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "penstock_tcp_evicted_total",
		Help: "TCP connections closed for others while they waited for their client's request.",
	})}
	for _, reason := range []Reason{Limit, PerAddress, OpenFiles} {
		m.refused[reason] = refused.WithLabelValues(string(reason))
	}
	if reg == nil {
		return m, nil
	}
	reg = prometheus.WrapRegistererWith(prometheus.Labels{"listener": name}, reg)
	for _, c := range []prometheus.Collector{refused, m.evicted, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "penstock_tcp_connections", Help: "TCP connections open now, whatever they became.",
	}, func() float64 { return float64(l.places.count()) })} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
