// Penstock serves machine-learning models over live streams: clients keep
// WebSockets open and send rows of features, a bounded pool of workers runs
// them in batches across sockets, and a dashboard shows measured accuracy and
// latency every second.
//
// This file holds the command line and the signals; serve.go wires the rooms.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the linker in releases.
var version = "dev"

// commands is the command line.
type commands struct {
	Config configFlag `help:"YAML file: flags of serve by name, or in a map by the part before a dash; flags of another command below its name." placeholder:"FILE"`

	Serve   serveCmd   `cmd:"" default:"withargs" help:"Serve models. This is what penstock without a command does."`
	Demo    demoCmd    `cmd:"" help:"Stream held-out digits with late labels to a running server."`
	Load    loadCmd    `cmd:"" help:"Load a running server: find the highest rate at which it keeps its latency, or measure one rate."`
	Check   checkCmd   `cmd:"" help:"Validate bundles, or the flags and config of serve."`
	Health  healthCmd  `cmd:"" help:"Exit with 0 if a running server is ready, else with 1."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Stop(signals) // first, so that a second signal ends the process at once
		cancel()
	}()
	err := run(ctx, os.Args[1:])
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "penstock:", err)
		os.Exit(exitCode(err))
	}
}

// run parses a command line and carries it out until ctx ends.
func run(ctx context.Context, args []string) error {
	parser, err := newParser(new(commands))
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if err != nil {
		return fmt.Errorf("%w; see penstock --help", err)
	}
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// BeforeResolve refuses variables that set nothing.
func (*commands) BeforeResolve(app *kong.Kong) error {
	return checkEnvironment(app.Model, os.Environ())
}

// AfterApply refuses numbers beyond the limits of their flags.
func (*commands) AfterApply(ctx *kong.Context, s *settings) error { return checkLimits(ctx, s) }

func newParser(c *commands) (*kong.Kong, error) {
	s := newSettings()
	return kong.New(c,
		kong.Name("penstock"),
		kong.Description("Serves machine-learning models over live streams."),
		kong.DefaultEnvars("PENSTOCK"),
		kong.Resolvers(s),
		kong.Bind(s),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
}

type versionCmd struct{}

// Run implements kong's interface for commands.
func (versionCmd) Run() error {
	_, err := fmt.Printf("penstock %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
