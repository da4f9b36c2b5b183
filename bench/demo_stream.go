package bench

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"penstock/client"
)

// demoRun is one run of a Demo.
type demoRun struct {
	demo    *Demo
	classes []string

	mu        sync.Mutex
	predicted uint64
	labelled  uint64
	correct   uint64
	disagreed uint64
	errors    map[string]uint64
}

// stream sends rows on one socket and returns when their labels are out.
func (r *demoRun) stream(ctx context.Context, c *client.Client, random *rand.Rand) {
	d := r.demo
	var labels sync.WaitGroup
	defer labels.Wait()
	order := random.Perm(d.Rows.Len())
	start := time.Now()
	var due time.Duration
	for n := 0; ; n++ {
		due += time.Duration(random.ExpFloat64() * float64(d.Connections) / d.Rate * float64(time.Second))
		if d.Duration > 0 && due >= d.Duration || !pause(ctx, due-time.Since(start)) {
			return
		}
		row := order[n%len(order)]
		delay := d.LabelDelayMin + time.Duration(random.Int64N(int64(d.LabelDelayMax-d.LabelDelayMin)+1))
		labels.Add(1)
		request := client.Request{Features: scaled(d.Rows.Row(row)), Model: d.Model}
		_, err := c.Submit(ctx, request, func(p client.Prediction, err error) {
			if err != nil {
				r.failed(err)
				labels.Done()
				return
			}
			r.count(func() { r.predicted++ })
			go func() { // stream waits for it through labels
				defer labels.Done()
				r.label(ctx, c, p, r.classes[d.Rows.Label(row)], delay)
			}()
		})
		if err != nil {
			labels.Done()
			if ctx.Err() == nil {
				r.failed(err)
			}
		}
	}
}

// scaled turns bytes into features in [0,1].
func scaled(row []byte) []float32 {
	features := make([]float32, len(row))
	for i, b := range row {
		features[i] = float32(b) / 255
	}
	return features
}

// label waits, tells the server the truth, and counts it if the server did.
func (r *demoRun) label(ctx context.Context, c *client.Client, p client.Prediction, truth string, delay time.Duration) {
	if !pause(ctx, delay) {
		return
	}
	told, err := c.Feedback(ctx, p.ID, client.Class(truth))
	if err != nil {
		if ctx.Err() == nil {
			r.failed(err)
		}
		return
	}
	right := p.Label == truth
	r.count(func() {
		r.labelled++
		if right {
			r.correct++
		}
		if len(told) != 1 || told[0] != right {
			r.disagreed++
		}
	})
}

func (r *demoRun) count(update func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	update()
}

func (r *demoRun) failed(err error) { r.count(func() { r.errors[codeOf(err)]++ }) }
