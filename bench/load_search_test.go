package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penstock/inference"
	"penstock/model/modeltest"
)

// rated stands for a server that keeps its latency up to a rate.
func rated(capacity float64, hiccup func() bool) func(context.Context, Load) (Report, error) {
	return func(_ context.Context, l Load) (Report, error) {
		r := Report{Mode: "open", TargetRate: l.Rate, Offered: 1000, Predicted: 1000, Goodput: l.Rate, RowsPerSecond: l.Rate, Connections: 8}
		r.Latency = Percentiles{Count: 1000, P50: 1, P99: 2, Max: 3}
		if l.Rate > capacity || hiccup() {
			r.Latency.P99 = 500
		}
		return r, nil
	}
}

func TestSearchFindsTheHighestRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.Float64Range(1, 900_000).Draw(t, "capacity")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		inARow := 0 // a hiccup is one that passes
		s := Search{offer: rated(capacity, func() bool {
			if inARow < 2 && random.IntN(3) == 0 {
				inARow++
				return true
			}
			inARow = 0
			return false
		})}
		found, err := s.Run(t.Context(), new(bytes.Buffer))
		if err != nil {
			t.Fatal(err)
		}
		if rate := found.Best.TargetRate; rate > capacity || rate < capacity/1.05 {
			t.Errorf("found %v of %v", rate, capacity)
		}
		if found.BrokenAt <= capacity || !strings.Contains(found.LimitedBy, "p99 is 500.0 ms") {
			t.Errorf("limited at %v by %q", found.BrokenAt, found.LimitedBy)
		}
		if line := found.String(); strings.Contains(line, "\n") || !strings.Contains(line, fmt.Sprintf("highest rate: %.0f requests/s", found.Best.TargetRate)) {
			t.Errorf("summary %q", line)
		}
	})
}

func TestSearchEnds(t *testing.T) {
	never := func() bool { return false }
	found, err := Search{To: 5000, offer: rated(1e9, never)}.Run(t.Context(), new(bytes.Buffer))
	if err != nil || found.Best.TargetRate != 5000 || found.LimitedBy != "" || !strings.Contains(found.String(), "no higher rate was tried") {
		t.Errorf("at its highest: %+v, %v", found, err)
	}
	if found, err = (Search{offer: rated(0.5, never)}).Run(t.Context(), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "not even 1 request") {
		t.Errorf("at its lowest: %+v, %v", found, err)
	}
	refuses := func(context.Context, Load) (Report, error) {
		return Report{Offered: 10, Errors: map[string]uint64{"too_large": 10}}, nil
	}
	if found, err = (Search{offer: refuses}).Run(t.Context(), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "too_large 10") || len(found.Trials) != 1 {
		t.Errorf("where all is refused: %+v, %v", found, err)
	}
	broken := errors.New("broken")
	fails := func(context.Context, Load) (Report, error) { return Report{}, broken }
	if _, err = (Search{offer: fails}).Run(t.Context(), new(bytes.Buffer)); !errors.Is(err, broken) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cut := func(context.Context, Load) (Report, error) { cancel(); return Report{}, ctx.Err() }
	if _, err = (Search{offer: cut}).Run(ctx, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "cut short") {
		t.Error(err)
	}
	for option, s := range map[string]Search{
		"From": {From: -1}, "To": {From: 10, To: 1}, "MaxP99": {MaxP99: -1}, "Retries": {Retries: -1},
		"Precision": {Precision: 2}, "InFlight": {Load: Load{InFlight: 1}}, "MaxLoss": {MaxLoss: -1},
	} {
		if wrong, ok := errors.AsType[*OptionError](func() error { _, err := s.Run(t.Context(), new(bytes.Buffer)); return err }()); !ok || wrong.Option != option {
			t.Errorf("%s: %v", option, wrong)
		}
	}
}

// TestLoadThatTheServerForbids is refused before it is offered.
func TestLoadThatTheServerForbids(t *testing.T) {
	oracle := &modeltest.Oracle{Features: 3000, Classes: 4}
	reach := serve(t, oracle, inference.Options{Window: 512})
	for _, c := range []struct {
		load   Load
		option string
		want   string
	}{
		{Load{Rows: 513}, "Rows", "at most 512 rows"},
		{Load{Rows: 300}, "Rows", "at most 1048576 in a message"},
		{Load{Model: "another"}, "Model", "is not served; the server has oracle"},
	} {
		c.load.URL, c.load.Rate, c.load.Connections, c.load.Client = address, 10, 1, reach
		_, err := c.load.Run(t.Context())
		wrong, ok := errors.AsType[*OptionError](err)
		if !ok || wrong.Option != c.option || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %s, %s", err, c.option, c.want)
		}
	}
}

// TestLoadTellsItsProgress while it runs.
func TestLoadTellsItsProgress(t *testing.T) {
	oracle := &modeltest.Oracle{Features: 3, Classes: 4}
	reach := serve(t, oracle, inference.Options{})
	var told bytes.Buffer
	r, err := Load{URL: address, Rate: 100, Connections: 1, Duration: 1100 * time.Millisecond,
		Features: oracleRows(oracle, 10), Client: reach, Progress: &told}.Run(t.Context())
	if err != nil || r.Failure() != nil || !strings.Contains(told.String(), "1 s of 1: ") {
		t.Errorf("%v, %v, told %q", err, r.Failure(), &told)
	}
}
