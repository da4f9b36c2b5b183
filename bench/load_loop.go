package bench

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"penstock/client"
)

// loadRun is one run of a Load. Moments are durations since start.
type loadRun struct {
	load     *Load
	clients  []*client.Client
	requests []client.Request
	start    time.Time
	from, to time.Duration // what lies between is measured
	shards   []*tally      // clients share them, to bound memory
	lag      *tally        // of the generator
	inFlight sync.WaitGroup
}

func newLoadRun(l *Load, clients []*client.Client, requests []client.Request) *loadRun {
	run := &loadRun{load: l, clients: clients, requests: requests,
		from: l.Warmup, to: l.Warmup + l.Duration, lag: newTally()}
	for range min(len(clients), 16) {
		run.shards = append(run.shards, newTally())
	}
	return run
}

// openLoop sends at moments that do not depend on the server. One goroutine,
// the caller's, sends for all sockets: what it costs to wake up is paid once
// for whatever is due.
func (r *loadRun) openLoop(ctx context.Context) error {
	wait, err := newPacer()
	if err != nil {
		return err
	}
	defer wait.close()
	random := rand.New(rand.NewPCG(r.load.Seed, 1))
	r.start = time.Now()
	var due time.Duration
	now := time.Duration(0)
	for n := 0; ; n++ {
		due += time.Duration(random.ExpFloat64() / r.load.Rate * float64(time.Second))
		if due >= r.to {
			pause(ctx, r.to-time.Since(r.start)) // replies still come in
			return nil
		}
		for now < due {
			if !wait.sleep(ctx, due-now) {
				return nil
			}
			now = time.Since(r.start)
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return nil
		}
		r.send(ctx, random.IntN(len(r.clients)), n, due, nil)
		now = time.Since(r.start)
		if due >= r.from {
			r.lag.late(now - due)
		}
	}
}

// closedLoop keeps InFlight requests in the air on each socket. It starts one
// goroutine per socket and waits for them.
func (r *loadRun) closedLoop(ctx context.Context) {
	r.start = time.Now()
	ctx, cancel := context.WithTimeout(ctx, r.to)
	defer cancel()
	var senders sync.WaitGroup
	for i := range r.clients {
		senders.Go(func() {
			free := make(chan struct{}, r.load.InFlight)
			for range r.load.InFlight {
				free <- struct{}{}
			}
			for n := i; ; n++ {
				select {
				case <-ctx.Done():
					return
				case <-free:
				}
				if !r.send(ctx, i, n, time.Since(r.start), free) && !pause(ctx, 10*time.Millisecond) {
					return
				}
			}
		})
	}
	senders.Wait()
}

// send sends request n on socket i; due is when it was meant to leave. When
// its fate is known, free gets a token.
func (r *loadRun) send(ctx context.Context, i, n int, due time.Duration, free chan<- struct{}) bool {
	into := r.shards[i%len(r.shards)]
	measured := due >= r.from
	if measured {
		into.offer()
	}
	r.inFlight.Add(1)
	settle := func() {
		if free != nil {
			free <- struct{}{} // has room for all that are in flight
		}
		r.inFlight.Done()
	}
	_, err := r.clients[i].Submit(ctx, r.requests[n%len(r.requests)], func(_ client.Prediction, err error) {
		now := time.Since(r.start)
		into.settle(measured, now >= r.from && now < r.to, now-due, r.load.Deadline, err)
		settle()
	})
	if err != nil {
		if measured {
			into.refuse(err)
		}
		settle()
	}
	return err == nil
}

// await waits for what is in flight, for a while.
func (r *loadRun) await(ctx context.Context, most time.Duration) {
	done := make(chan struct{})
	go func() { // ends at the latest when the clients are closed
		r.inFlight.Wait()
		close(done)
	}()
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// pause waits for d and reports whether ctx was still alive then.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
