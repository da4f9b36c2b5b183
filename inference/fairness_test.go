package inference_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"penstock/inference"
	"penstock/model/modeltest"
)

func TestHogDoesNotDelayLightStreams(t *testing.T) {
	const light, hogRows, maxBatch = 50, 1024, 64
	cases := []struct {
		name    string
		hogSize int // rows of one of its requests
	}{{"single rows", 1}, {"large requests", 256}}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, in := newGate(), newInbox()
				m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
				p := start(t, m, inference.Options{Workers: 1, MaxBatch: maxBatch, Window: hogRows})
				hog := p.Open(in)
				defer hog.Close()
				for first := 0; first < hogRows; first += c.hogSize {
					mustSubmit(t, hog, m.rows(uint32(first), c.hogSize))
				}
				for range 3 { // late in the hog's backlog as well as early
					<-g.batches
					for range light {
						s := p.Open(in)
						defer s.Close()
						mustSubmit(t, s, m.rows(hogRows, 1))
					}
					g.release <- struct{}{}
					batch, served := <-g.batches, 0
					for _, nonce := range batch {
						if nonce == hogRows {
							served++
						}
					}
					if served != light || len(batch) != maxBatch {
						t.Fatalf("the next batch has %d rows, %d of them of %d light streams; want %d and all", len(batch), served, light, maxBatch)
					}
					g.release <- struct{}{}
				}
				g.open()
			})
		})
	}
}

// tally is a sink that counts the rows of a stream's predictions.
type tally struct{ rows atomic.Int64 }

func (c *tally) Reply(r *inference.Request) {
	if r.Outcome == inference.Predicted {
		c.rows.Add(int64(r.Rows))
	}
}
func (c *tally) Flush() {}

// jain is the fairness index of Jain, Chiu and Hawe (1984): 1 when all are
// equal, 1/n when one has all.
func jain(shares []*tally) float64 {
	var sum, squares float64
	for _, c := range shares {
		x := float64(c.rows.Load())
		sum += x
		squares += x * x
	}
	return sum * sum / (float64(len(shares)) * squares)
}

func TestBackloggedStreamsGetEqualShares(t *testing.T) {
	cases := []struct {
		streams, maxBatch int
		sizes             []int // of a stream's requests, by turns
	}{
		{2, 8, []int{1}}, {3, 8, []int{1}}, {2, 5, []int{1}}, {7, 64, []int{1}}, {50, 64, []int{1}}, {100, 64, []int{1}},
		{2, 8, []int{1, 32}}, {10, 64, []int{1, 7, 32}}, {30, 16, []int{1, 2, 3, 31}},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%d streams, batches of %d, sizes %v", c.streams, c.maxBatch, c.sizes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &spy{Oracle: modeltest.Oracle{Features: 1}}
				m.predict = func([]uint32) { time.Sleep(time.Millisecond) } // the bubble's clock
				p := start(t, m, inference.Options{Workers: 1, MaxBatch: c.maxBatch, Window: 128})

				var submitters sync.WaitGroup
				shares := make([]*tally, c.streams)
				for i := range shares {
					shares[i] = new(tally)
					s, size := p.Open(shares[i]), c.sizes[i%len(c.sizes)]
					defer s.Close()
					submitters.Go(func() {
						for {
							if err := s.Submit(m.rows(0, size)); errors.Is(err, inference.ErrDraining) {
								return
							}
						}
					})
				}
				time.Sleep(time.Second)
				p.stop()
				submitters.Wait()
				if index := jain(shares); index < 0.99 {
					t.Errorf("Jain's index is %.3f; want 0.99 or more", index)
				}
			})
		})
	}
}

// TestFullQueueHasRoomForNewcomers: streams that fill the queue are shed, one
// of which nothing waits is let in.
func TestFullQueueHasRoomForNewcomers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		m := &spy{Oracle: modeltest.Oracle{Features: 2}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: 1, Window: 64, QueueRows: 64})
		hog, light := p.Open(newInbox()), p.Open(newInbox())
		defer hog.Close()
		defer light.Close()
		var err error
		accepted := uint32(0)
		for ; err == nil && accepted < 64; accepted++ {
			err = hog.Submit(m.rows(accepted, 1))
			if accepted == 0 {
				<-g.batches // it runs; the others wait
			}
		}
		var overloaded *inference.OverloadedError
		if !errors.As(err, &overloaded) {
			t.Errorf("after %d requests the hog got %v; want it to be shed", accepted, err)
		}
		if err := light.Submit(m.rows(1000, 1)); err != nil {
			t.Errorf("the newcomer got %v", err)
		}
		if err := light.Submit(m.rows(1001, 1)); !errors.As(err, &overloaded) {
			t.Errorf("once something of it waits it got %v; want it to be shed", err)
		}
		g.open()
	})
}
