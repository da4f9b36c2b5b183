package bench

import (
	"errors"
	"fmt"
)

// limits tell when a server counts as broken.
type limits struct {
	maxP99  float64 // milliseconds
	maxLoss float64 // share of the offered requests
}

func (l limits) validate(load Load) error {
	switch {
	case !(l.maxP99 > 0):
		return wrong("MaxP99", "is %v; expected more than 0 milliseconds", l.maxP99)
	case !(l.maxLoss >= 0 && l.maxLoss < 1):
		return wrong("MaxLoss", "is %v; expected 0 to less than 1", l.maxLoss)
	case load.InFlight != 0:
		return wrong("InFlight", "is %d; rates are those of an open loop, so leave it out", load.InFlight)
	}
	return nil
}

// broken tells which limit a report is beyond.
func (l limits) broken(r Report) string {
	switch {
	case r.Offered == 0:
		return "nothing was offered"
	case r.Predicted == 0:
		return "not one prediction came" + r.failures()
	case loss(r) > l.maxLoss && loss(r) > 0:
		return fmt.Sprintf("%.2f %% of the requests had no prediction; the limit is %.2f %%%s", 100*loss(r), 100*l.maxLoss, r.failures())
	case r.Latency.P99 > l.maxP99 && generatorIsLate(r):
		return fmt.Sprintf("the generator is the limit: half of the p99 of %.1f ms is its own lag", r.Latency.P99)
	case r.Latency.P99 > l.maxP99:
		return fmt.Sprintf("p99 is %.1f ms; the limit is %.1f ms", r.Latency.P99, l.maxP99)
	}
	return ""
}

func generatorIsLate(r Report) bool { return r.Lag.P99 > r.Latency.P99/2 }

// Failure says why a load that was offered came to nothing: nil when there was one
// prediction.
func (r Report) Failure() error {
	if r.Offered == 0 || r.Predicted > 0 {
		return nil
	}
	return errors.New("not one prediction came" + r.failures())
}

// failures lists what became of requests without a prediction.
func (r Report) failures() string {
	text := ""
	if len(r.Errors) > 0 {
		text += "; errors: " + counts(r.Errors)
	}
	if len(r.Unsent) > 0 {
		text += "; unsent: " + counts(r.Unsent)
	}
	if r.Unanswered > 0 {
		text += fmt.Sprintf("; unanswered: %d", r.Unanswered)
	}
	return text
}

// loss is the share of offered requests without a prediction.
func loss(r Report) float64 {
	if r.Offered == 0 {
		return 0
	}
	return float64(r.Offered-r.Predicted) / float64(r.Offered)
}

// tableHead and tableLine are of the table that is written while rates are tried.
const tableHead = "  target/s  goodput/s   loss %    p50 ms    p99 ms  p99.9 ms    max ms   lag p99\n"

func tableLine(r Report) string {
	return fmt.Sprintf("%10.0f %10.0f %8.2f %9.3f %9.3f %9.3f %9.3f %9.3f", r.TargetRate, r.Goodput,
		100*loss(r), r.Latency.P50, r.Latency.P99, r.Latency.P999, r.Latency.Max, r.Lag.P99)
}
