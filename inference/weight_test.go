package inference_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"penstock/inference"
	"penstock/model/modeltest"
)

// TestSaturatedCallersGetTheirWeights, where each has as much as it can send.
func TestSaturatedCallersGetTheirWeights(t *testing.T) {
	cases := []struct {
		maxBatch int
		weights  []int
		streams  int // of the first caller; the others have one
	}{
		{64, []int{1, 2, 4}, 1},
		{64, []int{1, 1, 10}, 100},
		{64, []int{100, 100, 300}, 20},
		{8, []int{1, 20}, 3},
		{3, []int{5, 1, 2, 2}, 1},
		{1, []int{3, 2}, 7},
		{64, []int{1, 100}, 9},
		{64, []int{-5, 0, 1}, 4}, // all count as 1
		{5, []int{inference.MaxWeight, 10 * inference.MaxWeight}, 1},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("batches of %d, weights %v", c.maxBatch, c.weights), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &spy{Oracle: modeltest.Oracle{Features: 1}}
				m.predict = func([]uint32) { time.Sleep(time.Millisecond) } // the bubble's clock
				p := start(t, m, inference.Options{Workers: 1, MaxBatch: c.maxBatch, Window: 512, QueueRows: 1 << 20})
				var submitters sync.WaitGroup
				served := make([]*tally, len(c.weights))
				for i, weight := range c.weights {
					served[i] = new(tally)
					for n := range c.streams {
						if i > 0 && n > 0 {
							break
						}
						s := p.Open(served[i], inference.Share{Name: fmt.Sprint(i), Weight: weight})
						submitters.Go(func() {
							defer s.Close()
							for !errors.Is(s.Submit(m.rows(0, 1+i%3)), inference.ErrDraining) {
							}
						})
					}
				}
				rows := func() (now []float64) {
					synctest.Wait()
					for _, s := range served {
						now = append(now, float64(s.rows.Load()))
					}
					return now
				}
				time.Sleep(10 * time.Millisecond) // who is the first to submit has the first batch
				before := rows()
				time.Sleep(time.Second)
				got := rows()
				p.stop()
				submitters.Wait()
				var all, weights float64
				for i, weight := range c.weights {
					got[i] -= before[i]
					all += got[i]
					weights += float64(min(max(weight, 1), inference.MaxWeight))
				}
				for i, weight := range c.weights {
					want := all * float64(min(max(weight, 1), inference.MaxWeight)) / weights
					if got[i] < 0.97*want || got[i] > 1.03*want {
						t.Errorf("weight %d got %.0f rows; want %.0f, give or take 3 %%", weight, got[i], want)
					}
				}
			})
		})
	}
}

// TestNewestWeightHolds for all streams of a caller, from the next turn on.
func TestNewestWeightHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const a, b, plug = 1, 2, 9
		g := newGate()
		m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: 8})
		defer g.open()
		open := func(name string, weight int) *inference.Stream {
			s := p.Open(newInbox(), inference.Share{Name: name, Weight: weight})
			t.Cleanup(func() { s.Close() })
			return s
		}
		mustSubmit(t, open("c", 1), m.same(plug, 1))
		<-g.batches
		mustSubmit(t, open("a", 1), m.same(a, 500))
		mustSubmit(t, open("b", 1), m.same(b, 500))
		for _, c := range []struct{ weightOfA, want int }{{1, 40}, {3, 60}, {7, 70}, {0, 40}} {
			open("a", c.weightOfA)
			got := 0
			for range 10 {
				g.release <- struct{}{}
				for _, nonce := range <-g.batches {
					if nonce == a {
						got++
					}
				}
			}
			if got < c.want-1 || got > c.want+1 {
				t.Errorf("of 80 rows beside a caller of weight 1, weight %d got %d; want %d", c.weightOfA, got, c.want)
			}
		}
	})
}

// TestRetryAfterIsTheCallersOwn: whoever fills the queue is told to wait until it is
// worked off; whoever finds it full, until its own rows have had their turns.
func TestRetryAfterIsTheCallersOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const queue, rowTime = 800, time.Millisecond
		m := &spy{Oracle: modeltest.Oracle{Features: 1}}
		hold := make(chan struct{})
		m.predict = func(nonces []uint32) {
			time.Sleep(rowTime * time.Duration(len(nonces))) // the bubble's clock
			if nonces[0] == 1 {
				<-hold
			}
		}
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: 1, QueueRows: queue, Window: queue})
		open := func(name string, weight int) *inference.Stream {
			s := p.Open(newInbox(), inference.Share{Name: name, Weight: weight})
			t.Cleanup(func() { s.Close() })
			return s
		}
		in := newInbox()
		plug := p.Open(in, inference.Share{Name: "plug"})
		defer plug.Close()
		mustSubmit(t, plug, m.same(0, 1)) // from which the pool knows how long a row takes
		<-in
		mustSubmit(t, plug, m.same(1, 1))
		synctest.Wait() // it is held in the engine; all below waits
		defer close(hold)

		hog, other, heavy := open("hog", 1), open("other", 1), open("heavy", 8)
		mustSubmit(t, hog, m.same(0, 600))
		mustSubmit(t, other, m.same(0, 10))
		mustSubmit(t, heavy, m.same(0, 190)) // now it is full
		for _, c := range []struct {
			name   string
			stream *inference.Stream
			rows   int
			want   time.Duration
		}{
			{"whoever fills the queue", hog, 1, queue * rowTime},
			{"one with 10 rows, and one more, of weight 1 in 10", other, 1, 110 * rowTime},
			{"one with 190, of weight 8 in 10", heavy, 10, 250 * rowTime},
			{"one with none, of 1 in 11", open("new", 1), 2, 22 * rowTime},
		} {
			var overloaded *inference.OverloadedError
			if err := c.stream.Submit(m.same(0, c.rows)); !errors.As(err, &overloaded) {
				t.Errorf("%s: error %v; want an OverloadedError", c.name, err)
			} else if overloaded.RetryAfter != c.want {
				t.Errorf("%s is told to wait %v; want %v", c.name, overloaded.RetryAfter, c.want)
			}
		}
	})
}

// TestQueueIsSharedByWeight: a caller that filled the queue before others came takes
// nothing more in until it is down to its part, however many streams it has and
// however often it tries; the others fill theirs.
func TestQueueIsSharedByWeight(t *testing.T) {
	for _, c := range []struct{ weight, hogWeight int }{{1, 1}, {3, 1}, {1, 3}, {100, 100}} {
		t.Run(fmt.Sprintf("weight %d beside a hog of %d", c.weight, c.hogWeight), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const queue = 1024
				g := newGate()
				m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
				p := start(t, m, inference.Options{Workers: 1, MaxBatch: 8, QueueRows: queue, Window: 256})
				defer g.open()
				waiting := make(map[uint32]int) // rows, by caller
				var overloaded *inference.OverloadedError
				fill := func(caller int, streams []*inference.Stream) {
					for i := 0; ; i++ {
						err := streams[i%len(streams)].Submit(m.same(caller, 1))
						if errors.As(err, &overloaded) {
							return
						} else if err != nil {
							t.Fatal(err)
						}
						waiting[uint32(caller)]++
					}
				}
				open := func(n int, share inference.Share) (streams []*inference.Stream) {
					for range n {
						s := p.Open(new(tally), share)
						t.Cleanup(func() { s.Close() })
						streams = append(streams, s)
					}
					return streams
				}
				hog := open(40, inference.Share{Name: "hog", Weight: c.hogWeight})
				other := open(8, inference.Share{Name: "other", Weight: c.weight})
				mustSubmit(t, hog[0], m.same(0, 1))
				<-g.batches
				fill(0, hog)
				if n := waiting[0]; n < queue/2 {
					t.Errorf("alone, the hog filled %d rows of %d", n, queue)
				}
				for range 4 * queue / 8 {
					g.release <- struct{}{}
					for _, caller := range <-g.batches {
						waiting[caller]--
					}
					fill(0, hog)
					fill(1, other)
				}
				all := waiting[0] + waiting[1]
				want := all * c.weight / (c.weight + c.hogWeight)
				if got := waiting[1]; got < want*9/10 || got > want*11/10 || all < queue/2 {
					t.Errorf("of %d rows that wait, %d are the other's; want %d, give or take a tenth", all, got, want)
				}
			})
		})
	}
}
