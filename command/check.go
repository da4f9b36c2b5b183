package command

import (
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"penstock/app"
	"penstock/model"
	"penstock/weights"
)

// checkCmd validates bundles, or everything that serve is told by flags,
// environment and config.
type checkCmd struct {
	Bundle []string `arg:"" optional:"" help:"Bundles or model files. Without, the flags and config of serve are checked." placeholder:"PATH"`

	serveCmd `embed:""`
}

// Run checks every hash, shape and golden row, and prints what is wrong, or what
// could not be checked.
func (c checkCmd) Run(command *kong.Context, s *settings) error {
	if c.PrintConfig {
		return c.printConfig(os.Stdout, command, s)
	}
	if len(c.Bundle) == 0 {
		return c.checkServe()
	}
	bundles, err := c.Files.at(c.Bundle).Open(c.newLogger(os.Stderr))
	if err != nil {
		return err
	}
	var problems error
	var left notChecked
	for _, b := range bundles {
		problems = errors.Join(problems, c.checkBundle(b, &left))
	}
	return left.unless(problems)
}

// checkServe does all that serve does before it listens.
func (c checkCmd) checkServe() error {
	options, err := c.options()
	if err != nil {
		return err
	}
	a, err := app.Prepare(options)
	if err != nil {
		return err
	}
	defer a.Close()
	var left notChecked
	for _, m := range a.Models() {
		s := m.Spec()
		fmt.Printf("%s version %s, engine %s: all right\n", s.Name, s.Version, s.Engine)
		caution(s, c.MaxMessageBytes)
		if m.GoldenRows == 0 {
			left.add(s.Name + ": its scores were not, since the bundle has no golden rows")
		}
	}
	fmt.Println("flags and config: all right")
	return left.unless(nil)
}

// checkBundle tells what it finds of one bundle, and adds to left what is not
// known of it: whether this build can serve it, and with the right scores.
func (c checkCmd) checkBundle(b *weights.Bundle, left *notChecked) error {
	s := b.Spec()
	if err := errors.Join(b.Check(), app.RowFits(s, c.MaxMessageBytes)); err != nil {
		return err
	}
	verdict := "all right"
	if unproven := b.Unproven(); unproven != "" {
		verdict = "NOT CHECKED: " + unproven
		left.add(b.Name() + ": " + unproven)
	}
	fmt.Printf("%s: %s version %s, %s, %d features, %d scores, engines %v (this build runs %v): %s\n",
		b.Name(), s.Name, s.Version, s.First().Kind, s.Features, s.Width(), b.Engines(), b.Loadable(), verdict)
	for _, engine := range b.Unrun() {
		fmt.Printf("%s: engine %s was not run: its file was compared with its hash alone, if it has one\n", b.Name(), engine)
	}
	caution(s, c.MaxMessageBytes)
	return nil
}

// caution prints what to know of a model that is all right.
func caution(s model.Spec, maxMessageBytes int) {
	for _, text := range app.Cautions(s, maxMessageBytes) {
		fmt.Printf("%s: note: %s\n", s.Name, text)
	}
}
