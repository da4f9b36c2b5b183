package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"penstock/dashboard"
	"penstock/weights"
)

// checkCmd validates bundles, or everything that serve is told by flags,
// environment and config.
type checkCmd struct {
	Bundle []string `arg:"" optional:"" help:"Folders of bundles. Without, the flags and config of serve are checked." placeholder:"DIR"`

	serveCmd `embed:""`
}

// Run checks every hash, shape and golden row, and prints what is wrong.
func (c checkCmd) Run(command *kong.Context, s *settings) error {
	if c.PrintConfig {
		return c.print(os.Stdout, command, s)
	}
	if len(c.Bundle) == 0 {
		return c.checkServe()
	}
	bundles, err := openBundles(c.Bundle)
	if err != nil {
		return err
	}
	var problems error
	for _, b := range bundles {
		problems = errors.Join(problems, checkBundle(b))
	}
	return problems
}

// checkServe does all that serve does before it listens.
func (c checkCmd) checkServe() error {
	a, err := prepare(c.serveCmd, c.newLogger(os.Stderr), dashboard.Files())
	if err != nil {
		return err
	}
	defer a.close()
	for _, m := range a.models {
		s := m.Spec()
		fmt.Printf("%s version %s, engine %s: all right\n", s.Name, s.Version, s.Engine)
	}
	fmt.Println("flags and config: all right")
	return nil
}

func checkBundle(b *weights.Bundle) error {
	if err := b.Check(); err != nil {
		return err
	}
	s := b.Spec()
	fmt.Printf("%s: %s version %s, %s, %d features, %d outputs, engines %v (this build runs %v): all right\n",
		b.Name(), s.Name, s.Version, s.Task, s.Features, s.Outputs(), b.Engines(), b.Loadable())
	return nil
}
