package quality

import "github.com/prometheus/client_golang/prometheus"

// collector reads the store when Prometheus asks, so that the hot path counts
// everything once. Its series follow the models and the outcomes, never a client, a
// request or a label.
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
		hits:      desc("correct_rows_total", "Labelled rows that were right.", "model"),
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
	s := c.store
	s.mu.Lock()
	feedback, forgotten, used := s.feedback, s.forgot, s.memory.used
	totals := make(map[string]total, len(s.totals))
	for name, t := range s.totals {
		totals[name] = *t
	}
	s.mu.Unlock()

	counter := func(d *prometheus.Desc, value uint64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	for name, t := range totals {
		counter(c.predicted, t.predicted, name)
		counter(c.labelled, t.labelled, name)
		if t.rightOrWrong {
			counter(c.hits, t.correct, name)
		}
	}
	counter(c.feedback, feedback.joined, "joined")
	counter(c.feedback, feedback.unknown, "unknown_request")
	counter(c.feedback, feedback.duplicate, "duplicate_feedback")
	counter(c.feedback, feedback.bad, "bad_label")
	counter(c.forgotten, forgotten)
	metrics <- prometheus.MustNewConstMetric(c.remain, prometheus.GaugeValue, float64(used))
}

// total is what the metrics say of a name: what all series added up to that have
// had it since there last was none. When one version takes over from another, the
// counters go on and never fall.
type total struct {
	predicted, labelled, correct uint64
	rightOrWrong                 bool
	series                       int // listed
}

func (s *Store) addTotal(one *Series) {
	name := one.counts.Model
	t := s.totals[name]
	if t == nil {
		t = new(total)
		s.totals[name] = t
	}
	t.series++
	t.rightOrWrong = t.rightOrWrong || one.counts.Measure == RightOrWrong
	one.total = t
}

func (s *Store) dropTotal(one *Series) {
	if one.total.series--; one.total.series == 0 {
		delete(s.totals, one.counts.Model)
	}
}
