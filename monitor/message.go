package monitor

import (
	"fmt"
	"strconv"

	"penstock/protocol"
	"penstock/quality"
)

// watched tells how a value is spoken of.
type watched struct {
	name   string
	digits func(float64) string
}

var words = map[string]watched{
	ErrorRate:      {"error rate over the last 10 s", percentOfOne},
	LatencyP99:     {"99th percentile of latency over the last 10 s", milliseconds},
	QueueShare:     {"fill of the queue", percentOfOne},
	Accuracy:       {"accuracy over the last 5 min", percentOfOne},
	ModelError:     {"typical absolute error", significant},
	CPUUsage:       {"CPU usage", percent},
	CalibrationGap: {"distance of the mean confidence from the share that is right, over the newest labels", points},
	InputDrift:     {"difference of rows from the reference", significant},
	LabelShare:     {"largest labeller's share of the labels over the last 5 min", percentOfOne},
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

// endMessage is message for a model that is not watched any more.
func endMessage(a *protocol.Alert, about, why string) string {
	w := words[a.Metric]
	return fmt.Sprintf("The %s (%s) is no longer watched, as %s; it was %s at worst and %s at last.",
		w.name, about, why, w.digits(a.Worst), w.digits(a.Value))
}

// driftMessage is message for rows that are not like a model's reference.
func driftMessage(a *protocol.Alert, text string) string {
	if a.State == "firing" {
		return fmt.Sprintf("Of model %s, %s.", a.Model, text)
	}
	return fmt.Sprintf("Of model %s, rows are like the reference again.", a.Model)
}

// fallMessage is message for a model that errs more than before.
func fallMessage(a *protocol.Alert, fall *quality.Drift) string {
	what, moved, bound := "accuracy", "fallen", "at least"
	if fall.Measure == quality.Distance {
		what, moved, bound = "typical absolute error", "risen", "at most"
	}
	digits := words[a.Metric].digits
	if a.State == "firing" {
		return fmt.Sprintf("The %s of model %s has %s to %s over %s; %s %s was expected.%s",
			what, a.Model, moved, digits(a.Value), lastRequests(fall.Requests), bound, digits(a.Threshold), loudest(fall))
	}
	return fmt.Sprintf("The %s of model %s is back at what is expected, or was accepted: it was %s at worst and %s at last.",
		what, a.Model, digits(a.Worst), digits(a.Value))
}

// largePart is from which share of the labels on their caller is named.
const largePart = 0.2

// loudest names who labels most, where that is a large part and not all.
func loudest(fall *quality.Drift) string {
	if fall.Part < largePart || fall.Part >= 1 {
		return ""
	}
	return fmt.Sprintf(" The largest part of the labels, %s, is of %s.", percentOfOne(fall.Part), shown(fall.Loudest))
}

func lastRequests(n int) string {
	if n == 1 {
		return "the last labelled request"
	}
	return fmt.Sprintf("the last %d labelled requests", n)
}

func points(x float64) string { return strconv.FormatFloat(100*x, 'f', 1, 64) + " points" }

func percentOfOne(x float64) string { return percent(100 * x) }
func percent(x float64) string      { return strconv.FormatFloat(x, 'f', 1, 64) + " %" }
func significant(x float64) string  { return strconv.FormatFloat(x, 'g', 4, 64) }
func milliseconds(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) + " ms" }
