// Package inference is the pool: it lets requests in, keeps them in one queue
// per stream, forms batches fairly across streams and runs them on a bounded
// number of workers.
//
// A worker that has nothing to do takes a lone request at once; while all are
// busy, requests queue, and the next free worker takes as many rows as a batch
// may have: an equal share from every caller that has some, and of that an equal
// share from every stream of the caller. No timer seals a batch, and none waits
// for one.
//
// Every request that [Stream.Submit] accepts ends exactly once: by one call of
// its stream's [Sink], by [Stream.Cancel], or by [Stream.Close].
//
// The package knows rows and replies. It knows no socket and no JSON.
package inference
