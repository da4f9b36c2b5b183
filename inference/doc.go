// Package inference is the pool: it lets requests in, keeps them in one queue
// per stream, forms batches fairly across streams and runs them on a bounded
// number of workers.
//
// A worker that has nothing to do takes a lone request at once; while all are
// busy, requests queue, and the next free worker takes as many rows as a batch
// may have: from every caller that has some its share by weight, and of that an
// equal share from every stream of the caller. No timer seals a batch, and none
// waits for one.
//
// # The life of a request
//
//	Submit, Lead
//	     │ accepted
//	     ▼
//	  waiting ────────┐ deadline, hang, Abandon, the pool's stop, Cancel, Close
//	     │ form       │
//	     ▼            ▼
//	  running ───► resolved ───► delivered
//	       complete, or          one Reply of the Sink;
//	       as above              none after Cancel and Close
//
// A request is unresolved, or in flight as Stats and Options.Window have it, from its
// acceptance on, and counts against its stream's window. It is resolved once, under the
// pool's mutex: its outcome is fixed and counted, and it releases its place in the
// queue, its deadline and its part of the window. That may happen while workers still
// have spans of its rows: what comes of these goes to nobody, and the request is not
// Reusable. But one that runs as its stream closes is resolved only when its rows are
// back. From resolved to delivered the reply is undelivered: Drain waits for it too.
// A request that is refused, with an error, has no state: it is the submitter's.
//
// # Who runs a batch
//
// A batch is formed for a worker, under the pool's mutex, and leased with it: to the
// worker's own goroutine, or to a submitter that leads ([Stream.Lead]). The holder of
// the lease predicts the batch, completes it, which resolves the requests whose last
// rows these were, delivers their replies, and gives the worker back; all of it also
// when a Sink, Options.Panicked or the engine panics or calls runtime.Goexit. If that
// ends a goroutine of the pool, another takes its place.
//
// The package knows rows and replies. It knows no socket and no JSON.
package inference
