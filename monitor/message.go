package monitor

import (
	"fmt"
	"strconv"

	"penstock/protocol"
)

// watched tells how a value is spoken of.
type watched struct {
	name   string
	digits func(float64) string
}

var words = map[string]watched{
	ErrorRate:  {"error rate over the last 10 s", percentOfOne},
	LatencyP99: {"99th percentile of latency over the last 10 s", milliseconds},
	QueueShare: {"fill of the fullest queue", percentOfOne},
	Accuracy:   {"lowest model accuracy over the last 5 min", percentOfOne},
	CPUUsage:   {"CPU usage", percent},
	LabelShare: {"largest labeller's share of the labels over the last 5 min", percentOfOne},
}

// message says in a sentence what happened, how much it is, and what the
// threshold is.
func message(a *protocol.Alert, about string, measured bool) string {
	w := words[a.Metric]
	name := w.name
	if about != "" {
		name += " (" + about + ")"
	}
	value, threshold := w.digits(a.Value), w.digits(a.Threshold)
	switch {
	case a.State == "firing":
		return fmt.Sprintf("The %s is %s; the %s threshold is %s.", name, value, a.Severity, threshold)
	case measured:
		return fmt.Sprintf("The %s is back at %s; the %s threshold is %s.", name, value, a.Severity, threshold)
	}
	return fmt.Sprintf("The %s is no longer measured; it was last %s, with a %s threshold of %s.",
		name, value, a.Severity, threshold)
}

func percentOfOne(x float64) string { return percent(100 * x) }
func percent(x float64) string      { return strconv.FormatFloat(x, 'f', 1, 64) + " %" }
func milliseconds(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) + " ms" }
