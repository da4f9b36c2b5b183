package inference_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"penstock/inference"
	"penstock/model/modeltest"
)

// Every accepted request ends exactly once, with the answer to its own rows;
// the books balance at every moment, and at the end nothing is left. The
// submitters reuse requests the moment they are theirs again.
func TestEveryRequestEndsOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawScript(rt)
		var complaints []string
		synctest.Test(t, func(t *testing.T) { complaints = newPlay(t, s).perform(t) })
		if len(complaints) > 0 {
			rt.Fatalf("%d complaints, the first: %s", len(complaints), complaints[0])
		}
	})
}

// play is a script being performed.
type play struct {
	*script
	model *spy
	pool  *inference.Pool

	mu         sync.Mutex
	call       int
	stopped    bool
	free       []*inference.Request // of all streams
	complaints []string
}

func newPlay(t *testing.T, s *script) *play {
	p := &play{script: s}
	p.model = &spy{
		Oracle:  modeltest.Oracle{Features: 3, Classes: 2, OnRow: func(nonce uint32) modeltest.Fate { return s.fates[nonce] }},
		predict: p.compute,
	}
	pool, err := inference.New(p.model, s.opt)
	if err != nil {
		t.Fatal(err)
	}
	p.pool = pool
	return p
}

func (p *play) complain(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.complaints = append(p.complaints, fmt.Sprintf(format, args...))
}

// compute takes the engine's time. No row may be past its deadline.
func (p *play) compute(nonces []uint32) {
	for _, nonce := range nonces {
		switch a := p.byNonce[nonce]; {
		case a == nil:
			p.complain("row %d was never submitted", nonce)
		case a.deadline > 0 && time.Since(a.submitted) >= a.deadline:
			p.complain("row %d is run %v after its submission; its deadline was %v", nonce, time.Since(a.submitted), a.deadline)
		}
	}
	p.mu.Lock()
	took := p.calls[p.call%len(p.calls)]
	p.call++
	p.mu.Unlock()
	time.Sleep(took) // the bubble's clock
}

func (p *play) perform(t *testing.T) []string {
	stopRun := runFor(t, p.pool)
	var actors sync.WaitGroup
	var clients []*client
	for i, asks := range p.streams {
		c := &client{play: p, flying: make(map[*ask]*inference.Request)}
		c.stream = p.pool.Open(c, fmt.Sprint(i%3))
		clients = append(clients, c)
		actors.Go(func() { c.submit(asks) })
		if at := p.closes[i]; at > 0 {
			actors.Go(func() {
				time.Sleep(at)
				c.close()
			})
		}
	}
	watching, stopWatch := context.WithCancel(t.Context())
	go p.audit(watching)

	if p.stopAt > 0 {
		time.Sleep(p.stopAt)
		ctx, cancel := context.WithTimeout(t.Context(), p.drain)
		if p.pool.Drain(ctx) != nil && p.stopAt%2 == 0 {
			p.mu.Lock()
			p.stopped = true
			p.mu.Unlock()
			p.pool.Abandon()
		}
		cancel()
	} else {
		actors.Wait()
		if err := p.pool.Drain(t.Context()); err != nil {
			p.complain("Drain: %v", err)
		}
	}
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
	stopRun()
	actors.Wait()
	stopWatch()
	synctest.Wait()
	p.settle(clients)
	return p.complaints
}

// audit looks at the books every millisecond.
func (p *play) audit(ctx context.Context) {
	ticks := time.NewTicker(time.Millisecond)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		if st := p.pool.Stats(); !balanced(st) || st.QueueRows > st.QueueLimit {
			p.complain("the books do not balance: %+v", st)
		}
	}
}

// settle compares the pool's books with those of its clients.
func (p *play) settle(clients []*client) {
	var want inference.Stats
	for i, c := range clients {
		c.close()
		answered := c.seen.Predicted + c.seen.Failed + c.seen.Expired + c.seen.Stopped
		if c.seen.Accepted != answered+c.seen.Cancelled+c.seen.Discarded {
			p.complain("stream %d: %+v", i, c.seen)
		}
		if p.closes[i] == 0 && c.seen.Discarded > 0 {
			p.complain("stream %d was open to the end, and %d requests had no answer", i, c.seen.Discarded)
		}
		if c.unflushed > 0 {
			p.complain("stream %d: %d replies were not flushed", i, c.unflushed)
		}
		want.Accepted += c.seen.Accepted
		want.Predicted += c.seen.Predicted
		want.Failed += c.seen.Failed
		want.Expired += c.seen.Expired
		want.Cancelled += c.seen.Cancelled
		want.Stopped += c.seen.Stopped
		want.Discarded += c.seen.Discarded
		want.Shed += c.seen.Shed
		want.Refused += c.seen.Refused
		want.RowsPredicted += c.seen.RowsPredicted
	}
	st := p.pool.Stats()
	got := inference.Stats{
		Accepted: st.Accepted, Predicted: st.Predicted, Failed: st.Failed, Expired: st.Expired, Cancelled: st.Cancelled,
		Stopped: st.Stopped, Discarded: st.Discarded, Shed: st.Shed, Refused: st.Refused, RowsPredicted: st.RowsPredicted,
	}
	if got != want || st.InFlight != 0 || st.QueueRows != 0 || st.StuckWorkers != 0 {
		p.complain("the pool counted %+v; its clients %+v", st, want)
	}
	if err := p.model.Close(); err != nil {
		p.complain("%v", err)
	}
}

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
	if (r.Result.Err != nil) != (r.Result.Outcome == inference.Failed) {
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
		if !slices.Equal(r.Result.Scores, want) || a.poisoned || overdue || !r.Reusable() {
			return "should not be predicted so"
		}
	case inference.Failed:
		c.seen.Failed++
		var panicked *inference.PanicError
		expected := errors.Is(r.Result.Err, errPoison) || errors.Is(r.Result.Err, inference.ErrNotFinite) || errors.As(r.Result.Err, &panicked) && panicked.Value == "poison"
		if !a.poisoned || !expected || overdue {
			return "should not have failed"
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
