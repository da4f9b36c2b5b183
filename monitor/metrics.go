package monitor

import (
	"github.com/prometheus/client_golang/prometheus"

	"penstock/protocol"
)

// metrics are what Prometheus sees of the monitor. Their label values are the
// watched values, two severities and the models: never a client.
type metrics struct {
	firing        *prometheus.GaugeVec
	transitions   *prometheus.CounterVec
	accuracy      *prometheus.GaugeVec
	accurate      map[string]bool // the models with an accuracy
	labelShare    prometheus.Gauge
	subscriptions prometheus.Gauge
	dropped       *prometheus.CounterVec
	droppedFrames prometheus.Counter
	droppedAlerts prometheus.Counter
	machineErrors prometheus.Counter
}

func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		accurate: make(map[string]bool),
		firing: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "penstock_alert_firing", Help: "1 while an alert holds at this severity.",
		}, []string{"metric", "severity"}),
		transitions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penstock_alert_transitions_total", Help: "Alerts that fired, changed severity or resolved.",
		}, []string{"metric"}),
		accuracy: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "penstock_model_accuracy", Help: "Share of labelled rows predicted right, since counting began; absent without labels.",
		}, []string{"model"}),
		labelShare: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "penstock_largest_labeller_share", Help: "Share of the labels of the last 5 min that the largest labeller gave; 0 without labels.",
		}),
		subscriptions: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "penstock_dashboard_subscriptions", Help: "Dashboards that follow the monitor.",
		}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penstock_dashboard_dropped_frames_total", Help: "Frames passed over for dashboards too slow to take them.",
		}, []string{"type"}),
		machineErrors: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "penstock_monitor_machine_errors_total", Help: "Readings of CPU and memory that failed.",
		}),
	}
	m.droppedFrames, m.droppedAlerts = m.dropped.WithLabelValues("metrics"), m.dropped.WithLabelValues("alert")
	for metric := range words {
		m.transitions.WithLabelValues(metric)
		for _, s := range []severity{warning, critical} {
			m.firing.WithLabelValues(metric, s.String())
		}
	}
	return m, m.register(registerer)
}

func (m *metrics) register(registerer prometheus.Registerer) error {
	if registerer == nil {
		return nil
	}
	for _, c := range []prometheus.Collector{
		m.firing, m.transitions, m.accuracy, m.labelShare, m.subscriptions, m.dropped, m.machineErrors,
	} {
		if err := registerer.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// observe shows a frame. A model that is not in it is not shown any more.
func (m *metrics) observe(f *protocol.Metrics, firing []protocol.Alert) {
	for name := range m.accurate {
		if _, there := f.Models[name]; !there {
			m.accuracy.DeleteLabelValues(name)
			delete(m.accurate, name)
		}
	}
	for name, model := range f.Models {
		if model.ModelAccuracy != nil {
			m.accuracy.WithLabelValues(name).Set(*model.ModelAccuracy)
			m.accurate[name] = true
		}
	}
	m.labelShare.Set(0)
	if f.LargestLabeller != nil {
		m.labelShare.Set(f.LargestLabeller.Share)
	}
	for metric := range words {
		for _, s := range []severity{warning, critical} {
			m.firing.WithLabelValues(metric, s.String()).Set(holds(firing, metric, s.String()))
		}
	}
}

func holds(firing []protocol.Alert, metric, severity string) float64 {
	for _, alert := range firing {
		if alert.Metric == metric && alert.Severity == severity {
			return 1
		}
	}
	return 0
}
