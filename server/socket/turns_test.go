package socket

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
)

// TestTurnsAreSharedOut: of those who wait, each share gets its turn before any gets a
// second, however many wait of it; who gives up waiting takes no turn along.
func TestTurnsAreSharedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns()
		for range turns.most {
			if err := turns.take(t.Context(), "first"); err != nil {
				t.Fatal(err)
			}
		}
		var order []string
		var mu sync.Mutex
		var waiting sync.WaitGroup
		wait := func(ctx context.Context, share string) {
			waiting.Go(func() {
				if turns.take(ctx, share) != nil {
					return
				}
				mu.Lock()
				order = append(order, share)
				mu.Unlock()
				turns.give()
			})
			synctest.Wait()
		}
		gone, leave := context.WithCancel(t.Context())
		for range 500 {
			wait(t.Context(), "hog")
		}
		wait(gone, "gone")
		for i := range 3 {
			wait(t.Context(), fmt.Sprint("light ", i))
		}
		leave()
		synctest.Wait()
		for range turns.most {
			turns.give()
			synctest.Wait()
		}
		waiting.Wait()
		if len(order) != 503 {
			t.Fatalf("%d had their turn; want 503", len(order))
		}
		for i, share := range order {
			if share != "hog" && i > 4 {
				t.Errorf("%s had turn %d", share, i)
			}
		}
		if turns.free != turns.most || len(turns.queues) != 0 || len(turns.round) != 0 {
			t.Errorf("%d of %d turns are free, %d wait", turns.free, turns.most, len(turns.round))
		}
	})
}
