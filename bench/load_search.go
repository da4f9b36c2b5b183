package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
)

// Search finds the highest rate at which a server keeps its latency: it doubles the
// rate until a limit breaks, and then halves the gap between the highest rate that
// held and the lowest that broke.
type Search struct {
	// Load is run at each rate for its Duration; its own Rate is not used.
	Load Load
	// From is the first rate. Default: 1,000 requests per second.
	From float64
	// To is the highest rate that is tried. Default: a million.
	To float64
	// MaxP99 is the p99 latency in milliseconds that is to be kept. Default: 50.
	MaxP99 float64
	// MaxLoss is the share of offered requests, 0 to 1, that may stay without a
	// prediction. Default: 0.01.
	MaxLoss float64
	// Retries is how often a rate at which a limit broke is tried again, since
	// machines have hiccups: it counts as kept when it is kept once. Default: 2.
	Retries int
	// Precision ends the search when the lowest rate that broke is no more than
	// this share above the highest that held. Default: 0.05.
	Precision float64

	offer func(context.Context, Load) (Report, error) // Load.Run, but in tests
}

// SearchReport is what a Search found.
type SearchReport struct {
	// Best is the report of the highest rate that held.
	Best Report `json:"best"`
	// LimitedBy says what broke above it; empty when Search.To was kept.
	LimitedBy string `json:"limited_by"`
	// BrokenAt is the lowest rate that broke; 0 when Search.To was kept.
	BrokenAt float64 `json:"broken_at,omitempty"`
	// Trials are the reports of all that was tried, in order.
	Trials []Report `json:"trials"`
	MaxP99 float64  `json:"max_p99_ms"`
}

func (s Search) withDefaults() Search {
	set := func(f *float64, value float64) {
		if *f == 0 {
			*f = value
		}
	}
	set(&s.From, 1000)
	set(&s.To, 1e6)
	set(&s.MaxP99, 50)
	set(&s.MaxLoss, 0.01)
	set(&s.Precision, 0.05)
	if s.Retries == 0 {
		s.Retries = 2
	}
	if s.offer == nil {
		s.offer = func(ctx context.Context, l Load) (Report, error) { return l.Run(ctx) }
	}
	return s
}

func (s Search) validate() error {
	switch {
	case !(s.From > 0):
		return wrong("From", "is %v; expected more than 0", s.From)
	case !(s.To >= s.From && s.To <= 1e9):
		return wrong("To", "is %v; expected at least the first rate, %v, and at most 1e9", s.To, s.From)
	case s.Retries < 0:
		return wrong("Retries", "is %d; expected at least 0", s.Retries)
	case !(s.Precision > 0 && s.Precision < 1):
		return wrong("Precision", "is %v; expected more than 0 and less than 1", s.Precision)
	}
	return limits{s.MaxP99, s.MaxLoss}.validate(s.Load)
}

// slowest is the rate at which a search gives up.
const slowest = 1

// Run searches. As each trial ends, its line of a table is written to w.
func (s Search) Run(ctx context.Context, w io.Writer) (SearchReport, error) {
	s = s.withDefaults()
	if err := s.validate(); err != nil {
		return SearchReport{}, err
	}
	found := SearchReport{MaxP99: s.MaxP99, Trials: []Report{}}
	held, broke := 0.0, math.Inf(1) // the highest that held, the lowest that broke
	for rate := s.From; ; rate = s.next(held, broke) {
		reason, err := s.try(ctx, w, rate, &found)
		switch {
		case err != nil:
			return found, err
		case reason == "":
			held = rate
		default:
			broke, found.LimitedBy, found.BrokenAt = rate, reason, rate
		}
		switch {
		case held == 0 && broke <= slowest:
			return found, fmt.Errorf("not even %v request a second was kept: %s", slowest, found.LimitedBy)
		case held > 0 && (held >= s.To || broke <= held*(1+s.Precision)):
			return found, nil
		}
	}
}

// next is the rate to try after the highest that held and the lowest that broke.
func (s Search) next(held, broke float64) float64 {
	switch {
	case held == 0:
		return max(broke/2, slowest)
	case math.IsInf(broke, 1):
		return min(held*2, s.To)
	}
	return math.Sqrt(held * broke)
}

// try offers a rate, and again when a limit breaks, and tells which broke each time.
func (s Search) try(ctx context.Context, w io.Writer, rate float64, found *SearchReport) (reason string, err error) {
	s.Load.Rate = rate
	for again := 0; ; again++ {
		r, err := s.offer(ctx, s.Load)
		if ctx.Err() != nil {
			return "", errors.New("the search was cut short")
		}
		if err != nil {
			return "", err
		}
		if len(found.Trials) == 0 {
			if _, err := io.WriteString(w, tableHead); err != nil {
				return "", err
			}
		}
		found.Trials = append(found.Trials, r)
		reason = limits{s.MaxP99, s.MaxLoss}.broken(r)
		verdict := reason
		switch {
		case reason == "":
			found.Best = r
			verdict = "kept"
		case again < s.Retries:
			verdict += "; once more"
		}
		if _, err := fmt.Fprintf(w, "%s  %s\n", tableLine(r), verdict); err != nil {
			return "", err
		}
		if r.Offered > 0 && r.Predicted == 0 && r.Shed+sum(r.Unsent)+r.Unanswered == 0 {
			return "", errors.New(reason) // a slower rate would not help
		}
		if reason == "" || again >= s.Retries {
			return reason, nil
		}
	}
}

// String is the summary: one line.
func (r SearchReport) String() string {
	b := r.Best
	line := fmt.Sprintf("highest rate: %.0f requests/s (%.0f rows/s) with p99 %.1f ms, at most %g, and %.2f %% lost, on %d connections",
		b.TargetRate, b.RowsPerSecond, b.Latency.P99, r.MaxP99, 100*loss(b), b.Connections)
	if r.LimitedBy == "" {
		return line + "; no higher rate was tried"
	}
	return line + fmt.Sprintf("; at %.0f: %s", r.BrokenAt, r.LimitedBy)
}
