package inference_test

import (
	"context"
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
				hog := p.Open(in, inference.Share{})
				defer hog.Close()
				for first := 0; first < hogRows; first += c.hogSize {
					mustSubmit(t, hog, m.rows(uint32(first), c.hogSize))
				}
				for range 3 { // late in the hog's backlog as well as early
					<-g.batches
					for range light {
						s := p.Open(in, inference.Share{})
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
	if r.Result.Outcome == inference.Predicted {
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
					s, size := p.Open(shares[i], inference.Share{}), c.sizes[i%len(c.sizes)]
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

// TestFullQueueKeepsRoom: what the queue has left is for those who have little
// in it: first for other callers, then for other streams of the same one.
func TestFullQueueKeepsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		m := &spy{Oracle: modeltest.Oracle{Features: 2}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: 1, Window: 64, QueueRows: 128})
		open := func(caller string) *inference.Stream {
			s := p.Open(newInbox(), inference.Share{Name: caller})
			t.Cleanup(func() { s.Close() })
			return s
		}
		submit := func(s *inference.Stream, rows int) error { return s.Submit(m.rows(1, rows)) }
		var overloaded *inference.OverloadedError
		fill := func(s *inference.Stream, most int) (n int) {
			for ; n < most; n++ {
				if err := submit(s, 1); errors.As(err, &overloaded) {
					return n
				} else if err != nil {
					t.Fatal(err)
				}
			}
			return n
		}
		hog, second, other := open("hog"), open("hog"), open("other")
		mustSubmit(t, hog, m.rows(0, 1))
		<-g.batches // it runs; the others wait
		if n := fill(hog, 63) + fill(second, 64); n != 96 {
			t.Errorf("two streams filled %d of 128 rows; want three quarters", n)
		}
		if n := fill(open("hog"), 10); n != 5 {
			t.Errorf("a third stream of the caller could add %d; want its third of a sixteen-row eighth", n)
		}
		if n := fill(other, 20); n != 11 {
			t.Errorf("another caller could add %d; want what is left up to seven eighths, and its half of the last", n)
		}
		g.open()
	})
}

// TestAStreamAloneFillsItsWindow, also where the queue is no larger.
func TestAStreamAloneFillsItsWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		m := &spy{Oracle: modeltest.Oracle{Features: 2}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: 1, Window: 64, QueueRows: 64})
		s := p.Open(newInbox(), inference.Share{})
		defer s.Close()
		for n := range uint32(64) {
			if err := s.Submit(m.rows(n, 1)); err != nil {
				t.Fatalf("row %d: %v", n, err)
			}
		}
		g.open()
	})
}

// TestManyStreamsAreOneCaller: however many streams a caller fills, others get
// their share of every batch and are never shed.
func TestManyStreamsAreOneCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const lights, hogStreams, maxBatch, batchTime = 50, 500, 64, time.Millisecond
		m := &spy{Oracle: modeltest.Oracle{Features: 1}}
		m.predict = func([]uint32) { time.Sleep(batchTime) } // the bubble's clock
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: maxBatch, Window: 1024})
		var submitters sync.WaitGroup
		ended := func(err error) bool {
			return errors.Is(err, inference.ErrDraining) || errors.Is(err, inference.ErrStreamClosed)
		}
		for range hogStreams {
			s := p.Open(new(tally), inference.Share{Name: "hog"})
			defer s.Close()
			submitters.Go(func() {
				for {
					switch err := s.Submit(m.rows(0, 16)); {
					case ended(err):
						return
					case err != nil:
						time.Sleep(batchTime)
					}
				}
			})
		}
		time.Sleep(time.Second)
		if st := p.Stats(); st.Shed == 0 {
			t.Fatal("the hog does not fill the queue")
		}
		shares, slowest := make([]*tally, lights), new(atomic.Int64)
		for i := range shares {
			shares[i] = new(tally)
			done := make(chan struct{}, 1)
			s := p.Open(sinkFunc(func(r *inference.Request) {
				shares[i].Reply(r)
				slowest.Store(max(slowest.Load(), int64(r.Result.Total)))
				done <- struct{}{}
			}), inference.Share{Name: fmt.Sprint(i)})
			defer s.Close()
			submitters.Go(func() {
				for {
					if err := s.Submit(m.rows(0, 1)); ended(err) {
						return
					} else if err != nil {
						t.Errorf("a light caller got %v", err)
						return
					}
					<-done
				}
			})
		}
		time.Sleep(time.Second)
		p.stop()
		submitters.Wait()
		if index := jain(shares); index < 0.99 {
			t.Errorf("Jain's index of the light callers is %.3f; want 0.99 or more", index)
		}
		if took := time.Duration(slowest.Load()); took > 2*batchTime {
			t.Errorf("a light request took %v; want two batches at most", took)
		}
	})
}

// TestHogGetsWhatIsLeft: one caller with 500 streams at 100 times the rate of 50 light
// ones together. They get all that they ask for, and soon; it gets the rest of what the
// model can do, and no more. The size of the weights does not matter, nor, while there
// is enough for the light ones, that the hog's is larger.
func TestHogGetsWhatIsLeft(t *testing.T) {
	for _, c := range []struct{ hog, light int }{{1, 1}, {1000, 1000}, {10, 1}, {1, 10}} {
		t.Run(fmt.Sprintf("hog of weight %d, others of %d", c.hog, c.light), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { hogAndLights(t, c.hog, c.light) })
		})
	}
}

func hogAndLights(t *testing.T, hogWeight, lightWeight int) {
	const (
		lights, hogStreams      = 50, 500
		maxBatch, batchTime     = 64, time.Millisecond
		asked, askTime, hogRows = 50, 10 * time.Millisecond, 16
		// 100 times lights/askTime rows a second, from all streams of the hog
		hogTime = hogStreams * hogRows * askTime / (100 * lights)
	)
	m := &spy{Oracle: modeltest.Oracle{Features: 1}}
	var hogs, all atomic.Int64 // rows that were run
	m.predict = func(nonces []uint32) {
		time.Sleep(batchTime) // the bubble's clock
		for _, nonce := range nonces {
			hogs.Add(int64(nonce))
			all.Add(1)
		}
	}
	p := start(t, m, inference.Options{Workers: 1, MaxBatch: maxBatch})
	over, end := context.WithCancel(t.Context())
	defer end()
	var everybody, light sync.WaitGroup
	for i := range hogStreams {
		s := p.Open(new(tally), inference.Share{Name: "hog", Weight: hogWeight})
		everybody.Go(func() {
			defer s.Close()
			time.Sleep(hogTime * time.Duration(i) / hogStreams)
			for over.Err() == nil {
				_ = s.Submit(m.same(1, hogRows)) // shed, for the most part
				time.Sleep(hogTime)
			}
		})
	}
	time.Sleep(time.Second)
	shares, slowest := make([]*tally, lights), new(atomic.Int64)
	synctest.Wait() // so that no batch is being counted
	began, hogsBefore, allBefore := time.Now(), hogs.Load(), all.Load()
	for i := range shares {
		shares[i] = new(tally)
		s := p.Open(sinkFunc(func(r *inference.Request) {
			shares[i].Reply(r)
			slowest.Store(max(slowest.Load(), int64(r.Result.Total)))
		}), inference.Share{Name: fmt.Sprint(i), Weight: lightWeight})
		light.Go(func() {
			defer s.Close()
			time.Sleep(askTime * time.Duration(i) / lights)
			for range asked {
				if err := s.Submit(m.rows(0, 1)); err != nil {
					t.Errorf("a light caller got %v", err)
				}
				time.Sleep(askTime)
			}
		})
	}
	light.Wait()
	synctest.Wait()
	took, ran, surplus := time.Since(began), all.Load()-allBefore, hogs.Load()-hogsBefore
	end()
	everybody.Wait()
	for i, share := range shares {
		if got := share.rows.Load(); got != asked {
			t.Errorf("light caller %d was answered %d of %d rows", i, got, asked)
		}
	}
	if index := jain(shares); index < 0.95 {
		t.Errorf("Jain's index of the light callers is %.3f; want 0.95 or more", index)
	}
	if slow := time.Duration(slowest.Load()); slow > 3*batchTime {
		t.Errorf("a light request took %v; want three batches at most", slow)
	}
	could := int64(took/batchTime) * maxBatch
	if ran < could-2*maxBatch || surplus != ran-lights*asked {
		t.Errorf("of the %d rows that the model could run it ran %d, %d of them the hog's; want all, less %d", could, ran, surplus, lights*asked)
	}
}
