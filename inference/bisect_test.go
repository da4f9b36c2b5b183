package inference_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"penstock/inference"
	"penstock/model/modeltest"
)

var errPoison = errors.New("poison")

// poison makes rows with some nonces fail.
func poison(fate modeltest.Fate, poisoned ...uint32) func(uint32) modeltest.Fate {
	return func(nonce uint32) modeltest.Fate {
		if slices.Contains(poisoned, nonce) {
			return fate
		}
		return modeltest.Fate{}
	}
}

func TestPoisonFailsItsOwnRequestAlone(t *testing.T) {
	var panicked *inference.PanicError
	fates := []struct {
		name string
		fate modeltest.Fate
		is   func(error) bool
	}{
		{"error", modeltest.Fate{Err: errPoison}, func(err error) bool { return errors.Is(err, errPoison) }},
		{"panic", modeltest.Fate{Panic: "poison"}, func(err error) bool { return errors.As(err, &panicked) && panicked.Value == "poison" }},
		{"NaN", modeltest.Fate{NaN: true}, func(err error) bool { return errors.Is(err, inference.ErrNotFinite) }},
	}
	where := []struct {
		name     string
		poisoned []uint32 // among nonces 100 to 163
	}{
		{"first", []uint32{100}}, {"middle", []uint32{131}}, {"last", []uint32{163}},
		{"several", []uint32{100, 101, 117, 162}},
	}
	for _, f := range fates {
		for _, w := range where {
			t.Run(f.name+" "+w.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					g, in := newGate(), newInbox()
					m := &spy{Oracle: modeltest.Oracle{Features: 5, Classes: 3, OnRow: poison(f.fate, w.poisoned...)}, predict: g.hold}
					s := start(t, m, inference.Options{Workers: 1, MaxBatch: 64}).Open(in, inference.Share{})
					defer s.Close()

					mustSubmit(t, s, m.rows(0, 1))
					<-g.batches
					for nonce := uint32(100); nonce < 164; {
						n := int(1 + nonce%3) // requests of one to three rows
						n = min(n, int(164-nonce))
						mustSubmit(t, s, m.rows(nonce, n))
						nonce += uint32(n)
					}
					g.open()
					mustPredict(t, m, <-in)
					synctest.Wait()
					for range len(in) {
						r := <-in
						guilty := slices.ContainsFunc(nonces(r.Features, 5), func(n uint32) bool { return slices.Contains(w.poisoned, n) })
						if !guilty {
							mustPredict(t, m, r)
							continue
						}
						mustEnd(t, r, inference.Failed)
						if !f.is(r.Result.Err) {
							t.Errorf("error %v", r.Result.Err)
						}
					}
				})
			})
		}
	}
}

func TestPanicReplacesTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 1, OnRow: poison(modeltest.Fate{Panic: "poison"}, 1)}}
		p := start(t, m, inference.Options{Workers: 1})
		s := p.Open(in, inference.Share{})
		defer s.Close()
		for _, c := range []struct {
			nonce        uint32
			want         inference.Outcome
			made, panics int // so far
		}{{0, inference.Predicted, 1, 0}, {1, inference.Failed, 1, 1}, {2, inference.Predicted, 2, 1}, {3, inference.Predicted, 2, 1}} {
			mustSubmit(t, s, m.rows(c.nonce, 1))
			mustEnd(t, <-in, c.want)
			if made, panics := m.sessionsMade(), int(p.Stats().Panics); made != c.made || panics != c.panics {
				t.Errorf("after row %d: %d sessions made, %d panics; want %d and %d", c.nonce, made, panics, c.made, c.panics)
			}
		}
		if open := m.Sessions(); open != 1 {
			t.Errorf("%d sessions are open; want the worker's one", open)
		}
	})
}

func TestWorkerRecoversWhenSessionsCanBeMadeAgain(t *testing.T) {
	cases := []struct {
		name   string
		refuse func() error
	}{
		{"error", func() error { return errPoison }},
		{"panic", func() error { panic(errPoison) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := newInbox()
				m := &spy{Oracle: modeltest.Oracle{Features: 1}, newSession: c.refuse}
				s := start(t, m, inference.Options{Workers: 1}).Open(in, inference.Share{})
				defer s.Close()
				mustSubmit(t, s, m.rows(0, 3))
				r := <-in
				mustEnd(t, r, inference.Failed)
				if r.Result.Err == nil {
					t.Error("no error tells why")
				}
				synctest.Wait()
				m.newSession = nil
				mustSubmit(t, s, m.rows(0, 3))
				mustPredict(t, m, <-in)
			})
		})
	}
}

func TestPanicInCloseIsContained(t *testing.T) {
	in := newInbox()
	m := &spy{Oracle: modeltest.Oracle{Features: 1, OnRow: poison(modeltest.Fate{Panic: "poison"}, 1)}, panicClose: true}
	p := start(t, m, inference.Options{Workers: 1})
	s := p.Open(in, inference.Share{})
	defer s.Close()
	mustSubmit(t, s, m.rows(1, 1))
	mustEnd(t, <-in, inference.Failed)
	mustSubmit(t, s, m.rows(2, 1))
	mustPredict(t, m, <-in)
	p.stop()
	if n := p.Stats().Panics; n != 3 {
		t.Errorf("%d panics; want 3: the engine's, and two of Close", n)
	}
}

// While the engine finds out which rows are at fault, it is not started on
// those that nobody waits for any more.
func TestBisectingLeavesOutExpiredRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 1, OnRow: poison(modeltest.Fate{Err: errPoison}, 8)}}
		var calls [][]uint32
		m.predict = func(nonces []uint32) {
			calls = append(calls, nonces)
			time.Sleep(time.Second) // the bubble's clock
		}
		p, err := inference.New(m, inference.Options{Workers: 1, MaxBatch: 8})
		if err != nil {
			t.Fatal(err)
		}
		s := p.Open(in, inference.Share{})
		for nonce := range uint32(8) {
			r := m.rows(nonce+1, 1)
			if nonce%2 == 0 {
				within(time.Second, r)
			}
			mustSubmit(t, s, r)
		}
		stop := runFor(t, p)
		for range 4 {
			mustEnd(t, <-in, inference.Expired)
		}
		for range 4 {
			if r := <-in; r.Features[0] == 8 {
				mustEnd(t, r, inference.Failed)
			} else {
				mustPredict(t, m, r)
			}
		}
		stop()
		for _, nonces := range calls[1:] {
			if slices.ContainsFunc(nonces, func(n uint32) bool { return n%2 == 1 }) {
				t.Errorf("the engine was started on rows %v; the odd ones had expired", nonces)
			}
		}
	})
}
