package inference_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"penstock/inference"
	"penstock/model/modeltest"
)

func TestDrainWaitsForWhatWasAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: 2})
		replies, goOn := newInbox(), make(chan struct{})
		s := p.Open(sinkFunc(func(r *inference.Request) {
			replies <- r
			<-goOn // sinks should not block; this one stretches the moment
		}), inference.Share{})
		defer s.Close()
		mustSubmit(t, s, m.rows(0, 5), m.rows(10, 1))

		drained := make(chan error, 1)
		go func() { drained <- p.Drain(t.Context()) }()
		synctest.Wait()
		if err := s.Submit(m.rows(20, 1)); !errors.Is(err, inference.ErrDraining) {
			t.Errorf("Submit: %v; want %v", err, inference.ErrDraining)
		}
		g.open()
		synctest.Wait()
		if len(drained) > 0 || len(replies) == 0 {
			t.Fatal("Drain returned before the sink did")
		}
		close(goOn)
		if err := <-drained; err != nil {
			t.Fatal(err)
		}
		mustPredict(t, m, <-replies)
		mustPredict(t, m, <-replies)
		if st := p.Stats(); st.Refused != 1 || st.Predicted != 2 {
			t.Errorf("%+v; want 1 refused, 2 predicted", st)
		}
	})
}

func TestDrainGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1})
		in := newInbox()
		s := p.Open(in, inference.Share{})
		defer s.Close()
		mustSubmit(t, s, m.rows(0, 1))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := p.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Drain: %v; want %v", err, context.DeadlineExceeded)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("Drain took %v; want 1 s", took)
		}
		g.open()
		mustPredict(t, m, <-in) // late, but answered
		if err := p.Drain(t.Context()); err != nil {
			t.Errorf("the second Drain: %v", err)
		}
	})
}

func TestStopAnswersWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, in := newGate(), newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: 2})
		s := p.Open(in, inference.Share{})
		defer s.Close()
		mustSubmit(t, s, m.rows(0, 2))
		<-g.batches
		mustSubmit(t, s, m.rows(10, 1), within(time.Second, m.rows(20, 3)))

		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			p.stop()
		}()
		synctest.Wait()
		mustBeQuiet(t, in) // a batch runs
		g.open()
		<-stopped
		mustPredict(t, m, <-in)
		for range 2 {
			r := <-in
			mustEnd(t, r, inference.Stopped)
			if !r.Reusable() {
				t.Error("a stopped request is not reusable; no worker is left")
			}
		}
		if err := s.Submit(m.rows(30, 1)); !errors.Is(err, inference.ErrDraining) {
			t.Errorf("Submit: %v; want %v", err, inference.ErrDraining)
		}
		time.Sleep(time.Minute) // the bubble's clock: no deadline is left
		mustBeQuiet(t, in)
	})
}

func TestRunOfAnEndedContext(t *testing.T) {
	cause := errors.New("enough")
	m := &spy{Oracle: modeltest.Oracle{Features: 1}}
	p, err := inference.New(m, inference.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := newInbox()
	mustSubmit(t, p.Open(in, inference.Share{}), m.rows(0, 1))
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if err := p.Run(ctx); !errors.Is(err, cause) {
		t.Errorf("Run: %v; want %v", err, cause)
	}
	if r := <-in; r.Result.Outcome != inference.Predicted { // a worker may have been quicker
		mustEnd(t, r, inference.Stopped)
	}
	mustRest(t, p.Stats())
}

// Run ends after every goroutine that it started: a bubble with one left over
// would not end.
func TestRunWaitsForTheWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 3, MaxBatch: 1})
		s := p.Open(newInbox(), inference.Share{})
		defer s.Close()
		mustSubmit(t, s, m.rows(0, 2)) // keeps two of three
		synctest.Wait()
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			p.stop()
		}()
		for range 2 {
			synctest.Wait()
			select {
			case <-stopped:
				t.Fatal("Run returned while a worker ran")
			default:
			}
			g.release <- struct{}{}
		}
		<-stopped
		if open := m.Sessions(); open != 0 {
			t.Errorf("%d sessions are open after Run; want none", open)
		}
	})
}
