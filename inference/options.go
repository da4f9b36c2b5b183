package inference

import (
	"fmt"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Options bounds a pool. Zero fields take their defaults.
type Options struct {
	// Workers is how many batches run at the same time. Default: GOMAXPROCS.
	// More than the machine has cores only adds waiting.
	Workers int
	// MaxBatch is how many rows one batch may have. Default 64. Larger batches
	// help throughput until the engine's kernels are full, and cost latency.
	MaxBatch int
	// QueueRows is how many rows may wait over all streams; beyond it Submit
	// refuses with *OverloadedError. Where there are several callers, the last eighth
	// is kept for those of which nothing waits, or no more than their part of that
	// eighth; and where rows of several wait, the eighth before it for those that have no
	// more than their part of the first six. Parts are by Share.Weight, among those of
	// which rows wait. Of what a caller may have, another eighth is kept for its
	// streams of which little waits, but a stream can fill its Window if its caller can.
	// Default 16384. It bounds the
	// queueing delay to QueueRows divided by the rows per second that the model
	// does, and the memory to QueueRows × (features + outputs) × 4 bytes.
	QueueRows int
	// Window is how many rows one stream may have in flight; Submit blocks
	// beyond it, so that TCP slows the sender down. Default 1024.
	Window int
	// HangTimeout is how long a batch may run before its requests, and those that
	// have queued for as long, are answered with Expired and its worker is counted
	// as stuck. The pool looks every eighth of it. Default 10 s.
	HangTimeout time.Duration
	// Panicked is told what a Sink panicked with, on the goroutine that did: its
	// stack is still there. A panic of its own is dropped. Default: nobody is told, and
	// it is counted.
	Panicked func(v any)
	// Registerer takes the pool's metrics. Default: none.
	Registerer prometheus.Registerer
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *int
		value int
	}{
		{&o.Workers, runtime.GOMAXPROCS(0)},
		{&o.MaxBatch, 64},
		{&o.QueueRows, 16384},
		{&o.Window, 1024},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if o.Panicked == nil {
		o.Panicked = func(any) {}
	}
	if o.HangTimeout == 0 {
		o.HangTimeout = 10 * time.Second
	}
	return o
}

func (o Options) validate() error {
	for _, v := range []struct {
		field string
		value int
	}{
		{"Workers", o.Workers}, {"MaxBatch", o.MaxBatch},
		{"QueueRows", o.QueueRows}, {"Window", o.Window},
	} {
		if v.value < 1 {
			return fmt.Errorf("inference: %s is %d; expected at least 1", v.field, v.value)
		}
	}
	if o.HangTimeout < 0 {
		return fmt.Errorf("inference: HangTimeout is %v; expected a positive duration", o.HangTimeout)
	}
	if o.QueueRows < o.Window {
		return fmt.Errorf("inference: QueueRows is %d; expected at least Window (%d), or one stream could never fill its window", o.QueueRows, o.Window)
	}
	return nil
}
