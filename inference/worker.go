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

// PanicError is the Err of a request whose row made the engine panic.
type PanicError struct{ Value any }

func (e *PanicError) Error() string { return fmt.Sprintf("the engine panicked: %v", e.Value) }

// worker runs one batch at a time with a session of its own. It belongs to the
// goroutine of run, but while that sleeps, a submitter may borrow it; see lead.
type worker struct {
	pool    *Pool
	woken   chan struct{} // ends the sleep of run; has room for one
	session model.Session // nil after a panic, until the next batch

	busy  bool // guarded by pool.mu, as batch is while busy is false
	batch batch

	features, scores []float32 // scratch for batches of several parts
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
	for w.pool.next(w) {
		w.work(nil)
	}
}

// work runs the batch that w was given, and delivers what it answers. Replies
// to the stream of leader are not flushed: it does that itself.
func (w *worker) work(leader *Stream) {
	w.touched = w.pool.deliver(w.batch.expired, w.touched, leader)
	if w.batch.rows == 0 {
		return
	}
	w.runBatch()
	w.pool.finish(w)
	w.touched = w.pool.deliver(w.replies, w.touched, leader)
	clear(w.replies)
	w.replies = w.replies[:0]
}

// runBatch runs the engine on the batch and puts the scores where they belong.
// A request that is the whole batch is run where it lies, without a copy.
func (w *worker) runBatch() {
	b := &w.batch
	nf, no := w.pool.features, w.pool.outputs
	if len(b.parts) == 1 {
		part := &b.parts[0]
		lo, hi := part.first, part.first+part.rows
		w.predict(0, part.rows, part.r.Features[lo*nf:hi*nf], part.r.Result.Scores[lo*no:hi*no])
		return
	}
	row := 0
	for i := range b.parts {
		part := &b.parts[i]
		copy(w.features[row*nf:], part.r.Features[part.first*nf:(part.first+part.rows)*nf])
		row += part.rows
	}
	w.predict(0, row, w.features[:row*nf], w.scores[:row*no])
	row = 0
	for i := range b.parts {
		part := &b.parts[i]
		copy(part.r.Result.Scores[part.first*no:], w.scores[row*no:(row+part.rows)*no])
		row += part.rows
	}
}

// try calls the engine once. After a panic the session is not trusted any
// more: it is dropped, and the next call makes a new one.
func (w *worker) try(rows int, features, scores []float32) (err error) {
	defer func() {
		if v := recover(); v != nil {
			w.pool.countPanic()
			w.dropSession()
			err = &PanicError{Value: v}
		}
	}()
	if w.session == nil {
		session, err := w.pool.model.NewSession(w.pool.opt.MaxBatch)
		if err != nil {
			return fmt.Errorf("no session: %w", err)
		}
		w.session = session
	}
	return w.session.Predict(scores, features, rows)
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
		group.Go(w.run)
	}
	group.Wait()
}
