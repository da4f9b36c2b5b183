package watch

import (
	"context"
	"time"
)

// A thousand frames written in one go would hold up predictions for as long as
// that takes, so a round of all dashboards takes most of the second from one
// tick to the next, and a few dashboards no longer than they must.
const (
	roundLength = 800 * time.Millisecond
	longestTurn = time.Millisecond
)

// Run sends dashboards their frames, in the order in which they came, until ctx
// ends. One goroutine does it for all: a thousand that woke on every tick,
// each with a timer of its own, would cost as much again as the system calls.
func (d *Dashboards) Run(ctx context.Context) {
	defer d.cancel()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var round []*watcher
	for {
		state := d.opt.Monitor.State()
		round = d.board.all(round[:0])
		began, turn := time.Now(), min(roundLength/time.Duration(max(len(round), 1)), longestTurn)
		now := began
		for i, c := range round {
			due := began.Add(time.Duration(i) * turn)
			for now.Before(due) {
				timer.Reset(due.Sub(now))
				select {
				case <-timer.C:
				case <-ctx.Done():
					return
				}
				now = time.Now()
			}
			c.turn(began)
		}
		clear(round) // those who leave are not held
		select {
		case <-state.Superseded():
		case <-ctx.Done():
			return
		}
	}
}

// turn is a watcher's part in a round. What goes wrong in it is that watcher's.
func (c *watcher) turn(now time.Time) {
	defer c.Contain()
	c.advance(now)
}
