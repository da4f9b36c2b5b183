package inference

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"penstock/model"
)

// ErrNotFinite is the Err of a request for which the model gave NaN or an
// infinity.
var ErrNotFinite = errors.New("the model gave a score that is not a finite number")

// errExited is the Err of the requests of a batch during which the engine called
// runtime.Goexit: nothing can hold that up, so it is not known for which row.
var errExited = errors.New("the engine ended the goroutine that it was called on")

// PanicError is the Err of a request whose row made the engine panic.
type PanicError struct{ Value any }

func (e *PanicError) Error() string { return fmt.Sprintf("the engine panicked: %v", e.Value) }

// worker runs one batch at a time with a session of its own. It belongs to the
// goroutine of run, but while that sleeps, a submitter may borrow it; see lease.
type worker struct {
	pool    *Pool
	woken   chan struct{} // ends the sleep of run; has room for one
	session model.Session // nil after a panic, until the next batch

	busy  bool // guarded by pool.mu, as batch is while busy is false
	batch batch

	features, scores []float32 // scratch for batches of several spans
	replies          []*Request
	touched          []*Stream
}

func newWorker(p *Pool) *worker {
	return &worker{
		pool:     p,
		woken:    make(chan struct{}, 1),
		features: make([]float32, p.opt.MaxBatch*p.features),
		scores:   make([]float32, p.opt.MaxBatch*p.outputs),
	}
}

// run is the worker's goroutine. It ends when the pool stops.
func (w *worker) run() {
	if w.pool.model.Pinned() {
		runtime.LockOSThread() // never unlocked: the thread ends with the worker
	}
	defer w.dropSession()
	for {
		l, ok := w.pool.next(w)
		if !ok {
			return
		}
		l.run()
	}
}

// predict runs the engine on the batch and puts the scores where they belong.
// A request that is the whole batch is run where it lies, without a copy.
func (w *worker) predict() {
	b := &w.batch
	if b.rows == 0 {
		return // what waited had expired
	}
	nf, no := w.pool.features, w.pool.outputs
	if len(b.spans) == 1 {
		sp := &b.spans[0]
		lo, hi := sp.first, sp.first+sp.rows
		w.predictRows(0, sp.rows, sp.r.Features[lo*nf:hi*nf], sp.r.Result.Scores[lo*no:hi*no])
		return
	}
	row := 0
	for i := range b.spans {
		sp := &b.spans[i]
		copy(w.features[row*nf:], sp.r.Features[sp.first*nf:(sp.first+sp.rows)*nf])
		row += sp.rows
	}
	w.predictRows(0, row, w.features[:row*nf], w.scores[:row*no])
	row = 0
	for i := range b.spans {
		sp := &b.spans[i]
		copy(sp.r.Result.Scores[sp.first*no:], w.scores[row*no:(row+sp.rows)*no])
		row += sp.rows
	}
}

// try calls the engine once. When it does not return, the session is not trusted any
// more: it is dropped, and the next call makes a new one.
func (w *worker) try(rows int, features, scores []float32) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		v := recover()
		w.pool.countPanic()
		w.dropSession()
		if v == nil { // the engine ends the goroutine; nothing more is run of the batch
			w.blameAll(errExited)
		}
		err = &PanicError{Value: v}
	}()
	if w.session == nil {
		session, err := w.pool.model.NewSession(w.pool.opt.MaxBatch)
		if err != nil {
			returned = true
			return fmt.Errorf("no session: %w", err)
		}
		w.session = session
	}
	err = w.session.Predict(scores, features, rows)
	returned = true
	return err
}

func (w *worker) dropSession() {
	defer func() {
		if recover() != nil {
			w.pool.countPanic()
		}
	}()
	if session := w.session; session != nil {
		w.session = nil
		_ = session.Close() // nobody could act on it; the memory is the engine's loss
	}
}

// runWorkers runs the workers and returns when the pool has stopped and all
// of them have ended.
func (p *Pool) runWorkers() {
	var group sync.WaitGroup
	for _, w := range p.workers {
		keep(&group, w.run)
	}
	group.Wait()
}
