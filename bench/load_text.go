package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// warn says what makes the numbers less than they seem.
func (r *Report) warn(cutShort bool) {
	say := func(format string, args ...any) { r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...)) }
	if cutShort {
		say("the run was cut short")
	}
	if r.Mode == "open" {
		if r.Lag.P99 > 1 && r.Lag.P99 > r.Latency.P99/10 {
			say("the generator was late itself (p99 %.2f ms): latencies include that; give it more processor or a lower rate", r.Lag.P99)
		}
		if n := sum(r.Unsent); n > 0 {
			say("%d requests were never sent (%s): percentiles are of those that were; use more connections or a lower rate", n, counts(r.Unsent))
		}
		if short := float64(r.Offered) / r.Seconds / r.TargetRate; r.Seconds > 0 && r.Offered > 1000 && short < 0.98 {
			say("only %.0f %% of the target rate was offered", 100*short)
		}
	}
	if r.Unanswered > 0 {
		say("%d requests had no answer when the run ended: percentiles lack them", r.Unanswered)
	}
	if r.Latency.Count > 0 && r.Latency.Count < 1000 {
		say("only %d predictions: p99 and beyond rest on a handful", r.Latency.Count)
	}
}

// WriteText writes the report for people.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s loop, %d connections, %d rows a request, %.1f s\n", r.Mode, r.Connections, r.Rows, r.Seconds)
	if r.Mode == "open" {
		fmt.Fprintf(&b, "target     %12.0f req/s\n", r.TargetRate)
	}
	fmt.Fprintf(&b, "sent       %12.0f req/s\n", r.AchievedRate)
	fmt.Fprintf(&b, "goodput    %12.0f req/s  %12.0f rows/s\n", r.Goodput, r.RowsPerSecond)
	fmt.Fprintf(&b, "requests   %12d offered, %d predicted, %d shed, %d unanswered\n", r.Offered, r.Predicted, r.Shed, r.Unanswered)
	if len(r.Errors) > 0 {
		fmt.Fprintf(&b, "errors     %s\n", counts(r.Errors))
	}
	if len(r.Unsent) > 0 {
		fmt.Fprintf(&b, "unsent     %s\n", counts(r.Unsent))
	}
	fmt.Fprintf(&b, "%-11s%10s%10s%10s%10s%10s%10s\n", "ms", "mean", "p50", "p95", "p99", "p99.9", "max")
	line := func(name string, p Percentiles) {
		if p.Count > 0 {
			fmt.Fprintf(&b, "%-11s%10.3f%10.3f%10.3f%10.3f%10.3f%10.3f\n", name, p.Mean, p.P50, p.P95, p.P99, p.P999, p.Max)
		}
	}
	line("latency", r.Latency)
	line("sheds", r.ShedLatency)
	line("own lag", r.Lag)
	for _, warning := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", warning)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func counts(byName map[string]uint64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, byName[name]))
	}
	return strings.Join(parts, ", ")
}
