package store

import "github.com/prometheus/client_golang/prometheus"

// collector reads the status when Prometheus asks.
type collector struct {
	store *Store
	list  []metric
}

type metric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*Status) float64
}

func newCollector(s *Store) *collector {
	c := &collector{store: s}
	add := func(name, help string, kind prometheus.ValueType, value func(*Status) float64) {
		desc := prometheus.NewDesc("penstock_quality_store_"+name, help, nil, nil)
		c.list = append(c.list, metric{desc, kind, value})
	}
	add("bytes", "Bytes of the quality database.", prometheus.GaugeValue, func(s *Status) float64 { return float64(s.Bytes) })
	add("rows", "Labelled rows that are kept.", prometheus.GaugeValue, func(s *Status) float64 { return float64(s.Rows) })
	add("waiting_rows", "Labelled rows that could not be written yet.", prometheus.GaugeValue, func(s *Status) float64 { return float64(s.Waiting) })
	add("written_rows_total", "Labelled rows written.", prometheus.CounterValue, func(s *Status) float64 { return float64(s.Written) })
	add("lost_rows_total", "Labelled rows that are in no history.", prometheus.CounterValue, func(s *Status) float64 { return float64(s.Lost) })
	add("degraded", "1 while the quality database cannot be written.", prometheus.GaugeValue, func(s *Status) float64 {
		if s.Degraded {
			return 1
		}
		return 0
	})
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	for _, m := range c.list {
		descs <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(metrics chan<- prometheus.Metric) {
	status := c.store.Status()
	for _, m := range c.list {
		metrics <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(&status))
	}
}
