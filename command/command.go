// Package command is the command line: flags, what the environment and a file
// set of them, the commands, and what the program exits with. It fills
// app.Options from the flags and starts the server; what it does not do is wire
// rooms, which is app's, and handle signals, which is main's.
package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/alecthomas/kong"
)

// commands is the command line.
type commands struct {
	Config configFlag `help:"YAML file: flags of serve by name, or in a map by the part before a dash; flags of another command below its name." placeholder:"FILE"`

	Serve     serveCmd     `cmd:"" default:"withargs" help:"Serve models. This is what penstock without a command does."`
	Demo      demoCmd      `cmd:"" help:"Stream labelled rows to a running server, held-out digits or those of a bundle, each label some time after its prediction."`
	Load      loadCmd      `cmd:"" help:"Load a running server: find the highest rate at which it keeps its latency, or measure one rate."`
	Check     checkCmd     `cmd:"" help:"Validate bundles, or the flags and config of serve."`
	Pack      packCmd      `cmd:"" help:"Make a bundle of a model file: manifest, hashes, golden rows."`
	Reference referenceCmd `cmd:"" help:"Make the reference of a bundle from a sample: what rows usually hold, and whether they still do."`
	Inspect   inspectCmd   `cmd:"" help:"Print what a model is, and how fast it is here."`
	Quality   qualityCmd   `cmd:"" help:"Export and import labelled predictions."`
	Health    healthCmd    `cmd:"" help:"Exit with 0 if a running server is ready, else with 1."`
	Token     tokenCmd     `cmd:"" help:"Make a token for development, or an API key."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// Run parses a command line, without the program's name, and carries it out until
// ctx ends, which is no error. Version is what the command of that name prints.
// What is wrong with a flag is told by the flag's name; ExitCode tells what a
// process exits with after an error.
func Run(ctx context.Context, args []string, version string) error {
	parser, err := newParser(new(commands))
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if err != nil {
		return fmt.Errorf("%w; see penstock --help", err)
	}
	command.BindTo(ctx, (*context.Context)(nil))
	command.Bind(release(version))
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

// release is the version of the program.
type release string

type versionCmd struct{}

// Run implements kong's interface for commands.
func (versionCmd) Run(version release) error {
	_, err := fmt.Printf("penstock %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
