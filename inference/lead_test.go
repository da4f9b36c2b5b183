package inference_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"penstock/inference"
	"penstock/model"
	"penstock/model/modeltest"
)

// flushes is a sink that counts.
type flushes struct {
	inbox
	n *int
}

func (f flushes) Flush() { *f.n++ }

// TestLead: where batches are short and a worker is idle, the submitter has its
// answer when Lead returns, and flushes its own stream itself.
func TestLead(t *testing.T) {
	for _, c := range []struct {
		name   string
		batch  time.Duration // how long one takes
		pinned bool
		led    bool
	}{
		{"short batches", 10 * time.Microsecond, false, true},
		{"long batches", time.Millisecond, false, false},
		{"sessions pinned to a thread", 10 * time.Microsecond, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &spy{Oracle: modeltest.Oracle{Features: 3, Classes: 4}, predict: func([]uint32) { time.Sleep(c.batch) }}
				p := start(t, mayPin{m, c.pinned}, inference.Options{Workers: 1})
				in, flushed := newInbox(), 0
				s := p.Open(flushes{in, &flushed}, inference.Share{})
				defer s.Close()
				mustSubmit(t, s, m.rows(0, 1)) // from which the pool knows how long a batch takes
				mustPredict(t, m, <-in)
				synctest.Wait()
				before := flushed

				led, err := s.Lead(m.rows(1, 1))
				if err != nil || led != c.led {
					t.Fatalf("Lead returned %t, %v; want %t", led, err, c.led)
				}
				if led && (len(in) != 1 || flushed != before) {
					t.Errorf("%d answers and %d flushes when Lead returned; want the answer alone", len(in), flushed-before)
				}
				mustPredict(t, m, <-in)

				mustSubmit(t, s, m.rows(2, 1)) // and the worker is there again
				mustPredict(t, m, <-in)
			})
		})
	}
}

// TestLeadRefuses what Submit refuses.
func TestLeadRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &spy{Oracle: modeltest.Oracle{Features: 3, Classes: 4}}
		p := start(t, m, inference.Options{Workers: 1, Window: 2})
		s := p.Open(newInbox(), inference.Share{})
		if led, err := s.Lead(m.rows(0, 3)); led || err == nil {
			t.Errorf("three rows in a window of two: %t, %v", led, err)
		}
		s.Close()
		if led, err := s.Lead(m.rows(0, 1)); led || !errors.Is(err, inference.ErrStreamClosed) {
			t.Errorf("on a closed stream: %t, %v", led, err)
		}
	})
}

// mayPin says of a model whether its sessions stay on their threads.
type mayPin struct {
	model.Model
	yes bool
}

func (p mayPin) Pinned() bool { return p.yes }
