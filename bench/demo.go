package bench

import (
	"context"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"penstock/client"
	"penstock/protocol"
)

// Demo streams labelled rows to a server and sends each label some time after
// its prediction, as the world does. It counts by itself how many predictions
// were right.
type Demo struct {
	// URL is the server's address, such as ws://127.0.0.1:8080.
	URL string
	// Rows are what is streamed, in random order. Required.
	Rows Labelled
	// Connections is the number of sockets. Default: 4.
	Connections int
	// Rate is the rows per second over all sockets together. Default: 200.
	Rate float64
	// Duration is how long to send rows. Default: until the context ends.
	Duration time.Duration
	// A label follows its prediction after a delay drawn evenly between
	// LabelDelayMin and LabelDelayMax. Default: 0.5 s and 5 s. Labels that wait
	// cost a goroutine each.
	LabelDelayMin, LabelDelayMax time.Duration
	// Model is the model's name. Default: the server's default.
	Model string
	// Seed makes the order and the delays repeatable. Default: drawn at random.
	Seed uint64
	// Client tunes the connections.
	Client client.Options
	// Progress gets one line a second. Default: none.
	Progress io.Writer
}

func (d Demo) withDefaults() Demo {
	if d.Connections == 0 {
		d.Connections = 4
	}
	if d.Rate == 0 {
		d.Rate = 200
	}
	if d.LabelDelayMin == 0 && d.LabelDelayMax == 0 {
		d.LabelDelayMin, d.LabelDelayMax = 500*time.Millisecond, 5*time.Second
	}
	if d.Seed == 0 {
		d.Seed = rand.Uint64()
	}
	if d.Progress == nil {
		d.Progress = io.Discard
	}
	return d
}

func (d Demo) validate() error {
	switch {
	case d.URL == "":
		return wrong("URL", "is empty; expected an address such as ws://127.0.0.1:8080")
	case d.Rows == nil || d.Rows.Len() == 0:
		return wrong("Rows", "has nothing to stream")
	case d.Connections < 1:
		return wrong("Connections", "is %d; expected at least 1", d.Connections)
	case !(d.Rate > 0):
		return wrong("Rate", "is %v; expected more than 0 rows per second", d.Rate)
	case d.Duration < 0:
		return wrong("Duration", "is %v; expected 0 (until stopped) or more", d.Duration)
	case d.LabelDelayMin < 0:
		return wrong("LabelDelayMin", "is %v; expected none below zero", d.LabelDelayMin)
	case d.LabelDelayMax < d.LabelDelayMin:
		return wrong("LabelDelayMax", "is %v; expected at least the shortest delay, %v", d.LabelDelayMax, d.LabelDelayMin)
	}
	return nil
}

// Run streams for Duration, waits for the labels that are outstanding, and
// reports. When ctx ends it stops at once, and labels not sent are left out.
func (d Demo) Run(ctx context.Context) (DemoReport, error) {
	d = d.withDefaults()
	if err := d.validate(); err != nil {
		return DemoReport{}, err
	}
	clients, err := dialAll(ctx, d.URL, d.Connections, d.Client)
	if err != nil {
		return DemoReport{}, err
	}
	defer closeAll(clients)
	model, err := d.model(clients[0].Hello())
	if err != nil {
		return DemoReport{}, err
	}

	run := &demoRun{demo: &d, model: model, errors: map[string]uint64{}, order: rand.New(rand.NewPCG(d.Seed, 0)).Perm(d.Rows.Len())}
	// One goroutine prints, one per socket sends, and one per prediction waits
	// to label it. This function waits for the senders, the senders for their
	// labels.
	printing, stop := context.WithCancel(ctx)
	var printer sync.WaitGroup
	printer.Go(func() { run.print(printing) })
	defer printer.Wait()
	defer stop()

	var senders sync.WaitGroup
	for i, c := range clients {
		senders.Go(func() { run.stream(ctx, c, rand.New(rand.NewPCG(d.Seed, uint64(i)+1))) })
	}
	senders.Wait()
	return run.report(), nil
}

// model finds the model that is asked, and sees that the rows are for it.
func (d *Demo) model(hello *protocol.Hello) (protocol.HelloItem, error) {
	for _, m := range hello.Models {
		if d.Model == "" || m.Name == d.Model {
			return m, d.Rows.Fits(m)
		}
	}
	return protocol.HelloItem{}, wrong("Model", "%q is not served; the server has %s", d.Model, strings.Join(modelNames(hello), ", "))
}
