package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Sweep runs a load at rising rates until the server breaks: how much can it
// take, and how does its latency look on the way?
type Sweep struct {
	// Load is run at each rate for its Duration; its own Rate is not used.
	Load Load
	// From is the first rate. Default: 1,000 requests per second.
	From float64
	// To is the last rate at most. Default: a million.
	To float64
	// Factor multiplies the rate from step to step; Step, when above zero, is
	// added instead. Default: Factor 2.
	Factor, Step float64
	// MaxP99 is the p99 latency in milliseconds at which the server counts as
	// broken. Default: 50.
	MaxP99 float64
	// MaxLoss is the share of offered requests, 0 to 1, that may stay without a
	// prediction: shed, failed, unsent or unanswered. Default: 0.01.
	MaxLoss float64
}

func (s Sweep) withDefaults() Sweep {
	set := func(f *float64, value float64) {
		if *f == 0 {
			*f = value
		}
	}
	set(&s.From, 1000)
	set(&s.To, 1e6)
	set(&s.Factor, 2)
	set(&s.MaxP99, 50)
	set(&s.MaxLoss, 0.01)
	return s
}

func (s Sweep) validate() error {
	switch {
	case s.From < 0 || s.To < s.From:
		return fmt.Errorf("sweep: From is %v and To is %v; expected 0 < From ≤ To", s.From, s.To)
	case s.Step < 0:
		return fmt.Errorf("sweep: Step is %v; expected 0 or more", s.Step)
	case s.Step == 0 && s.Factor <= 1:
		return fmt.Errorf("sweep: Factor is %v; expected more than 1", s.Factor)
	case s.Load.InFlight != 0:
		return errors.New("sweep: Load.InFlight is set; a sweep is of open loops")
	}
	return nil
}

// Run returns the reports of all steps; the last is the one that broke the
// limits, unless To came first. As each step ends, its line of a table is
// written to w.
func (s Sweep) Run(ctx context.Context, w io.Writer) ([]Report, error) {
	s = s.withDefaults()
	if err := s.validate(); err != nil {
		return nil, err
	}
	_, err := fmt.Fprintf(w, "%10s %10s %8s %9s %9s %9s %9s %9s\n",
		"target/s", "goodput/s", "loss %", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "lag p99")
	var reports []Report
	for rate := s.From; err == nil && ctx.Err() == nil && rate <= s.To; rate = s.next(rate) {
		var r Report
		s.Load.Rate = rate
		if r, err = s.Load.Run(ctx); err != nil {
			break
		}
		reports = append(reports, r)
		_, err = fmt.Fprintf(w, "%10.0f %10.0f %8.2f %9.3f %9.3f %9.3f %9.3f %9.3f\n", rate, r.Goodput,
			100*loss(r), r.Latency.P50, r.Latency.P99, r.Latency.P999, r.Latency.Max, r.Lag.P99)
		if broken := s.broken(r); broken != "" {
			_, err = fmt.Fprintf(w, "stopped: %s\n", broken)
			break
		}
	}
	return reports, err
}

func (s Sweep) next(rate float64) float64 {
	if s.Step > 0 {
		return rate + s.Step
	}
	return rate * s.Factor
}

// broken tells which limit a report is beyond.
func (s Sweep) broken(r Report) string {
	switch {
	case loss(r) > s.MaxLoss:
		return fmt.Sprintf("%.2f %% of the requests had no prediction; the limit is %.2f %%", 100*loss(r), 100*s.MaxLoss)
	case r.Latency.P99 > s.MaxP99 && r.Lag.P99 > r.Latency.P99/2:
		return fmt.Sprintf("the generator is the limit: half of the p99 of %.1f ms is its own lag", r.Latency.P99)
	case r.Latency.P99 > s.MaxP99:
		return fmt.Sprintf("p99 is %.1f ms; the limit is %.1f ms", r.Latency.P99, s.MaxP99)
	}
	return ""
}

// loss is the share of offered requests without a prediction.
func loss(r Report) float64 {
	if r.Offered == 0 {
		return 0
	}
	return float64(r.Offered-r.Predicted) / float64(r.Offered)
}
