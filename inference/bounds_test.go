package inference_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"penstock/inference"
	"penstock/model/modeltest"
)

func TestFullQueueSheds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		m := &spy{Oracle: modeltest.Oracle{Features: 2}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: 4, QueueRows: 10, Window: 10})
		in, other := newInbox(), newInbox()
		a, b := p.Open(in, inference.Share{}), p.Open(other, inference.Share{})
		defer a.Close()
		defer b.Close()

		mustSubmit(t, a, m.rows(0, 1))
		<-g.batches // it runs, so it does not wait
		mustSubmit(t, a, m.rows(10, 9))
		mustSubmit(t, b, m.rows(20, 1)) // full now

		var overloaded *inference.OverloadedError
		if err := b.Submit(m.rows(30, 1)); !errors.As(err, &overloaded) || overloaded.RetryAfter <= 0 {
			t.Errorf("error %v; want an OverloadedError with a time to retry", err)
		}
		if st := p.Stats(); st.Shed != 1 || st.Accepted != 3 || st.QueueRows != 10 || st.QueueLimit != 10 {
			t.Errorf("%+v; want 1 shed, 3 accepted, 10 of 10 rows waiting", st)
		}

		g.open()
		mustPredict(t, m, <-in)
		mustPredict(t, m, <-in)
		mustPredict(t, m, <-other)
		mustSubmit(t, b, m.rows(40, 1)) // room again
		mustPredict(t, m, <-other)
	})
}

func TestFullWindowBlocksSubmit(t *testing.T) {
	freed := []struct {
		name string
		free func(*rig, *inference.Stream, *gate, *inference.Request)
		want error // of Submit
	}{
		{"until a reply", func(_ *rig, _ *inference.Stream, g *gate, _ *inference.Request) { g.release <- struct{}{} }, nil},
		{"until a cancel", func(_ *rig, s *inference.Stream, _ *gate, r *inference.Request) { s.Cancel(r) }, nil},
		{"until the stream closes", func(_ *rig, s *inference.Stream, _ *gate, _ *inference.Request) { s.Close() }, inference.ErrStreamClosed},
		{"until the pool drains", func(p *rig, _ *inference.Stream, g *gate, _ *inference.Request) {
			go func() { _ = p.Drain(context.Background()) }()
		}, inference.ErrDraining},
		{"until the pool stops", func(p *rig, _ *inference.Stream, g *gate, _ *inference.Request) { go p.stop() }, inference.ErrDraining},
	}
	for _, c := range freed {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate()
				m := &spy{Oracle: modeltest.Oracle{Features: 2}, predict: g.hold}
				p := start(t, m, inference.Options{Workers: 1, Window: 5})
				s := p.Open(newInbox(), inference.Share{})
				defer s.Close()
				defer g.open()

				first := m.rows(0, 3)
				mustSubmit(t, s, first)
				<-g.batches
				done := make(chan error, 1)
				go func() { done <- s.Submit(m.rows(20, 3)) }()
				synctest.Wait()
				if len(done) > 0 {
					t.Fatalf("Submit returned %v; want it to block", <-done)
				}
				began := time.Now()
				c.free(p, s, g, first)
				if err := <-done; !errors.Is(err, c.want) || time.Since(began) != 0 {
					t.Errorf("Submit returned %v after %v; want %v at once", err, time.Since(began), c.want)
				}
			})
		})
	}
}

func TestWrongRequestsAreRefused(t *testing.T) {
	const features, window = 3, 4
	cases := []struct {
		name         string
		rows, values int
		want         error
	}{
		{"no rows", 0, 0, &inference.RowsError{Max: window, Got: 0}},
		{"negative rows", -1, 3, &inference.RowsError{Max: window, Got: -1}},
		{"more than the window", 5, 15, &inference.RowsError{Max: window, Got: 5}},
		{"no values", 1, 0, &inference.ShapeError{Rows: 1, Expected: 3, Got: 0}},
		{"a value missing", 2, 5, &inference.ShapeError{Rows: 2, Expected: 6, Got: 5}},
		{"a value too many", 4, 13, &inference.ShapeError{Rows: 4, Expected: 12, Got: 13}},
	}
	m := &spy{Oracle: modeltest.Oracle{Features: features}}
	p := start(t, m, inference.Options{Window: window})
	s := p.Open(newInbox(), inference.Share{})
	defer s.Close()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := s.Submit(&inference.Request{Rows: c.rows, Features: make([]float32, c.values)})
			if diff := cmp.Diff(c.want, err); diff != "" {
				t.Error(diff)
			}
		})
	}
	if st := p.Stats(); st.Accepted != 0 {
		t.Errorf("%d accepted; want none", st.Accepted)
	}
}

func TestOptionsAreValidated(t *testing.T) {
	cases := []struct {
		opt  inference.Options
		says string
	}{
		{inference.Options{Workers: -1}, "Workers is -1"},
		{inference.Options{MaxBatch: -1}, "MaxBatch is -1"},
		{inference.Options{QueueRows: -1}, "QueueRows is -1"},
		{inference.Options{Window: -1}, "Window is -1"},
		{inference.Options{HangTimeout: -1}, "HangTimeout is -1ns"},
		{inference.Options{QueueRows: 9, Window: 10}, "QueueRows is 9; expected at least Window (10)"},
	}
	for _, c := range cases {
		_, err := inference.New(&spy{Oracle: modeltest.Oracle{Features: 1}}, c.opt)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v; want one that says %q", err, c.says)
		}
	}
	if _, err := inference.New(&spy{}, inference.Options{}); err == nil {
		t.Error("a model with a broken spec was taken")
	}
}
