package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"penstock/weights"
)

// checkCmd validates bundles.
type checkCmd struct {
	Bundle []string `arg:"" optional:"" help:"Folders of bundles; without, the embedded one." placeholder:"DIR"`
}

// Run checks every hash, shape and golden row, and prints what is wrong.
func (c checkCmd) Run() error {
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

func checkBundle(b *weights.Bundle) error {
	if err := b.Check(); err != nil {
		return err
	}
	s := b.Spec()
	fmt.Fprintf(os.Stdout, "%s: %s version %s, %s, %d features, %d outputs, engines %v (this build runs %v): all right\n",
		b.Name(), s.Name, s.Version, s.Task, s.Features, s.Outputs(), b.Engines(), b.Loadable())
	return nil
}

// healthCmd asks a running server whether it is ready: the health check of a
// container that has no other program.
type healthCmd struct {
	URL string `name:"url" default:"http://127.0.0.1:8080/readyz" help:"What to ask."`
}

// Run returns an error unless the server answers that it is ready.
func (c healthCmd) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", c.URL, resp.Status)
	}
	return nil
}
