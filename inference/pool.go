package inference

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"penstock/lockorder"
	"penstock/model"
)

// Pool runs one model on a bounded number of workers.
type Pool struct {
	model     model.Model
	spec      model.Spec
	features  int
	outputs   int
	opt       Options
	epoch     time.Time // zero of the pool's clock, which is monotonic
	sooner    chan struct{}
	workers   []*worker
	collector *collector // nil without a Registerer

	mu          lockorder.Mutex[lockorder.Pool]
	empty       sync.Cond            // nothing is in flight
	streams     map[*Stream]struct{} // open ones, to free their submitters
	callers     map[string]*caller   // of the open streams
	round       round[caller, *caller]
	deadlines   deadlines
	weights     int           // of those in the round
	pass        uint64        // counts passes over the round; see form
	perWeight   credit        // what a turn brings in this pass
	waiting     int           // rows that wait, over all streams
	unresolved  int           // requests accepted and not yet resolved
	idle        []*worker     // those with nothing to do, the latest to become so last
	undelivered int           // requests resolved whose replies the sinks do not have yet
	nextLook    time.Duration // when the watch looks again, on the pool's clock
	rowTime     time.Duration // per row of a batch, a moving average; zero before the first
	draining    bool
	stopped     bool
	busyTime    time.Duration
	stats       Stats
	latencies   *Latencies

	panics     atomic.Uint64 // counted inside an engine's failure, without the lock
	sinkPanics atomic.Uint64
	deliveries atomic.Uint64
}

// New makes a pool for m. It starts nothing and takes no ownership of m, which
// must outlive Run.
func New(m model.Model, opt Options) (*Pool, error) {
	opt = opt.withDefaults()
	if err := opt.validate(); err != nil {
		return nil, err
	}
	spec := m.Spec()
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	p := &Pool{
		model: m, spec: spec, features: spec.Features, outputs: spec.Width(),
		opt: opt, epoch: time.Now(), sooner: make(chan struct{}, 1),
		latencies: NewLatencies(), streams: make(map[*Stream]struct{}), callers: make(map[string]*caller),
	}
	p.empty.L = &p.mu
	for range opt.Workers {
		p.workers = append(p.workers, newWorker(p))
	}
	if opt.Registerer != nil {
		p.collector = newCollector(p)
		if err := opt.Registerer.Register(p.collector); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Spec returns the model's description.
func (p *Pool) Spec() model.Spec { return p.spec }

// Options returns the bounds in force, defaults filled in.
func (p *Pool) Options() Options { return p.opt }

// Run starts the workers and blocks until ctx ends. Batches that run then are
// finished and answered; requests that wait are answered with Stopped. For an
// orderly end call Drain first. Run may be called once.
//
// Go cannot end a call that hangs: while an engine does not return, neither
// does Run, and its model must not be closed.
func (p *Pool) Run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	watching, stopWatch := context.WithCancel(context.Background())
	defer stopWatch()
	keep(&group, func() { p.watch(watching) }) // until the workers have ended, so that deadlines hold
	stop := context.AfterFunc(ctx, p.stop)
	defer stop()
	p.runWorkers()
	p.Abandon() // what no worker will come for
	return context.Cause(ctx)
}

// Drain refuses new work from now on and waits until everything accepted is
// answered and the sinks have returned, or ctx ends: what is not answered then,
// Abandon answers.
func (p *Pool) Drain(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.empty.Broadcast()
	})
	defer stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse()
	for p.unresolved+p.undelivered > 0 && ctx.Err() == nil {
		p.empty.Wait()
	}
	if p.unresolved+p.undelivered > 0 {
		return errors.Join(errors.New("inference: requests were still in flight"), context.Cause(ctx))
	}
	return nil
}

// refuse ends admission and frees submitters that wait for their window. The
// caller holds p.mu.
func (p *Pool) refuse() {
	p.draining = true
	for s := range p.streams {
		s.room.Broadcast()
	}
}

func (p *Pool) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse()
	p.stopped = true
	for len(p.idle) > 0 {
		p.wake()
	}
}

// Abandon refuses new work and answers with Stopped, at once, every request that
// has no answer yet: those that wait, and those that workers have, of whom one
// may hang. What workers bring back later goes to nobody. When it returns the
// sinks have. It returns how many requests it answered.
func (p *Pool) Abandon() int {
	p.mu.Lock()
	p.refuse()
	left := p.resolveAll()
	p.mu.Unlock()
	p.deliver(left, new([]*Stream), nil)
	return len(left)
}

// resolveAll resolves all that is not, and returns what is to be delivered. The caller
// holds p.mu.
func (p *Pool) resolveAll() (left []*Request) {
	now := p.now()
	give := func(r *Request) {
		if !r.resolved && p.resolve(r, Stopped, now) {
			left = append(left, r)
		}
	}
	for _, w := range p.workers {
		if w.busy {
			for i := range w.batch.spans {
				give(w.batch.spans[i].r)
			}
		}
	}
	for p.round.head != nil {
		give(p.round.head.round.head.queue.head)
	}
	return left
}

// next leases w to its own goroutine, waiting for work if there is none; false means
// that the pool has stopped.
func (p *Pool) next(w *worker) (l lease, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.waiting == 0 && !p.stopped {
		p.idle = append(p.idle, w)
		p.mu.Unlock()
		<-w.woken
		p.mu.Lock()
	}
	if p.stopped {
		return lease{}, false
	}
	return p.begin(w, nil), true
}

// wake gets one idle worker to look at the queue. The caller holds p.mu.
func (p *Pool) wake() {
	if w := p.takeIdle(); w != nil {
		w.woken <- struct{}{}
	}
}

// takeIdle takes a worker that has nothing to do out of idle; nil when there is
// none. Its goroutine sleeps until somebody sends to woken. The caller holds
// p.mu.
func (p *Pool) takeIdle() *worker {
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	w := p.idle[last]
	p.idle = p.idle[:last]
	return w
}

// now reads the pool's clock.
func (p *Pool) now() time.Duration { return time.Since(p.epoch) }

// measureSpeed keeps a moving average of the time that a row takes.
func (p *Pool) measureSpeed(took time.Duration, rows int) {
	perRow := took / time.Duration(rows)
	if p.rowTime == 0 {
		p.rowTime = perRow
	}
	p.rowTime += (perRow - p.rowTime) / 16
}

// queueTime estimates how long the rows of c that wait will take, and so many more: with
// the others' part of the batches between them, but no longer than the whole queue.
func (p *Pool) queueTime(c *caller, more int) time.Duration {
	rows := min(p.waiting, (c.waiting+more)*p.weightsWith(c)/c.weight)
	estimate := p.rowTime * time.Duration(rows) / time.Duration(p.opt.Workers)
	return min(max(estimate, time.Millisecond), 10*time.Second)
}
