package command

import (
	"context"
	"fmt"
	"os"
	"time"

	"penstock/bench"
	"penstock/client"
	"penstock/weights"
)

// demoCmd streams the digits that the embedded model was not trained on.
type demoCmd struct {
	URL           string        `name:"url" default:"ws://127.0.0.1:8080" help:"Address of the server."`
	Connections   int           `default:"4" atleast:"1" atmost:"1000000" help:"Sockets."`
	Rate          float64       `default:"200" above:"0" atmost:"1000000000" help:"Digits per second over all sockets."`
	Duration      time.Duration `atleast:"0s" help:"How long; 0, the default, is until interrupted." placeholder:"TIME"`
	LabelDelayMin time.Duration `default:"500ms" atleast:"0s" help:"Shortest delay of a label."`
	LabelDelayMax time.Duration `default:"5s" above:"0s" help:"Longest delay of a label."`
	ForModel      string        `help:"Name of the model. Default: the server's default." placeholder:"NAME"`

	authorityFlag `embed:""`
}

// Run streams until the duration is over or ctx ends, and prints what it
// counted itself.
func (c demoCmd) Run(ctx context.Context) error {
	rows, err := weights.HeldOut()
	if err != nil {
		return err
	}
	config, err := c.config()
	if err != nil {
		return err
	}
	report, err := bench.Demo{
		URL: c.URL, Rows: rows, Connections: c.Connections, Rate: c.Rate, Duration: c.Duration,
		LabelDelayMin: c.LabelDelayMin, LabelDelayMax: c.LabelDelayMax, Model: c.ForModel,
		Client: client.Options{TLS: config}, Progress: os.Stderr,
	}.Run(ctx)
	if report.Predictions > 0 {
		fmt.Println(report)
	}
	return named(err)
}
