//go:build !linux

package bench

import (
	"context"
	"time"
)

// pacer sleeps as well as the runtime's timers do. The report tells how late
// they were.
type pacer struct{}

func newPacer() (*pacer, error) { return &pacer{}, nil }

func (p *pacer) close() {}

// sleep waits for d and reports whether ctx was alive after it.
func (p *pacer) sleep(ctx context.Context, d time.Duration) bool { return pause(ctx, d) }
