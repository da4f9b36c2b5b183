package bench

import (
	"context"
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
	case !(s.From > 0):
		return wrong("From", "is %v; expected more than 0", s.From)
	case !(s.To >= s.From):
		return wrong("To", "is %v; expected at least the first rate, %v", s.To, s.From)
	case !(s.Step >= 0):
		return wrong("Step", "is %v; expected 0 or more", s.Step)
	case s.Step == 0 && !(s.Factor > 1):
		return wrong("Factor", "is %v; expected more than 1", s.Factor)
	}
	return s.limits().validate(s.Load)
}

func (s Sweep) limits() limits { return limits{s.MaxP99, s.MaxLoss} }

// Run returns the reports of all steps; the last is the one that broke the
// limits, unless To came first. As each step ends, its line of a table is
// written to w.
func (s Sweep) Run(ctx context.Context, w io.Writer) ([]Report, error) {
	s = s.withDefaults()
	if err := s.validate(); err != nil {
		return nil, err
	}
	var reports []Report
	var err error
	for rate := s.From; err == nil && ctx.Err() == nil && rate <= s.To; rate = s.next(rate) {
		var r Report
		s.Load.Rate = rate
		if r, err = s.Load.Run(ctx); err != nil {
			break
		}
		if len(reports) == 0 {
			_, _ = io.WriteString(w, tableHead) // as the line below
		}
		reports = append(reports, r)
		if _, err = fmt.Fprintln(w, tableLine(r)); err != nil {
			break
		}
		if broken := s.limits().broken(r); broken != "" {
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
