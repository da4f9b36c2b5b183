package bench

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"penstock/client"
	"penstock/protocol"
)

// demoRun is one run of a Demo.
type demoRun struct {
	order []int         // of the rows
	sent  atomic.Uint64 // rows
	demo  *Demo
	model protocol.HelloItem

	mu        sync.Mutex
	predicted uint64
	labelled  uint64
	judged    uint64 // of them, those that are right or wrong
	correct   uint64
	disagreed uint64
	errors    map[string]uint64
}

// stream sends rows on one socket and returns when their labels are out.
func (r *demoRun) stream(ctx context.Context, c *client.Client, random *rand.Rand) {
	d := r.demo
	var labels sync.WaitGroup
	defer labels.Wait()
	start := time.Now()
	var due time.Duration
	for {
		due += time.Duration(random.ExpFloat64() * float64(d.Connections) / d.Rate * float64(time.Second))
		if d.Duration > 0 && due >= d.Duration || !pause(ctx, due-time.Since(start)) {
			return
		}
		row := r.nextRow()
		delay := d.LabelDelayMin + time.Duration(random.Int64N(int64(d.LabelDelayMax-d.LabelDelayMin)+1))
		labels.Add(1)
		request := d.Rows.Ask(row)
		request.Model = d.Model
		_, err := c.Submit(ctx, request, func(p client.Prediction, err error) {
			if err != nil {
				r.failed(err)
				labels.Done()
				return
			}
			r.count(func() { r.predicted++ })
			go func() { // stream waits for it through labels
				defer labels.Done()
				r.label(ctx, c, p, row, delay)
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

// nextRow is the row that is to be sent next, by whichever socket: all of them come
// once before one comes again, as rows of different people do not repeat each other.
func (r *demoRun) nextRow() int {
	return r.order[(r.sent.Add(1)-1)%uint64(len(r.order))]
}

// label waits, tells the server the truth, and counts it if the server did.
func (r *demoRun) label(ctx context.Context, c *client.Client, p client.Prediction, row int, delay time.Duration) {
	if !pause(ctx, delay) {
		return
	}
	truth, right, judged := r.demo.Rows.Truth(row, r.model, p)
	told, err := c.Feedback(ctx, p.ID, truth)
	if err != nil {
		if ctx.Err() == nil {
			r.failed(err)
		}
		return
	}
	r.count(func() {
		r.labelled++
		if judged {
			r.judged++
		}
		if right {
			r.correct++
		}
		if len(told) != 1 || judged && told[0] != right {
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
