package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"penstock/bench"
)

// loadCmd offers requests to a server.
type loadCmd struct {
	URL         string         `name:"url" default:"ws://127.0.0.1:8080" help:"Address of the server."`
	Connections int            `default:"8" atleast:"1" atmost:"1000000" help:"Sockets."`
	Rate        *float64       `above:"0" atmost:"1000000000" help:"Offer this many requests per second over all sockets, at random moments (open loop). Without, the highest rate that keeps --max-p99-ms is searched." placeholder:"N"`
	InFlight    *int           `atleast:"1" atmost:"1000000" help:"Closed loop instead: requests that each socket keeps in flight." placeholder:"N"`
	Duration    *time.Duration `above:"0s" help:"How long to measure. Default: 10s, or 3s for each rate that is tried." placeholder:"TIME"`
	Warmup      time.Duration  `default:"1s" atleast:"0s" help:"How long to offer the same load before."`
	Rows        int            `default:"1" atleast:"1" atmost:"1073741824" help:"Rows in a request."`
	Deadline    time.Duration  `atleast:"0s" help:"Deadline of each request. Default: none." placeholder:"TIME"`
	ForModel    string         `help:"Name of the model. Default: the server's default." placeholder:"NAME"`

	Sweep  bool    `help:"Double the rate, from --rate or 1000 on, until the server breaks a limit, and stop there."`
	MaxP99 float64 `name:"max-p99-ms" env:"PENSTOCK_MAX_P99_MS" default:"50" above:"0" help:"Limit of a search or a sweep: p99 latency in milliseconds."`
	To     float64 `default:"1000000" above:"0" atmost:"1000000000" help:"Limit of a search or a sweep: the rate."`
	JSON   bool    `name:"json" help:"Report as JSON."`

	Reach reachFlags `embed:""`
}

// reachFlags are how the commands that are clients come in at a server; see
// bench.Reach.
type reachFlags struct {
	TokenFile string `help:"File with a token to send with every connection. It is read again for each, and before the token expires. Default: none is sent." placeholder:"FILE"`
	CA        string `name:"ca" help:"PEM file of the authorities that may vouch for the server, with wss://. Default: those of the system." placeholder:"FILE"`
}

// Run prints what was measured: progress to stderr, the result to stdout.
func (c loadCmd) Run(ctx context.Context) error {
	if c.InFlight != nil && (c.Rate != nil || c.Sweep) {
		return errors.New("--in-flight is a closed loop, which has no rate: leave it out, or --rate and --sweep")
	}
	reach, err := bench.Reach(c.Reach).Options()
	if err != nil {
		return named(err)
	}
	load := bench.Load{URL: c.URL, Connections: c.Connections, Duration: 10 * time.Second, Warmup: c.Warmup,
		Rows: c.Rows, Deadline: c.Deadline, Model: c.ForModel, Client: reach}
	tries := c.Sweep || c.Rate == nil && c.InFlight == nil
	if tries {
		load.Duration = 3 * time.Second
	}
	if c.Duration != nil {
		load.Duration = *c.Duration
	}
	if !tries || load.Duration > 5*time.Second { // else the table is progress enough
		load.Progress = os.Stderr
	}
	switch {
	case c.Sweep:
		return named(c.sweep(ctx, load))
	case tries:
		return named(c.search(ctx, load))
	case c.InFlight != nil:
		load.InFlight = *c.InFlight
	default:
		load.Rate = *c.Rate
	}
	return named(c.once(ctx, load))
}

func (c loadCmd) once(ctx context.Context, load bench.Load) error {
	report, err := load.Run(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(report)
	} else {
		err = report.WriteText(os.Stdout)
	}
	return errors.Join(err, report.Failure())
}

func (c loadCmd) search(ctx context.Context, load bench.Load) error {
	found, err := bench.Search{Load: load, To: c.To, From: min(1000, c.To), MaxP99: c.MaxP99}.Run(ctx, os.Stderr)
	switch {
	case c.JSON && len(found.Trials) > 0:
		return errors.Join(printJSON(found), err)
	case err == nil:
		_, err = fmt.Println(found)
	}
	return err
}

func (c loadCmd) sweep(ctx context.Context, load bench.Load) error {
	sweep := bench.Sweep{Load: load, To: c.To, MaxP99: c.MaxP99}
	if c.Rate != nil {
		sweep.From = *c.Rate
	}
	reports, err := sweep.Run(ctx, os.Stderr)
	if c.JSON && len(reports) > 0 {
		return errors.Join(printJSON(reports), err)
	}
	return err
}

func printJSON(measured any) error {
	if err := json.NewEncoder(os.Stdout).Encode(measured); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// named tells of an option of package bench by the name of its flag.
func named(err error) error {
	option, ok := errors.AsType[*bench.OptionError](err)
	if !ok {
		return err
	}
	return fmt.Errorf("%s %s", flagOf(option.Option), option.Problem)
}

// flagOf is the flag of load or demo that sets an option.
func flagOf(option string) string {
	switch option {
	case "URL":
		return "--url"
	case "CA":
		return "--ca"
	case "Model":
		return "--for-model"
	case "From":
		return "--rate"
	case "MaxP99":
		return "--max-p99-ms"
	}
	var flag strings.Builder
	for _, r := range option {
		if r >= 'A' && r <= 'Z' {
			flag.WriteByte('-')
			r += 'a' - 'A'
		}
		flag.WriteRune(r)
	}
	return "-" + flag.String()
}
