package monitor

import (
	"math"
	"slices"
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
	// CalibrationGap is how far the confidences of replies are from the share that is
	// right, and InputDrift is 1 while rows are not like a model's reference.
	CalibrationGap = "calibration_gap"
	InputDrift     = "input_drift"
)

// minLabels is how many labels of the last five minutes a threshold of the accuracy
// needs before it is looked at.
const minLabels = 50

// minAnswers is how many requests must have been answered in the last 10 s
// before their error rate may raise an alert.
const minAnswers = 10

// alerts holds one rule per watched value, and per model where it is one model's.
type alerts struct {
	options Options
	rules   []*rule // those of no model first
}

// subject is a model that rules watch. A model of which another version came or
// went is called something else, and another subject.
type subject struct{ key, name, version string }

// subjects are the models of a view.
func (v *view) subjects() []subject {
	all := make([]subject, len(v.keys))
	for i, key := range v.keys {
		all[i] = subject{key: key, name: v.now.Models[i].Name, version: v.now.Models[i].Version}
	}
	return all
}

func newAlerts(o Options) *alerts {
	t := o.Thresholds
	a := &alerts{options: o}
	a.watch(ErrorRate, subject{}, t.ErrorRate, t.FireAfter)
	a.watch(LatencyP99, subject{}, t.LatencyP99, t.FireAfter)
	a.watch(LabelShare, subject{}, t.LabelShare, t.FireAfter)
	a.watch(CPUUsage, subject{}, t.CPU, t.CPUFireAfter)
	return a
}

func (a *alerts) watch(metric string, of subject, level Level, fireAfter time.Duration) {
	a.rules = append(a.rules, &rule{metric: metric, subject: of, hysteresis: hysteresis{
		thresholds: [3]float64{warning: level.Warning, critical: level.Critical},
		low:        metric == Accuracy,
		fireAfter:  a.options.ticks(fireAfter),
		clearAfter: a.options.ticks(a.options.Thresholds.ResolveAfter),
	}})
}

// follow makes rules for models that came, drops those of models that went, and
// returns the alerts that end with them.
func (a *alerts) follow(models []subject) (ended []*protocol.Alert) {
	watched := make(map[subject]bool, len(models))
	a.rules = slices.DeleteFunc(a.rules, func(r *rule) bool {
		watched[r.subject] = true
		if r.subject == (subject{}) || slices.Contains(models, r.subject) {
			return false
		}
		if alert := r.end(models); alert != nil {
			ended = append(ended, alert)
		}
		return true
	})
	t := a.options.Thresholds
	for _, one := range models {
		if !watched[one] {
			a.watch(QueueShare, one, t.Queue, t.FireAfter)
			a.watch(Accuracy, one, t.Accuracy, t.FireAfter)
			a.watch(ModelError, one, Level{}, t.FireAfter)
			a.watch(CalibrationGap, one, t.CalibrationGap, t.FireAfter)
			if t.Drift {
				a.watch(InputDrift, one, Level{Warning: 1}, t.FireAfter)
			}
		}
	}
	return ended
}

// step takes one tick's measurements, by the ids of rules, and returns the alerts
// that changed.
func (a *alerts) step(wall time.Time, models []subject, measured map[string]measurement) []*protocol.Alert {
	changed := a.follow(models)
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

// measure picks what the rules watch out of a frame and its readings.
func (m *Monitor) measure(f *protocol.Metrics, v *view) map[string]measurement {
	measured := map[string]measurement{
		ErrorRate:  v.recentErrors(f),
		LatencyP99: {value: f.LatencyMS.P99},
		LabelShare: largestShare(v.now.Labellers),
		CPUUsage:   busier(f),
	}
	for i := range v.now.Models {
		one, key := &v.now.Models[i], v.keys[i]
		if stats := one.Stats; stats.QueueLimit > 0 {
			share := float64(stats.QueueRows) / float64(stats.QueueLimit)
			measured[QueueShare+":"+key] = measurement{value: &share}
		}
		if one.Quality == nil {
			continue
		}
		measured[Accuracy+":"+key] = recentAccuracy(one.Quality.Last5m)
		measured[CalibrationGap+":"+key] = gapOf(&one.Confidence)
		measured[InputDrift+":"+key] = one.Shift.measured()
		if m.options.Thresholds.Falls && one.Drift.Fallen {
			addFall(measured, key, &one.Drift)
		}
	}
	return measured
}

// A gap is looked at over so many labels, where Spiegelhalter's z says that it is no
// accident: of a calibrated model it is beyond 4 once in sixteen thousand looks.
const (
	minGapLabels = 500
	minGapZ      = 4
)

// gapOf is 0 for what may be an accident, and nothing of too few labels.
func gapOf(c *ConfidenceReading) measurement {
	if c.Labels < minGapLabels {
		return measurement{}
	}
	gap := 0.0
	if math.Abs(c.Z) > minGapZ {
		gap = math.Abs(c.Gap)
	}
	return measurement{value: &gap}
}

func (s *ShiftReading) measured() measurement {
	if !s.Watched {
		return measurement{}
	}
	differs := 0.0
	if s.Firing {
		differs = 1
	}
	return measurement{value: &differs, text: s.Text}
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

func addFall(measured map[string]measurement, key string, fall *quality.Drift) {
	id := Accuracy + ":" + key
	if fall.Measure == quality.Distance {
		id = ModelError + ":" + key
	}
	one := measured[id]
	one.fall = fall
	measured[id] = one
}

// recentErrors leaves out a rate of so few answers that one mistyped request
// would raise the alarm.
func (v *view) recentErrors(f *protocol.Metrics) measurement {
	if v.window.answered < minAnswers {
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
