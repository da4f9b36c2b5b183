package inference

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrDraining refuses new work: the pool is about to stop.
	ErrDraining = errors.New("inference: draining; no new work is taken")
	// ErrStreamClosed refuses work on a stream after Close.
	ErrStreamClosed = errors.New("inference: the stream is closed")
)

// OverloadedError refuses a request because the queue is full.
type OverloadedError struct {
	// RetryAfter is how long the rows that the caller has in the queue will take, at
	// its part of the speed of the latest batches. It is at most what the whole queue
	// takes, which is what somebody hears who fills it.
	RetryAfter time.Duration
}

func (e *OverloadedError) Error() string {
	return fmt.Sprintf("inference: the queue is full; try again in %v", e.RetryAfter)
}

// ShapeError refuses a request whose rows do not have the model's features.
type ShapeError struct {
	Rows          int // rows of the request
	Expected, Got int // values over all its rows
}

func (e *ShapeError) Error() string {
	return fmt.Sprintf("inference: %d rows need %d values, got %d", e.Rows, e.Expected, e.Got)
}

// RowsError refuses a request with no rows, or more than a window.
type RowsError struct{ Max, Got int }

func (e *RowsError) Error() string {
	return fmt.Sprintf("inference: a request has 1 to %d rows, got %d", e.Max, e.Got)
}
