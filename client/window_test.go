package client

import (
	"container/list"
	"testing"

	"pgregory.net/rapid"
)

// Whatever comes and goes: the window is kept but for a lone large request,
// room is handed on in order, and nobody waits who could go.
func TestWindowKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := window{size: rapid.IntRange(1, 8).Draw(t, "size")}
		type pending struct {
			waiter *waiter
			place  *list.Element
		}
		var flying []int
		var queue []pending
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				rows := rapid.IntRange(1, 10).Draw(t, "rows")
				if w.take(rows) {
					flying = append(flying, rows)
				} else {
					waiter, place := w.wait(rows)
					queue = append(queue, pending{waiter, place})
				}
			case 1:
				if len(flying) > 0 {
					i := rapid.IntRange(0, len(flying)-1).Draw(t, "landing")
					rows := flying[i]
					flying = append(flying[:i], flying[i+1:]...)
					w.release(rows)
				}
			case 2:
				if len(queue) > 0 {
					i := rapid.IntRange(0, len(queue)-1).Draw(t, "leaving")
					w.leave(queue[i].waiter, queue[i].place)
					queue = append(queue[:i], queue[i+1:]...)
				}
			}
			for len(queue) > 0 && queue[0].waiter.granted {
				flying = append(flying, queue[0].waiter.rows)
				queue = queue[1:]
			}
			used := 0
			for _, rows := range flying {
				used += rows
			}
			switch {
			case used != w.used:
				t.Fatalf("the window counts %d, in flight are %d", w.used, used)
			case used > w.size && len(flying) > 1:
				t.Fatalf("%v in flight; the window is %d", flying, w.size)
			case len(queue) > 0 && w.fits(queue[0].waiter.rows):
				t.Fatalf("%d rows wait with %d of %d used", queue[0].waiter.rows, w.used, w.size)
			}
			for _, p := range queue {
				if p.waiter.granted {
					t.Fatal("room was handed on out of order")
				}
			}
		}
	})
}
