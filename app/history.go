package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/model"
	"penstock/outputs"
	"penstock/quality"
	"penstock/quality/store"
)

// history keeps what labels say for longer than the process: in the data directory, or
// where there is none in memory, for as long as the process lives.
type history struct {
	*store.Store
	logger *slog.Logger
	memory bool // nothing outlives the process

	outcomes atomic.Int64 // rows since the last checkpoint was tried
	happened uint64       // quality.Store.Happened at the last checkpoint
}

// A checkpoint is taken each minute, and after so many outcomes, so that what follows it
// is read in less than a second when the process starts again.
const (
	checkpointEvery    = time.Minute
	checkpointOutcomes = 500_000
	checkpointLook     = time.Second
)

// rowBytes is how much memory the rows take that --quality-features keeps.
const rowBytes = 64 << 20

func (o *Options) keptRows() int {
	if o.QualityFeatures {
		return rowBytes
	}
	return 0
}

// inMemory bounds the history of a process that keeps nothing.
const inMemory = 64 << 20

func openHistory(o *Options, registerer prometheus.Registerer) (*history, error) {
	bytes := o.QualityBytes
	if o.DataDir == "" {
		bytes = min(bytes, inMemory)
	}
	of := store.Options{Dir: o.DataDir, Keep: o.QualityKeep, Bytes: bytes, Logger: o.Logger, Registerer: registerer}
	opened, err := store.Open(of)
	memory := o.DataDir == ""
	if store.DiskFailed(err) { // predictions do not wait for somebody to tidy up
		o.Logger.Error("the history of quality cannot be opened; it is in memory until the next start", "err", err)
		memory = true
		of.Bytes = min(of.Bytes, inMemory)
		opened, err = store.OpenInstead(of, err)
	}
	if err != nil {
		return nil, fmt.Errorf("--data-dir: %w", err)
	}
	return &history{Store: opened, logger: o.Logger, memory: memory}, nil
}

// load puts what was kept into a store to which the models that are served have been
// added.
func (h *history) load(into *quality.Store) error {
	kinds := outputs.Standard()
	judge := func(kind string, classes []string, width int) quality.Judge {
		return kinds.Judge(model.Output{Kind: model.Kind(kind), Classes: classes, Width: width})
	}
	found, err := h.LoadCheckpoint(func(r io.Reader) error { return into.Load(r, judge) })
	var unusable *store.CheckpointError
	switch {
	case errors.As(err, &unusable):
		h.logger.Warn("quality is learned again from all that was kept", "err", err)
	case err != nil:
		return fmt.Errorf("--data-dir: %w", err)
	}
	if err := h.Replay(func(batch *quality.Batch) error {
		into.Replay(batch)
		return nil
	}); err != nil {
		return fmt.Errorf("--data-dir: %w", err)
	}
	if found {
		h.logger.Info("quality goes on from what was kept", "remembered_rows", into.Remembered())
	}
	return nil
}

// run keeps what happens until ctx ends, and takes the last checkpoint then.
func (h *history) run(ctx context.Context, from *quality.Store) {
	checkpoints := make(chan struct{})
	go func() {
		defer close(checkpoints)
		h.checkpoints(ctx, from)
	}()
	err := h.Run(ctx, func(batch *quality.Batch) {
		from.Take(batch)
		h.count(batch)
	})
	<-checkpoints
	if err == nil {
		err = h.checkpoint(from)
	}
	if err != nil {
		h.logger.Error("the last of the quality is not kept", "err", err)
	}
}

func (h *history) count(batch *quality.Batch) {
	for i := range batch.Outcomes {
		h.outcomes.Add(int64(batch.Outcomes[i].Len()))
	}
}

// checkpoints takes them while ctx lasts, when something has happened.
func (h *history) checkpoints(ctx context.Context, from *quality.Store) {
	look := time.NewTicker(checkpointLook)
	defer look.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-look.C:
			outcomes := h.outcomes.Load()
			due := now.Sub(last) >= checkpointEvery && (outcomes > 0 || from.Happened() != h.happened)
			if !due && outcomes < checkpointOutcomes {
				continue
			}
			last = now
			if err := h.checkpoint(from); err != nil {
				h.logger.Warn("a checkpoint of the quality could not be written; the one before holds", "err", err)
			}
		}
	}
}

func (h *history) checkpoint(from *quality.Store) error {
	if h.memory {
		return nil
	}
	h.outcomes.Store(0)
	happened := from.Happened()
	err := h.Checkpoint(func(w io.Writer, since *quality.Batch) error { return from.TakeState(since).Write(w) })
	if err == nil {
		h.happened = happened
	}
	return err
}
