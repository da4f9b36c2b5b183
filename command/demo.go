package command

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"penstock/app"
	"penstock/bench"
	"penstock/weights"
)

// demoCmd streams labelled rows that the model was not trained on: the digits of the
// embedded model, or those of a bundle.
type demoCmd struct {
	URL           string        `name:"url" default:"ws://127.0.0.1:8080" help:"Address of the server."`
	Connections   int           `default:"4" atleast:"1" atmost:"1000000" help:"Sockets."`
	Rate          float64       `default:"200" above:"0" atmost:"1000000000" help:"Rows per second over all sockets."`
	Duration      time.Duration `atleast:"0s" help:"How long; 0, the default, is until interrupted." placeholder:"TIME"`
	LabelDelayMin time.Duration `default:"500ms" atleast:"0s" help:"Shortest delay of a label."`
	LabelDelayMax time.Duration `default:"5s" above:"0s" help:"Longest delay of a label."`
	ForModel      string        `help:"Name of the model. Default: that of --bundle, or the server's default." placeholder:"NAME"`
	Bundle        string        `help:"Folder of a bundle with labelled rows, heldout.csv, to stream in place of digits: its columns by name, and last the field label." placeholder:"DIR"`

	Reach reachFlags `embed:""`
}

// Run streams until the duration is over or ctx ends, and prints what it
// counted itself.
func (c demoCmd) Run(ctx context.Context) error {
	reach, err := bench.Reach(c.Reach).Options()
	if err != nil {
		return named(err)
	}
	rows, err := c.rows()
	if err != nil {
		return err
	}
	report, err := bench.Demo{
		URL: c.URL, Rows: rows, Connections: c.Connections, Rate: c.Rate, Duration: c.Duration,
		LabelDelayMin: c.LabelDelayMin, LabelDelayMax: c.LabelDelayMax, Model: cmp.Or(c.ForModel, modelName(rows)), Client: reach,
		Progress: os.Stderr,
	}.Run(ctx)
	if report.Predictions > 0 {
		fmt.Println(report)
	}
	return named(err)
}

// rows are those that are streamed.
func (c demoCmd) rows() (bench.Labelled, error) {
	if c.Bundle == "" {
		rows, err := weights.HeldOut()
		return bench.Digits{Rows: rows}, err
	}
	bundles, err := app.ModelFiles{Models: []string{c.Bundle}}.Open(nil)
	if err != nil {
		return nil, err
	}
	table, err := bundles[0].HeldOut()
	return bench.Table{Table: table}, err
}

// modelName is of the model that the rows are for, or "" for the server's default.
func modelName(rows bench.Labelled) string {
	if t, ok := rows.(bench.Table); ok {
		return t.Spec.Name
	}
	return ""
}
