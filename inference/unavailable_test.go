package inference_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"penstock/inference"
	"penstock/model"
	"penstock/model/modeltest"
)

// errAway is what an engine says that is away.
var errAway = fmt.Errorf("the oracle left: %w", model.ErrUnavailable)

// mustBeAway checks a reply of an engine that was away.
func mustBeAway(t *testing.T, r *inference.Request) {
	t.Helper()
	mustEnd(t, r, inference.Unavailable)
	if !errors.Is(r.Result.Err, model.ErrUnavailable) || !r.Reusable() {
		t.Errorf("error %v, reusable %t; want the engine's error, and that it is reusable", r.Result.Err, r.Reusable())
	}
}

// TestAnEngineThatIsAway is asked once for a batch, which is nobody's fault: all its
// requests are told so, also one that had rows in a batch before, and the next batch is
// run as ever.
func TestAnEngineThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, in := newGate(), newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 3, OnRow: poison(modeltest.Fate{Err: errAway}, 107)}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: 4})
		s := p.Open(in, inference.Share{})
		defer s.Close()
		mustSubmit(t, s, m.rows(0, 1))
		<-g.batches
		mustSubmit(t, s, m.rows(100, 6), m.rows(106, 1), m.rows(107, 1), m.rows(108, 1)) // 4 rows, 4 rows, 1 row
		g.open()
		mustPredict(t, m, <-in)
		for range 3 {
			mustBeAway(t, <-in)
		}
		mustPredict(t, m, <-in)
		synctest.Wait()
		if calls := len(g.batches); calls != 3 {
			t.Errorf("%d calls of the engine for three batches", calls)
		}
		if st := p.Stats(); st.Unavailable != 3 || st.Failed != 0 || st.Predicted != 2 || st.Batches != 4 || m.sessionsMade() != 1 {
			t.Errorf("%+v, %d sessions made", st, m.sessionsMade())
		}
		mustRest(t, p.Stats())
	})
}

// TestAwayInTheMiddleOfABisection: rows that were found at fault before stay so; the
// others end as unavailable, those that had their scores already among them, and the
// engine is not asked again.
func TestAwayInTheMiddleOfABisection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, in := newGate(), newInbox()
		fates := map[uint32]modeltest.Fate{100: {Err: errPoison}, 102: {Err: errAway}}
		m := &spy{Oracle: modeltest.Oracle{Features: 3, OnRow: func(n uint32) modeltest.Fate { return fates[n] }}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: 8})
		s := p.Open(in, inference.Share{})
		defer s.Close()
		mustSubmit(t, s, m.rows(0, 1))
		<-g.batches
		for n := uint32(100); n < 108; n++ {
			mustSubmit(t, s, m.rows(n, 1))
		}
		g.open()
		mustPredict(t, m, <-in)
		guilty := <-in
		mustEnd(t, guilty, inference.Failed)
		if nonces(guilty.Features, 3)[0] != 100 || !errors.Is(guilty.Result.Err, errPoison) {
			t.Errorf("row %d failed: %v", nonces(guilty.Features, 3)[0], guilty.Result.Err)
		}
		for range 7 {
			mustBeAway(t, <-in)
		}
		synctest.Wait()
		// 100-107, 100-103, 100-101, 100, 101, and 102-103, for which it is away.
		if calls := len(g.batches); calls != 6 {
			t.Errorf("%d calls of the engine; want 6", calls)
		}
		mustSubmit(t, s, m.rows(1, 1))
		mustPredict(t, m, <-in)
	})
}

// TestSessionsThatAreAway: an engine that has no session to give is away too.
func TestSessionsThatAreAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox()
		away := true
		m := &spy{Oracle: modeltest.Oracle{Features: 3}, newSession: func() error {
			if away {
				return errAway
			}
			return nil
		}}
		s := start(t, m, inference.Options{Workers: 1}).Open(in, inference.Share{})
		defer s.Close()
		mustSubmit(t, s, m.rows(0, 4))
		mustBeAway(t, <-in)
		synctest.Wait()
		away = false
		mustSubmit(t, s, m.rows(0, 4))
		mustPredict(t, m, <-in)
	})
}
