package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"penstock/bench"
)

// loadCmd offers requests to a server.
type loadCmd struct {
	URL         string        `name:"url" default:"ws://127.0.0.1:8080" help:"Address of the server."`
	Connections int           `default:"8" help:"Sockets."`
	Rate        float64       `default:"1000" help:"Requests per second over all sockets, at random moments (open loop)."`
	InFlight    int           `help:"Closed loop instead: requests that each socket keeps in flight." placeholder:"N"`
	Duration    time.Duration `default:"10s" help:"How long to measure, or each step of a sweep."`
	Warmup      time.Duration `default:"1s" help:"How long to offer the same load before."`
	Rows        int           `default:"1" help:"Rows in a request."`
	Deadline    time.Duration `help:"Deadline of each request. Default: none." placeholder:"TIME"`
	ForModel    string        `help:"Name of the model. Default: the server's default." placeholder:"NAME"`

	Sweep  bool    `help:"Double the rate, from --rate on, until the server breaks a limit."`
	MaxP99 float64 `name:"max-p99-ms" env:"PENSTOCK_MAX_P99_MS" default:"50" help:"Limit of a sweep: p99 latency in milliseconds."`
	To     float64 `default:"1000000" help:"Limit of a sweep: the rate."`
	JSON   bool    `name:"json" help:"Report as JSON."`
}

// Run prints what was measured.
func (c loadCmd) Run(ctx context.Context) error {
	load := bench.Load{
		URL: c.URL, Connections: c.Connections, Rate: c.Rate, InFlight: c.InFlight,
		Duration: c.Duration, Warmup: c.Warmup, Rows: c.Rows, Deadline: c.Deadline, Model: c.ForModel,
	}
	if c.InFlight > 0 {
		load.Rate = 0
	}
	if c.Sweep {
		load.Rate = 0
		reports, err := bench.Sweep{Load: load, From: c.Rate, To: c.To, MaxP99: c.MaxP99}.Run(ctx, os.Stderr)
		if c.JSON {
			return printJSON(reports, err)
		}
		return err
	}
	report, err := load.Run(ctx)
	if c.JSON {
		return printJSON(report, err)
	}
	if err != nil {
		return err
	}
	return report.WriteText(os.Stdout)
}

// printJSON prints what was measured, also when it ended in an error.
func printJSON(measured any, err error) error {
	if e := json.NewEncoder(os.Stdout).Encode(measured); e != nil {
		return fmt.Errorf("report: %w", e)
	}
	return err
}
