package monitor

import (
	"time"

	"penstock/protocol"
	"penstock/quality"
)

// rule watches one value, of all or of one model.
type rule struct {
	metric  string
	subject subject // of one model; zero: of all
	hysteresis
	fallen severity // what a fall of the model is worth

	shown    severity // the worse of the two
	since    time.Time
	value    float64 // measured last
	atFiring float64
	worst    float64
	last     measurement     // the last with a value
	active   *protocol.Alert // as it was last sent; nil while calm
}

// measurement is one watched value; nil where nothing was measured.
type measurement struct {
	value *float64
	// sure is what value is at best, where it is an estimate: a threshold counts
	// as passed when sure has passed it. Nil where value is sure.
	sure  *float64
	about string         // more than the model: "labeller 10.0.0.1", say
	text  string         // what is there, in words, where a number is not all of it
	fall  *quality.Drift // nil while the model errs no more than before
}

func (m measurement) measured() *float64 {
	if m.fall != nil {
		return &m.fall.Level
	}
	return m.value
}

// id names what is watched, whoever asks and whenever it fires.
func (r *rule) id() string {
	if r.subject.key == "" {
		return r.metric
	}
	return r.metric + ":" + r.subject.key
}

// step takes one tick's measurement and returns an alert if it begins, changes
// its severity or ends.
func (r *rule) step(wall time.Time, m measurement) *protocol.Alert {
	was := r.shown
	sure := m.sure
	if sure == nil {
		sure = m.value
	}
	r.shown = max(r.hysteresis.step(m.value, sure), r.judgeFall(m.fall))
	before := r.last
	if value := m.measured(); value != nil {
		r.last, r.value = m, *value
	}
	if was == calm && r.shown == calm {
		return nil
	}
	if was == calm {
		r.since, r.atFiring, r.worst = wall, r.value, r.value
	} else if r.isWorse(r.value) {
		r.worst = r.value
	}
	if was == r.shown {
		return nil
	}
	if r.shown == calm && before.fall != nil {
		// What it was, not another measure of it.
		r.last, r.value = before, before.fall.Level
	}
	return r.tell(was, m)
}

// tell makes the alert of a change from what was shown.
func (r *rule) tell(was severity, m measurement) *protocol.Alert {
	alert := r.alert(was)
	switch {
	case r.last.fall != nil:
		alert.Message = fallMessage(alert, r.last.fall)
	case r.metric == InputDrift:
		alert.Message = driftMessage(alert, r.last.text)
	default:
		alert.Message = message(alert, r.about(), m.value != nil)
	}
	return alert
}

// alert is one without a message.
func (r *rule) alert(was severity) *protocol.Alert {
	state, about := "firing", r.shown
	if r.shown == calm {
		state, about = "resolved", was
	}
	alert := &protocol.Alert{
		Type: "alert", ID: r.id(), Metric: r.metric, Model: r.subject.key, State: state,
		Severity: about.String(), Since: r.since.Format(protocol.TimeFormat),
		Value: r.value, ValueAtFiring: r.atFiring, Worst: r.worst, Threshold: r.thresholds[about],
	}
	if r.last.fall != nil {
		alert.Threshold = r.last.fall.Expected
	}
	r.active = alert
	if r.shown == calm {
		r.active = nil
	}
	return alert
}

// end resolves what fires of a model that is none of those that are there.
func (r *rule) end(models []subject) *protocol.Alert {
	was := r.shown
	if was == calm {
		return nil
	}
	r.shown = calm
	alert := r.alert(was)
	alert.Message = endMessage(alert, r.about(), r.subject.gone(models))
	return alert
}

// gone says what became of a model that is not there under its key.
func (s subject) gone(models []subject) string {
	for _, one := range models {
		if one.name == s.name && one.version == s.version {
			return "it is shown as " + one.key + " now"
		}
	}
	return "it is no longer served"
}

func (r *rule) about() string {
	if r.subject.key != "" {
		return "model " + r.subject.key
	}
	return r.last.about
}

// judgeFall is how bad a fall is: never less than it was found to be, since the
// level is over few labels.
func (r *rule) judgeFall(fall *quality.Drift) severity {
	switch {
	case fall == nil:
		r.fallen = calm
	case isCollapse(fall):
		r.fallen = critical
	default:
		r.fallen = max(r.fallen, warning)
	}
	return r.fallen
}

// isCollapse is true of twenty points of accuracy, or three times the error.
func isCollapse(fall *quality.Drift) bool {
	if fall.Measure == quality.Distance {
		return fall.Level > 3*fall.Expected
	}
	return fall.Level < fall.Expected-0.2
}

func (r *rule) isWorse(value float64) bool {
	if r.low {
		return value < r.worst
	}
	return value > r.worst
}
