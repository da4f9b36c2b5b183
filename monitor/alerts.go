package monitor

import (
	"strconv"
	"time"

	"penstock/protocol"
	"penstock/quality"
)

// The values that alerts watch, as they appear in protocol.Alert.Metric.
const (
	ErrorRate  = "error_rate"
	LatencyP99 = "latency_p99_ms"
	QueueShare = "queue_share"
	Accuracy   = "model_accuracy"
	CPUUsage   = "cpu_usage"
	LabelShare = "labeller_share"
)

// minAnswers is how many requests must have been answered in the last 10 s
// before their error rate may raise an alert.
const minAnswers = 10

// alerts holds one rule per watched value.
type alerts struct{ rules []*rule }

type rule struct {
	metric string
	hysteresis
	since  time.Time // wall clock, when it began to fire
	last   measurement
	active *protocol.Alert // nil while calm
}

// measurement is one watched value; nil where nothing was measured.
type measurement struct {
	value *float64
	about string // "model digits", say; empty for all
}

func newAlerts(o Options) *alerts {
	t := o.Thresholds
	watch := func(metric string, level Level, low bool, fireAfter time.Duration) *rule {
		return &rule{metric: metric, hysteresis: hysteresis{
			thresholds: [3]float64{warning: level.Warning, critical: level.Critical},
			low:        low,
			fireAfter:  o.ticks(fireAfter),
			clearAfter: o.ticks(t.ResolveAfter),
		}}
	}
	return &alerts{rules: []*rule{
		watch(ErrorRate, t.ErrorRate, false, t.FireAfter),
		watch(LatencyP99, t.LatencyP99, false, t.FireAfter),
		watch(QueueShare, t.Queue, false, t.FireAfter),
		watch(Accuracy, t.Accuracy, true, t.FireAfter),
		watch(LabelShare, t.LabelShare, false, t.FireAfter),
		watch(CPUUsage, t.CPU, false, t.CPUFireAfter),
	}}
}

// step takes one tick's measurements and returns the alerts that changed.
func (a *alerts) step(wall time.Time, measured map[string]measurement) []*protocol.Alert {
	var changed []*protocol.Alert
	for _, r := range a.rules {
		if alert := r.step(wall, measured[r.metric]); alert != nil {
			changed = append(changed, alert)
		}
	}
	return changed
}

func (r *rule) step(wall time.Time, m measurement) *protocol.Alert {
	was := r.now
	is := r.hysteresis.step(m.value)
	if m.value != nil {
		r.last = m
	}
	if was == is {
		return nil
	}
	if was == calm {
		r.since = wall
	}
	state, about := "firing", is
	if is == calm {
		state, about = "resolved", was
	}
	alert := &protocol.Alert{
		Type: "alert", Metric: r.metric, State: state, Since: r.since.Format(stamp),
		Severity: about.String(), Value: *r.last.value, Threshold: r.thresholds[about],
	}
	alert.Message = message(alert, r.last.about, m.value != nil)
	r.active = alert
	if is == calm {
		r.active = nil
	}
	return alert
}

// firing returns the alerts that hold now, each as it was last sent.
func (a *alerts) firing() []protocol.Alert {
	var firing []protocol.Alert
	for _, r := range a.rules {
		if r.active != nil {
			firing = append(firing, *r.active)
		}
	}
	return firing
}

// measure picks what the rules watch out of a frame and its reading.
func (m *Monitor) measure(f *protocol.Metrics, now reading) map[string]measurement {
	accuracy, model := m.accuracy.worst(now.quality)
	return map[string]measurement{
		ErrorRate:  m.recentErrors(f),
		LatencyP99: {value: f.LatencyMS.P99},
		QueueShare: m.fullestQueue(now),
		Accuracy:   {value: accuracy, about: aboutModel(model)},
		LabelShare: largestShare(now.labellers),
		CPUUsage:   {value: &f.CPUUsage},
	}
}

// recentErrors leaves out a rate of so few answers that one mistyped request
// would raise the alarm.
func (m *Monitor) recentErrors(f *protocol.Metrics) measurement {
	if m.window.sum.answered < minAnswers {
		return measurement{}
	}
	return measurement{value: &f.ErrorRate}
}

func (m *Monitor) fullestQueue(now reading) (fullest measurement) {
	for i, stats := range now.pools {
		if stats.QueueLimit < 1 {
			continue
		}
		s := float64(stats.QueueRows) / float64(stats.QueueLimit)
		if fullest.value == nil || s > *fullest.value {
			fullest = measurement{value: &s, about: aboutModel(m.options.Pools[i].Spec().Name)}
		}
	}
	return fullest
}

func aboutModel(name string) string {
	if name == "" {
		return ""
	}
	return "model " + name
}

// largestShare leaves out who is alone: nobody else's labels are outweighed.
func largestShare(l quality.Labellers) measurement {
	if l.Labels < minLabels || !l.Several {
		return measurement{}
	}
	share := l.Share()
	return measurement{value: &share, about: "labeller " + shown(l.Largest)}
}

// maxShown is how many characters of a labeller's name people see.
const maxShown = 64

// shown makes a name that a client chose fit for a line of text: what does not
// print is escaped, and what is too long is cut.
func shown(name string) string {
	escaped := []rune(strconv.Quote(name))
	escaped = escaped[1 : len(escaped)-1]
	if len(escaped) > maxShown {
		return string(escaped[:maxShown-1]) + "…"
	}
	return string(escaped)
}
