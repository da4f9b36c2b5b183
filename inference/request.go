package inference

import "time"

// Outcome says how a request ended.
type Outcome uint8

const (
	// Predicted: Scores holds the answer.
	Predicted Outcome = iota + 1
	// Failed: the engine failed on a row of this request, and on no other's
	// account; or it gave scores that are not finite.
	Failed
	// Expired: the deadline passed first.
	Expired
	// Stopped: the pool was stopped first.
	Stopped
	// Unavailable: the engine is away (model.ErrUnavailable).
	Unavailable
)

// Request is one or more rows that are answered together. The submitter fills what
// stands before Result; the pool owns the whole from Submit until it calls the Sink's
// Reply, and has set Result then.
type Request struct {
	// Features holds Rows rows, row-major and finite, but for NaN where the model's
	// spec allows a missing value.
	Features []float32
	Rows     int
	// Arrived is when the request came, as far as its client is concerned. Zero
	// means at the call of Submit.
	Arrived time.Time
	// Deadline counts from then; zero means none. The engine is never started on
	// a request whose deadline has passed, and a result that comes later is
	// dropped.
	Deadline time.Duration
	// Owner is the submitter's own; the pool does not look at it.
	Owner any

	// Result is what became of it. The memory of its Scores is used again when the
	// request is.
	Result Result

	progress
}

// Result is what became of a request.
type Result struct {
	Outcome Outcome
	// Err is the engine's error when Outcome is Failed or Unavailable.
	Err error
	// Scores holds Rows × Width values when Outcome is Predicted.
	Scores []float32
	// Answered is when the outcome was decided.
	Answered time.Time
	// Total is the time since Arrived, Queue the part of it before the first
	// batch, Compute the running time of the last batch.
	Total, Queue, Compute time.Duration
	// BatchRows is the number of rows of the last batch.
	BatchRows int
}

// progress is how far a pool has got with a request. It is the pool's own, guarded by
// its mutex.
type progress struct {
	stream     *Stream
	prev, next *Request      // neighbours in the stream's queue
	arrived    time.Duration // on the pool's clock
	expires    time.Duration // on the pool's clock; zero for never
	heapSlot   int           // 1 + index in the pool's deadline heap; zero if not there

	taken    int   // rows handed to workers
	running  int   // spans of it in workers' hands now
	returned int   // rows that came back
	fault    error // the first failure of the engine on its rows
	resolved bool  // see the package's documentation
	reusable bool  // no worker had a span of it when it was resolved
}

// Reusable reports, inside Reply or after a successful Cancel, whether the
// request's memory may be used again. It may not when a worker still has rows of
// it: the request expired, or was cancelled, while it ran.
func (r *Request) Reusable() bool { return r.reusable }

// prepare makes a request new, keeping its memory.
func (r *Request) prepare(s *Stream, arrived time.Duration) {
	r.Result = Result{Scores: r.Result.Scores[:r.Rows*s.pool.outputs]}
	r.progress = progress{stream: s, arrived: arrived}
	if r.Deadline > 0 {
		r.expires = arrived + r.Deadline
	}
}

// due reports whether r's deadline has passed.
func (r *Request) due(now time.Duration) bool { return r.expires > 0 && now >= r.expires }

// Sink receives the replies of one stream. Its methods are called by several
// goroutines of the pool at a time, and must not block or call the pool. One that
// panics loses that call alone; see Options.Panicked.
type Sink interface {
	// Reply ends a request that Submit accepted. Unless Reusable says no, the
	// request is the submitter's again from this call on.
	Reply(*Request)
	// Flush follows the last Reply of a batch to this stream, at least once.
	Flush()
}
