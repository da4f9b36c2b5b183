package inference_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"penstock/inference"
	"penstock/model/modeltest"
)

// evilSink does harm in both its methods.
type evilSink struct {
	harm             func()
	replies, flushes atomic.Int64
}

func (s *evilSink) Reply(*inference.Request) { s.replies.Add(1); s.harm() }
func (s *evilSink) Flush()                   { s.flushes.Add(1); s.harm() }

// harms are what a sink, and who is told of its panics, may do.
var harms = []struct {
	name          string
	sink, panicks func()
}{
	{"panic", func() { panic("sink") }, func() {}},
	{"panic, and so does Panicked", func() { panic("sink") }, func() { panic("told") }},
	{"Goexit", runtime.Goexit, func() {}},
	{"panic, and Panicked exits", func() { panic("sink") }, runtime.Goexit},
}

// apart runs f on a goroutine of its own, which f may end, and waits for it.
func apart(f func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f()
	}()
	<-ended
}

// TestEveryLeaseEnds: whatever a sink does, the others of its batch have their
// replies, its worker goes on, and nothing is left that Drain would wait for, whoever
// delivers: a worker, a submitter that leads, the watch over deadlines, or Abandon.
func TestEveryLeaseEnds(t *testing.T) {
	for _, h := range harms {
		t.Run(h.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, in, bad := newGate(), newInbox(), &evilSink{harm: h.sink}
				m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
				p := start(t, m, inference.Options{Workers: 1, MaxBatch: 8, Panicked: func(any) { h.panicks() }})
				good, evil, worse := p.Open(in, inference.Share{Name: "good"}), p.Open(bad, inference.Share{Name: "evil"}), p.Open(bad, inference.Share{Name: "worse"})
				defer good.Close()
				defer evil.Close()
				defer worse.Close()

				// The worker, with a batch of several streams.
				mustSubmit(t, good, m.rows(0, 1))
				<-g.batches
				mustSubmit(t, evil, m.rows(1, 1), m.rows(2, 1))
				mustSubmit(t, worse, m.rows(3, 1))
				mustSubmit(t, good, m.rows(4, 1))
				g.release <- struct{}{}
				mustPredict(t, m, <-in)
				<-g.batches
				g.release <- struct{}{}
				mustPredict(t, m, <-in)
				synctest.Wait()
				mustHaveDone(t, bad, 3, 2)

				// The watch, of requests that wait; twice, for it must go on too.
				mustSubmit(t, good, m.rows(5, 1))
				<-g.batches
				for range 2 {
					mustSubmit(t, evil, within(time.Millisecond, m.rows(6, 1)))
					mustSubmit(t, worse, within(time.Millisecond, m.rows(7, 1)))
					time.Sleep(2 * time.Millisecond)
				}
				mustHaveDone(t, bad, 7, 2)

				// The worker, of what has expired when it forms a batch.
				g.release <- struct{}{}
				mustPredict(t, m, <-in)
				synctest.Wait()

				// Abandon, with a batch that runs.
				mustSubmit(t, evil, m.rows(8, 1))
				<-g.batches
				mustSubmit(t, worse, m.rows(9, 1))
				mustSubmit(t, good, m.rows(10, 1))
				apart(func() { p.Abandon() })
				mustEnd(t, <-in, inference.Stopped)
				mustHaveDone(t, bad, 9, 2)
				g.open()
				if err := p.Drain(t.Context()); err != nil {
					t.Error(err)
				}
				if st := p.Stats(); st.SinkPanics != uint64(bad.replies.Load()+bad.flushes.Load()) {
					t.Errorf("%d harms were counted; want %d and %d", st.SinkPanics, bad.replies.Load(), bad.flushes.Load())
				}
			})
		})
	}
}

// mustHaveDone checks how often a sink was called: replies exactly, flushes at least.
func mustHaveDone(t *testing.T, s *evilSink, replies, flushes int64) {
	t.Helper()
	if s.replies.Load() != replies || s.flushes.Load() < flushes {
		t.Fatalf("%d replies and %d flushes; want %d and at least %d", s.replies.Load(), s.flushes.Load(), replies, flushes)
	}
}

// TestALeaderGivesItsWorkerBack, whatever its sink does to its goroutine.
func TestALeaderGivesItsWorkerBack(t *testing.T) {
	for _, h := range harms {
		t.Run(h.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in, bad := newInbox(), &evilSink{harm: h.sink}
				m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: func([]uint32) { time.Sleep(10 * time.Microsecond) }}
				p := start(t, m, inference.Options{Workers: 1, Panicked: func(any) { h.panicks() }})
				good, evil := p.Open(in, inference.Share{Name: "good"}), p.Open(bad, inference.Share{Name: "evil"})
				defer good.Close()
				defer evil.Close()
				mustSubmit(t, good, m.rows(1, 1)) // so that the pool knows how fast it is
				mustPredict(t, m, <-in)
				synctest.Wait()
				for n := range uint32(3) {
					apart(func() { _, _ = evil.Lead(m.rows(n, 1)) })
					mustHaveDone(t, bad, int64(n+1), 0) // at once: it was led
				}
				if err := p.Drain(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestAnEngineThatEndsTheGoroutine fails the requests of its batch, whose scores
// nobody knows; its session is replaced, and the next batch is run, by a worker and by
// a leader.
func TestAnEngineThatEndsTheGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: func(nonces []uint32) {
			time.Sleep(10 * time.Microsecond)
			if nonces[0] >= 100 {
				runtime.Goexit()
			}
		}}
		p := start(t, m, inference.Options{Workers: 1})
		s := p.Open(in, inference.Share{})
		defer s.Close()
		lead := func(r *inference.Request) { apart(func() { _, _ = s.Lead(r) }) }
		submit := func(r *inference.Request) { mustSubmit(t, s, r) }
		for i, hand := range []func(*inference.Request){submit, lead} {
			hand(m.rows(1, 2))
			mustPredict(t, m, <-in)
			synctest.Wait()
			hand(m.rows(100, 2))
			r := <-in
			mustEnd(t, r, inference.Failed)
			if r.Result.Err == nil || !r.Reusable() {
				t.Errorf("error %v, reusable %t", r.Result.Err, r.Reusable())
			}
			synctest.Wait()
			hand(m.rows(2, 2))
			mustPredict(t, m, <-in)
			synctest.Wait()
			if st := p.Stats(); st.Panics != uint64(i+1) || m.sessionsMade() != i+2 || m.Sessions() != 1 {
				t.Errorf("%d panics, %d sessions made, %d open", st.Panics, m.sessionsMade(), m.Sessions())
			}
		}
	})
}
