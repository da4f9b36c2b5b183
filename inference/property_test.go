package inference_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"penstock/inference"
	"penstock/model"
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
	batches    map[uint32]*batchRun // by the nonces of their rows
	stopped    bool
	free       []*inference.Request // of all streams
	complaints []string
}

func newPlay(t *testing.T, s *script) *play {
	p := &play{script: s, batches: make(map[uint32]*batchRun)}
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
	p.note(nonces)
	p.mu.Lock()
	took := p.calls[p.call%len(p.calls)]
	p.call++
	p.mu.Unlock()
	time.Sleep(took) // the bubble's clock
}

// batchRun is one batch in the engine's hands. A row is in one batch only, whose first
// call has all its rows.
type batchRun struct {
	asks []*ask
	away bool // the engine was away for a call of it
}

// note tells apart the batches that calls belong to, and which of them met an engine
// that is away: those must not be asked about any more.
func (p *play) note(nonces []uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.batches[nonces[0]]
	if b == nil {
		b = new(batchRun)
		for _, nonce := range nonces {
			if p.batches[nonce] != nil {
				p.complaints = append(p.complaints, fmt.Sprintf("row %d is in two batches", nonce))
			}
			p.batches[nonce] = b
			b.asks = append(b.asks, p.byNonce[nonce])
		}
	}
	if b.away {
		p.complaints = append(p.complaints, fmt.Sprintf("an engine that is away is asked again, for row %d", nonces[0]))
	}
	for _, nonce := range nonces { // the first row that stops the oracle decides
		if fate := p.fates[nonce]; fate.Err != nil || fate.Panic != nil {
			b.away = errors.Is(fate.Err, model.ErrUnavailable)
			break
		}
	}
	if b.away {
		for _, a := range b.asks {
			a.away = true
		}
	}
}

// metAway reports whether a was in a batch for which the engine was away.
func (p *play) metAway(a *ask) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return a.away
}

func (p *play) perform(t *testing.T) []string {
	stopRun := runFor(t, p.pool)
	var actors sync.WaitGroup
	var clients []*client
	for i, asks := range p.streams {
		c := &client{play: p, flying: make(map[*ask]*inference.Request)}
		c.stream = p.pool.Open(c, p.shares[i])
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
		answered := c.seen.Predicted + c.seen.Failed + c.seen.Unavailable + c.seen.Expired + c.seen.Stopped
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
		want.Unavailable += c.seen.Unavailable
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
		Accepted: st.Accepted, Predicted: st.Predicted, Failed: st.Failed, Unavailable: st.Unavailable, Expired: st.Expired, Cancelled: st.Cancelled,
		Stopped: st.Stopped, Discarded: st.Discarded, Shed: st.Shed, Refused: st.Refused, RowsPredicted: st.RowsPredicted,
	}
	if got != want || st.InFlight != 0 || st.QueueRows != 0 || st.StuckWorkers != 0 {
		p.complain("the pool counted %+v; its clients %+v", st, want)
	}
	if err := p.model.Close(); err != nil {
		p.complain("%v", err)
	}
}
