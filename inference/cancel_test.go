package inference_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"penstock/inference"
	"penstock/model/modeltest"
)

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, in := newGate(), newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: 4})
		s := p.Open(in, inference.Share{})
		defer s.Close()
		running, first, middle, last := m.rows(0, 6), m.rows(20, 1), m.rows(30, 1), m.rows(40, 1)
		mustSubmit(t, s, running)
		<-g.batches // with four rows of six
		mustSubmit(t, s, first, middle, last)

		for _, c := range []struct {
			name     string
			r        *inference.Request
			reusable bool
		}{{"running", running, false}, {"middle", middle, true}, {"last", last, true}} {
			if !s.Cancel(c.r) {
				t.Errorf("%s: could not be cancelled", c.name)
			}
			if c.r.Reusable() != c.reusable {
				t.Errorf("%s: reusable is %t; want %t", c.name, c.r.Reusable(), c.reusable)
			}
			if s.Cancel(c.r) {
				t.Errorf("%s: was cancelled twice", c.name)
			}
		}
		g.open()
		r := <-in
		mustPredict(t, m, r)
		if r != first {
			t.Errorf("the answer is for rows %v; want those of the first", r.Features)
		}
		if s.Cancel(r) {
			t.Error("an answered request was cancelled")
		}
		synctest.Wait()
		mustBeQuiet(t, in)
		if st := p.Stats(); st.Cancelled != 3 || st.Predicted != 1 {
			t.Errorf("%+v; want 3 cancelled, 1 predicted", st)
		}
	})
}

func TestClosedStreamGetsNoReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, in, other := newGate(), newInbox(), newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: 4})
		s, mate := p.Open(in, inference.Share{}), p.Open(other, inference.Share{})
		defer mate.Close()
		running := m.rows(0, 6) // four of them run
		mustSubmit(t, s, running)
		<-g.batches
		mustSubmit(t, s, m.rows(10, 1), m.rows(20, 2))
		mustSubmit(t, mate, m.rows(30, 1))

		if left := s.Close(); left != 3 {
			t.Errorf("Close left %d requests; want 3", left)
		}
		if left := s.Close(); left != 0 {
			t.Errorf("the second Close left %d requests; want 0", left)
		}
		if s.Cancel(running) {
			t.Error("a request of a closed stream was cancelled")
		}
		if err := s.Submit(m.rows(40, 1)); !errors.Is(err, inference.ErrStreamClosed) {
			t.Errorf("Submit: %v; want %v", err, inference.ErrStreamClosed)
		}
		if st := p.Stats(); st.QueueRows != 1 {
			t.Errorf("%d rows wait; want the mate's one", st.QueueRows)
		}
		g.open()
		mustPredict(t, m, <-other)
		synctest.Wait()
		mustBeQuiet(t, in)
		if st := p.Stats(); st.Discarded != 3 || st.Predicted != 1 || len(g.batches) != 1 {
			t.Errorf("%+v, %d more batches; want 3 discarded, 1 predicted, 1 batch", st, len(g.batches))
		}
	})
}

// TestCloseIdle leaves a stream open that owes answers, and closes it when it has given
// them.
func TestCloseIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, in := newGate(), newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 2}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1})
		s := p.Open(in, inference.Share{})
		mustSubmit(t, s, m.rows(0, 1))
		<-g.batches
		if s.CloseIdle() {
			t.Error("a stream was closed of which a request was running")
		}
		g.open()
		mustPredict(t, m, <-in)
		for range 2 { // closing once more is no harm
			if !s.CloseIdle() {
				t.Error("an idle stream was not closed")
			}
		}
		if err := s.Submit(m.rows(1, 1)); !errors.Is(err, inference.ErrStreamClosed) {
			t.Errorf("error %v; want ErrStreamClosed", err)
		}
	})
}
