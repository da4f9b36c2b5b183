package quality

import "github.com/prometheus/client_golang/prometheus"

// collector reads the store when Prometheus asks, so that the hot path counts
// everything once. Its series are fixed when the store is made: models and
// outcomes, never a client, a request or a label.
type collector struct {
	store                       *Store
	predicted, labelled, hits   *prometheus.Desc
	feedback, forgotten, remain *prometheus.Desc
}

func newCollector(s *Store) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("penstock_quality_"+name, help, labels, nil)
	}
	return &collector{
		store:     s,
		predicted: desc("predicted_rows_total", "Rows predicted.", "model"),
		labelled:  desc("labelled_rows_total", "Predicted rows that received their label.", "model"),
		hits:      desc("correct_rows_total", "Labelled rows whose class was predicted.", "model"),
		feedback:  desc("feedback_total", "Feedback requests by outcome.", "outcome"),
		forgotten: desc("forgotten_rows_total", "Rows forgotten before a label came, or never kept for one."),
		remain:    desc("remembered_rows", "Rows held in memory for labels."),
	}
}

func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.predicted, c.labelled, c.hits, c.feedback, c.forgotten, c.remain} {
		descs <- d
	}
}

func (c *collector) Collect(metrics chan<- prometheus.Metric) {
	c.store.mu.Lock()
	feedback := c.store.feedback
	used := c.store.memory.used
	c.store.mu.Unlock()

	counter := func(d *prometheus.Desc, value uint64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	var forgotten uint64
	for _, m := range c.store.Counts(nil) {
		forgotten += m.Forgotten
		counter(c.predicted, m.Predicted, m.Model)
		counter(c.labelled, m.Labelled, m.Model)
		if !m.Regression {
			counter(c.hits, m.Correct, m.Model)
		}
	}
	counter(c.feedback, feedback.joined, "joined")
	counter(c.feedback, feedback.unknown, "unknown_request")
	counter(c.feedback, feedback.duplicate, "duplicate_feedback")
	counter(c.feedback, feedback.bad, "bad_label")
	counter(c.forgotten, forgotten)
	metrics <- prometheus.MustNewConstMetric(c.remain, prometheus.GaugeValue, float64(used))
}
