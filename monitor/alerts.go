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
	ModelError = "model_error" // of a regression
	CPUUsage   = "cpu_usage"
	LabelShare = "labeller_share"
)

// minLabels is how many labels of the last five minutes a threshold of the accuracy
// needs before it is looked at.
const minLabels = 50

// minAnswers is how many requests must have been answered in the last 10 s
// before their error rate may raise an alert.
const minAnswers = 10

// alerts holds one rule per watched value, and per model where it is one model's.
type alerts struct{ rules []*rule }

func newAlerts(o Options) *alerts {
	t := o.Thresholds
	a := new(alerts)
	watch := func(metric, model string, level Level, low bool, fireAfter time.Duration) {
		a.rules = append(a.rules, &rule{metric: metric, model: model, hysteresis: hysteresis{
			thresholds: [3]float64{warning: level.Warning, critical: level.Critical},
			low:        low,
			fireAfter:  o.ticks(fireAfter),
			clearAfter: o.ticks(t.ResolveAfter),
		}})
	}
	watch(ErrorRate, "", t.ErrorRate, false, t.FireAfter)
	watch(LatencyP99, "", t.LatencyP99, false, t.FireAfter)
	watch(LabelShare, "", t.LabelShare, false, t.FireAfter)
	watch(CPUUsage, "", t.CPU, false, t.CPUFireAfter)
	for _, pool := range o.Pools {
		name := pool.Spec().Name
		watch(QueueShare, name, t.Queue, false, t.FireAfter)
		watch(Accuracy, name, t.Accuracy, true, t.FireAfter)
		watch(ModelError, name, Level{}, false, t.FireAfter)
	}
	return a
}

// step takes one tick's measurements, by the ids of rules, and returns the alerts
// that changed.
func (a *alerts) step(wall time.Time, measured map[string]measurement) []*protocol.Alert {
	var changed []*protocol.Alert
	for _, r := range a.rules {
		if alert := r.step(wall, measured[r.id()]); alert != nil {
			changed = append(changed, alert)
		}
	}
	return changed
}

// now tells how the alerts that hold stand at this tick.
func (a *alerts) now() []protocol.FiringAlert {
	firing := []protocol.FiringAlert{}
	for _, r := range a.rules {
		if r.active != nil {
			firing = append(firing, protocol.FiringAlert{ID: r.id(), Value: r.value, Worst: r.worst})
		}
	}
	return firing
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
	measured := map[string]measurement{
		ErrorRate:  m.recentErrors(f),
		LatencyP99: {value: f.LatencyMS.P99},
		LabelShare: largestShare(now.labellers),
		CPUUsage:   busier(f),
	}
	for i, stats := range now.pools {
		if stats.QueueLimit > 0 {
			share := float64(stats.QueueRows) / float64(stats.QueueLimit)
			measured[QueueShare+":"+m.options.Pools[i].Spec().Name] = measurement{value: &share}
		}
	}
	for _, r := range now.quality {
		measured[Accuracy+":"+r.SinceStart.Model] = recentAccuracy(r.Last5m)
	}
	if m.options.Thresholds.Falls {
		addFalls(measured, now.drifts)
	}
	return measured
}

// busier is the machine or, where that is not as full, the process's share of the
// processors that it may use: a container may be full on a machine that is not.
func busier(f *protocol.Metrics) measurement {
	if f.ProcessCPUUsage > f.CPUUsage {
		return measurement{value: &f.ProcessCPUUsage, about: "this process, of the processors that it may use"}
	}
	return measurement{value: &f.CPUUsage, about: "the whole machine"}
}

// recentAccuracy leaves out one of so few labels that nothing is sure of it.
func recentAccuracy(c quality.Counts) measurement {
	if c.Measure != quality.RightOrWrong || c.Labelled < minLabels {
		return measurement{}
	}
	sure := quality.UpperBound(c.Correct, c.Labelled)
	return measurement{value: c.Accuracy(), sure: &sure}
}

func addFalls(measured map[string]measurement, drifts []quality.Drift) {
	for i := range drifts {
		fall := &drifts[i]
		if !fall.Fallen {
			continue
		}
		id := Accuracy + ":" + fall.Model
		if fall.Measure == quality.Distance {
			id = ModelError + ":" + fall.Model
		}
		one := measured[id]
		one.fall = fall
		measured[id] = one
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
