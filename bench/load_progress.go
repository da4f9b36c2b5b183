package bench

import (
	"fmt"
	"sync"
	"time"
)

// tell writes a line a second to the load's Progress, until the function that it
// returns is called.
func (r *loadRun) tell() (stop func()) {
	if r.load.Progress == nil {
		return func() {}
	}
	ended, telling := make(chan struct{}), sync.WaitGroup{}
	begun := time.Now()
	telling.Go(func() {
		second := time.NewTicker(time.Second)
		defer second.Stop()
		for {
			select {
			case <-ended:
				return
			case <-second.C:
				_, _ = fmt.Fprintln(r.load.Progress, r.progress(time.Since(begun)))
			}
		}
	})
	return func() {
		close(ended)
		telling.Wait()
	}
}

// progress says how far it has come after a while.
func (r *loadRun) progress(after time.Duration) string {
	line := fmt.Sprintf("%3.0f s of %.0f", after.Seconds(), r.to.Seconds())
	if after < r.from {
		return line + ": warming up"
	}
	all := newTally()
	for _, t := range r.shards {
		all.merge(t)
	}
	line += fmt.Sprintf(": %d offered, %d predicted", all.offered, all.predicted)
	if failed := sum(all.errors) + sum(all.unsent); failed > 0 {
		line += fmt.Sprintf(", %d failed", failed)
	}
	return line + fmt.Sprintf(", p99 %.1f ms", percentiles(all.latency).P99)
}
