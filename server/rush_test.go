package server_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"penstock/server"
)

// TestRush: who has the runtime use more threads is told when large messages come
// one after the other while others are served, and again when that is over; and
// is not told where nobody would gain.
func TestRush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []int
		heard := func() []int {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return append([]int(nil), told...)
		}
		r := start(t, setup{inMemory: true, server: func(o *server.Options) {
			o.Rush = func(busy int) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, busy)
			}
		}})
		small, large := r.connect("/ws/predict"), r.connect("/ws/predict")
		request := r.request("1", 7)
		request += strings.Repeat(" ", 40<<10-len(request))
		second := func(larges, smalls int) {
			for range larges {
				large.ask(request, r.prediction("1", 7))
			}
			for range smalls {
				small.ask(r.request("2", 8), r.prediction("2", 8))
			}
			time.Sleep(time.Second)
		}
		time.Sleep(time.Second / 2) // between two sweeps
		for range 3 {
			second(40, 0)
			second(3, 40)
			second(0, 0) // small messages of a second ago count
		}
		if got := heard(); len(got) != 0 {
			t.Fatalf("told %v by large messages alone, and by few", got)
		}
		second(0, 1)
		for range 40 { // it need not wait for the next sweep
			large.ask(request, r.prediction("1", 7))
		}
		if got := heard(); len(got) != 1 || got[0] < 1 {
			t.Fatalf("told %v; want how many large messages are read at a time", got)
		}
		for range 9 {
			second(0, 1)
		}
		second(40, 1) // not over yet
		for range 9 {
			second(0, 0)
		}
		if got := heard(); len(got) != 1 {
			t.Fatalf("told %v before it was over for ten seconds", got)
		}
		second(0, 0)
		if got := heard(); len(got) != 2 || got[1] != 0 {
			t.Fatalf("told %v; want 0 at the end", got)
		}
		small.leave()
		large.leave()
	})
}
