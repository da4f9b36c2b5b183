package inference_test

import (
	"errors"
	"slices"
	"sync"
	"time"

	"penstock/inference"
	"penstock/model"
)

// client is one stream's submitter and its sink.
type client struct {
	*play
	stream *inference.Stream

	clientMu  sync.Mutex
	flying    map[*ask]*inference.Request
	seen      inference.Stats
	unflushed int
}

func (c *client) submit(asks []*ask) {
	for _, a := range asks {
		time.Sleep(a.pause)
		r := c.request(a)
		c.clientMu.Lock()
		c.flying[a] = r
		c.clientMu.Unlock()
		a.submitted = time.Now()
		err := c.hand(r, a.lead)

		c.clientMu.Lock()
		var overloaded *inference.OverloadedError
		switch {
		case err == nil:
			c.seen.Accepted++
			if a.cancel > 0 {
				time.AfterFunc(a.cancel, func() { c.cancel(a) })
			}
		case errors.As(err, &overloaded):
			c.seen.Shed++
		case errors.Is(err, inference.ErrDraining):
			c.seen.Refused++
		case !errors.Is(err, inference.ErrStreamClosed):
			c.complain("Submit: %v", err)
		}
		if err != nil {
			delete(c.flying, a)
			c.recycle(r)
		}
		c.clientMu.Unlock()
	}
}

// hand gives the pool a request, and flushes after a batch that it led.
func (c *client) hand(r *inference.Request, lead bool) error {
	if !lead {
		return c.stream.Submit(r)
	}
	led, err := c.stream.Lead(r)
	if led {
		c.Flush()
	}
	return err
}

// request fills a request, an old one if there is one.
func (c *client) request(a *ask) *inference.Request {
	r := new(inference.Request)
	c.mu.Lock()
	if last := len(c.free) - 1; last >= 0 {
		r, c.free = c.free[last], c.free[:last]
	}
	c.mu.Unlock()
	r.Rows, r.Deadline, r.Owner = a.rows, a.deadline, a
	r.Features = r.Features[:0]
	for i := range a.rows {
		r.Features = append(r.Features, c.model.Row(a.first+uint32(i))...)
	}
	return r
}

// recycle spoils a request's memory and has the next submitter use it.
func (c *client) recycle(r *inference.Request) {
	for _, memory := range [][]float32{r.Features, r.Result.Scores} {
		for i := range memory {
			memory[i] = garbage
		}
	}
	r.Rows, r.Owner = -1, nil
	c.mu.Lock()
	defer c.mu.Unlock()
	c.free = append(c.free, r)
}

func (c *client) cancel(a *ask) {
	c.clientMu.Lock()
	defer c.clientMu.Unlock()
	r := c.flying[a]
	if r == nil || !c.stream.Cancel(r) {
		return
	}
	c.seen.Cancelled++
	delete(c.flying, a)
	if r.Reusable() {
		c.recycle(r)
	}
}

func (c *client) close() {
	left := c.stream.Close()
	c.clientMu.Lock()
	defer c.clientMu.Unlock()
	c.seen.Discarded += uint64(left)
}

func (c *client) Flush() {
	c.clientMu.Lock()
	defer c.clientMu.Unlock()
	c.unflushed = 0
}

func (c *client) Reply(r *inference.Request) {
	c.clientMu.Lock()
	defer c.clientMu.Unlock()
	a, known := r.Owner.(*ask)
	if !known || c.flying[a] != r {
		c.complain("a reply to a request that is not in flight here: %+v", a)
		return
	}
	delete(c.flying, a)
	c.unflushed++
	if problem := c.judge(a, r); problem != "" {
		c.complain("%s: %+v; outcome %v, error %v, total %v, reusable %t", problem, a, r.Result.Outcome, r.Result.Err, r.Result.Total, r.Reusable())
	}
	if r.Reusable() {
		c.recycle(r)
	}
}

// judge counts an answer and says what is wrong with it.
func (c *client) judge(a *ask, r *inference.Request) (problem string) {
	if r.Result.Total != time.Since(a.submitted) || r.Result.Queue > r.Result.Total || r.Result.BatchRows > c.opt.MaxBatch {
		return "wrong measures"
	}
	if (r.Result.Err != nil) != (r.Result.Outcome == inference.Failed || r.Result.Outcome == inference.Unavailable) {
		return "error and outcome disagree"
	}
	overdue := a.deadline > 0 && r.Result.Total >= a.deadline
	switch r.Result.Outcome {
	case inference.Predicted:
		c.seen.Predicted++
		c.seen.RowsPredicted += uint64(a.rows)
		var want []float32
		for i := range a.rows {
			want = append(want, c.model.Want(a.first+uint32(i))...)
		}
		if !slices.Equal(r.Result.Scores, want) || a.poisoned || c.metAway(a) || overdue || !r.Reusable() {
			return "should not be predicted so"
		}
	case inference.Failed:
		c.seen.Failed++
		var panicked *inference.PanicError
		expected := errors.Is(r.Result.Err, errPoison) || errors.Is(r.Result.Err, inference.ErrNotFinite) || errors.As(r.Result.Err, &panicked) && panicked.Value == "poison"
		if !a.poisoned || !expected || overdue {
			return "should not have failed"
		}
	case inference.Unavailable:
		c.seen.Unavailable++
		if !c.metAway(a) || !errors.Is(r.Result.Err, model.ErrUnavailable) || overdue {
			return "should not have been unavailable"
		}
	case inference.Expired:
		c.seen.Expired++
		if !overdue && r.Result.Total < c.opt.HangTimeout {
			return "should not have expired"
		}
	case inference.Stopped:
		c.seen.Stopped++
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.stopped {
			return "the pool was not stopped"
		}
	default:
		return "no outcome"
	}
	return ""
}
