package inference

import (
	"errors"

	"penstock/model"
)

// predictRows runs rows of the batch, the first of them being row first. When the
// engine fails, it runs each half alone, and so finds the rows at fault
// without failing their batch mates.
func (w *worker) predictRows(first, rows int, features, scores []float32) {
	err := w.try(rows, features, scores)
	switch {
	case err == nil:
		w.checkFinite(first, rows, scores)
	case errors.Is(err, model.ErrUnavailable): // of no row's doing: smaller batches would fail too
		w.blameAll(err)
	case rows == 1:
		w.blame(first, err)
	default:
		w.halve(first, rows, features, scores)
	}
}

func (w *worker) halve(first, rows int, features, scores []float32) {
	half := rows / 2
	nf, no := w.pool.features, w.pool.outputs
	w.again(first, half, features[:half*nf], scores[:half*no])
	w.again(first+half, rows-half, features[half*nf:], scores[half*no:])
}

// again runs rows of a batch that failed, without those that nobody wants any
// more.
func (w *worker) again(first, rows int, features, scores []float32) {
	switch wanted := w.wanted(first, rows); {
	case wanted == rows:
		w.predictRows(first, rows, features, scores)
	case wanted > 0:
		w.halve(first, rows, features, scores)
	}
}

// wanted counts the rows, among the given ones, of requests that can still be
// predicted: none of their rows here is known to be at fault, and they were
// not resolved, abandoned or overtaken by their deadline meanwhile.
func (w *worker) wanted(first, rows int) (n int) {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	now := w.pool.now()
	at := 0 // the batch's row at which the span starts
	for i := range w.batch.spans {
		sp := &w.batch.spans[i]
		r := sp.r
		if sp.fault == nil && !r.resolved && !r.stream.closed && !r.due(now) {
			n += max(0, min(first+rows, at+sp.rows)-max(first, at))
		}
		at += sp.rows
	}
	return n
}

func (w *worker) checkFinite(first, rows int, scores []float32) {
	if model.Finite(scores) {
		return
	}
	width := w.pool.outputs
	for row := range rows {
		if !model.Finite(scores[row*width : (row+1)*width]) {
			w.blame(first+row, ErrNotFinite)
		}
	}
}

// blameAll marks every span of the batch that has no fault yet, also those that were
// run in an earlier half: an engine that is away is not asked again for the rest, which
// might wait for it.
func (w *worker) blameAll(err error) {
	w.pool.mu.Lock() // wanted reads faults under it
	defer w.pool.mu.Unlock()
	for i := range w.batch.spans {
		if sp := &w.batch.spans[i]; sp.fault == nil {
			sp.fault = err
		}
	}
}

// blame marks the span that has the batch's given row.
func (w *worker) blame(row int, err error) {
	for i := range w.batch.spans {
		sp := &w.batch.spans[i]
		if row < sp.rows {
			if sp.fault == nil {
				sp.fault = err
			}
			return
		}
		row -= sp.rows
	}
}
