package inference_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"penstock/inference"
	"penstock/model/modeltest"
)

// TestAbandon answers what waits and what runs, once each, although the engine
// hangs; what it brings back later goes to nobody.
func TestAbandon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, in := newGate(), newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: 4})
		s := p.Open(in, inference.Share{})
		defer s.Close()
		runs, half, waits := m.rows(0, 2), m.rows(10, 6), m.rows(20, 1)
		mustSubmit(t, s, runs)
		<-g.batches
		mustSubmit(t, s, half, waits)
		if n := p.Abandon(); n != 3 {
			t.Errorf("%d requests were answered; want 3", n)
		}
		for range 3 {
			if r := <-in; r.Result.Outcome != inference.Stopped {
				t.Errorf("outcome %v; want stopped", r.Result.Outcome)
			}
		}
		if runs.Reusable() || !waits.Reusable() {
			t.Error("the memory of what runs was given back, or that of what waits was not")
		}
		if err := s.Submit(m.rows(30, 1)); err == nil {
			t.Error("new work was taken")
		}
		g.open()
		synctest.Wait()
		mustBeQuiet(t, in)
		if err := p.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		if n := p.Abandon(); n != 0 {
			t.Errorf("%d requests were answered twice", n)
		}
	})
}

// panicky is a sink that panics in both its methods.
type panicky struct{ replies, flushes atomic.Int64 }

func (s *panicky) Reply(*inference.Request) { s.replies.Add(1); panic("reply") }
func (s *panicky) Flush()                   { s.flushes.Add(1); panic("flush") }

// TestSinksThatPanic lose their own replies and nothing else, whoever delivers
// them: a worker, a submitter that leads, the watch over deadlines, Abandon.
func TestSinksThatPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, in, bad := newGate(), newInbox(), new(panicky)
		var told atomic.Int64
		m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: 8, Panicked: func(any) { told.Add(1) }})
		good, evil := p.Open(in, inference.Share{Name: "good"}), p.Open(bad, inference.Share{Name: "evil"})
		defer good.Close()
		defer evil.Close()
		step := func(submit func()) {
			t.Helper()
			submit()
			<-g.batches
			g.release <- struct{}{}
			synctest.Wait()
		}
		step(func() { mustSubmit(t, evil, m.rows(1, 1)) })
		mustSubmit(t, evil, m.rows(1, 1)) // runs while the next are gathered
		<-g.batches
		mustSubmit(t, evil, m.rows(2, 1), m.rows(3, 1))
		mustSubmit(t, good, m.rows(4, 1))
		g.release <- struct{}{}
		step(func() {})
		mustPredict(t, m, <-in)

		late := m.rows(5, 1)
		late.Deadline = time.Second
		mustSubmit(t, evil, m.rows(6, 1))
		<-g.batches
		mustSubmit(t, evil, late)
		time.Sleep(2 * time.Second)
		if n := bad.replies.Load(); n != 5 {
			t.Errorf("%d replies; want 5, that of the deadline among them", n)
		}
		mustSubmit(t, good, m.rows(7, 1))
		p.Abandon()
		if r := <-in; r.Result.Outcome != inference.Stopped {
			t.Errorf("outcome %v; want stopped", r.Result.Outcome)
		}
		g.open()
		if err := p.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		st := p.Stats()
		if n := bad.replies.Load() + bad.flushes.Load(); bad.replies.Load() != 6 || uint64(n) != st.SinkPanics || n != told.Load() {
			t.Errorf("%d replies and flushes panicked, %d counted, %d told", n, st.SinkPanics, told.Load())
		}
	})
}
