package bench

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"penstock/client"
)

// Load offers requests to a server and reports what became of them: at Rate,
// open loop, or, with InFlight, as fast as replies come back.
type Load struct {
	// URL is the server's address, such as ws://127.0.0.1:8080.
	URL string
	// Connections is the number of sockets. Default: 8.
	Connections int
	// Rate is the requests per second over all sockets together, open loop.
	Rate float64
	// InFlight, when above zero, chooses the closed loop: each socket always
	// has that many requests in flight, and Rate must be zero. It finds the
	// greatest throughput; its latencies say nothing of a server under a given
	// load, since a slow server is asked less.
	InFlight int
	// Duration is how long to measure. Default: 10 s.
	Duration time.Duration
	// Warmup is how long to offer the same load before, unmeasured. Default:
	// none.
	Warmup time.Duration
	// Drain is how long to wait at the end for outstanding replies. Default:
	// 5 s.
	Drain time.Duration
	// Rows is the number of rows in a request. Default: 1.
	Rows int
	// Features are the rows to draw from. Default: 256 rows of random numbers
	// in [0,1), as wide as the model.
	Features [][]float32
	// Model is the model's name. Default: the server's default.
	Model string
	// Deadline, when above zero, is sent with every request, and a prediction
	// that comes later does not count as goodput. Default: none.
	Deadline time.Duration
	// Seed makes the arrivals and the choice of rows repeatable. Default: 1.
	Seed uint64
	// Client tunes the connections. The load sets what says whether requests
	// wait: an open loop never does.
	Client client.Options
	// Progress gets one line a second. Default: none.
	Progress io.Writer
}

func (l Load) withDefaults() Load {
	if l.Connections == 0 {
		l.Connections = 8
	}
	if l.Duration == 0 {
		l.Duration = 10 * time.Second
	}
	if l.Drain == 0 {
		l.Drain = 5 * time.Second
	}
	if l.Rows == 0 {
		l.Rows = 1
	}
	if l.Seed == 0 {
		l.Seed = 1
	}
	return l
}

func (l Load) validate() error {
	switch {
	case l.URL == "":
		return wrong("URL", "is empty; expected an address such as ws://127.0.0.1:8080")
	case l.Connections < 1:
		return wrong("Connections", "is %d; expected at least 1", l.Connections)
	case l.InFlight < 0:
		return wrong("InFlight", "is %d; expected 0 (open loop) or more", l.InFlight)
	case l.InFlight == 0 && !(l.Rate > 0 && l.Rate <= 1e9):
		return wrong("Rate", "is %v; expected more than 0 and at most 1e9 requests per second, or a closed loop", l.Rate)
	case l.InFlight > 0 && l.Rate != 0:
		return wrong("Rate", "is %v beside a closed loop, which has none", l.Rate)
	case l.Rows < 1:
		return wrong("Rows", "is %d; expected at least 1", l.Rows)
	}
	for option, d := range map[string]time.Duration{"Duration": l.Duration, "Warmup": l.Warmup, "Drain": l.Drain, "Deadline": l.Deadline} {
		if d < 0 {
			return wrong(option, "is %v; expected none below zero", d)
		}
	}
	return nil
}

// Run offers the load and returns when it is over, or when ctx ends, with the
// report of what was measured until then. Everything that it starts has ended
// when it returns.
func (l Load) Run(ctx context.Context) (Report, error) {
	l = l.withDefaults()
	if err := l.validate(); err != nil {
		return Report{}, err
	}
	l.Client.FailWhenFull, l.Client.FailWhenDown = l.InFlight == 0, true
	clients, err := dialAll(ctx, l.URL, l.Connections, l.Client)
	if err != nil {
		return Report{}, err
	}
	defer closeAll(clients)
	requests, err := l.requests(clients[0].Hello())
	if err != nil {
		return Report{}, err
	}
	run := newLoadRun(&l, clients, requests)
	defer run.tell()()
	if l.InFlight > 0 {
		run.closedLoop(ctx)
	} else if err := run.openLoop(ctx); err != nil {
		return Report{}, err
	}
	stopped := time.Since(run.start)
	run.await(ctx, l.Drain)
	return run.report(stopped), nil
}

// dialAll opens n connections, all or none.
func dialAll(ctx context.Context, url string, n int, o client.Options) ([]*client.Client, error) {
	clients := make([]*client.Client, 0, n)
	for range n {
		c, err := client.Dial(ctx, url, o)
		if err != nil {
			closeAll(clients)
			return nil, fmt.Errorf("connection %d of %d: %w", len(clients)+1, n, err)
		}
		clients = append(clients, c)
	}
	return clients, nil
}

func closeAll(clients []*client.Client) {
	var closing sync.WaitGroup
	for _, c := range clients {
		closing.Go(func() { _ = c.Close() })
	}
	closing.Wait()
}
