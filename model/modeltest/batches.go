package modeltest

import (
	"slices"
	"sync"
	"testing"

	"penstock/model"
)

// batchMates: a row's scores depend on that row alone: not on how many rows
// there are, not on its place, not on what its mates hold, not on where the
// slice lies in memory.
func batchMates(t *testing.T, e Engine) {
	m := open(t, e)
	onWorker(t, m, maxRows, func(s model.Session) {
		in, out := m.Spec().Features, m.Spec().Width()
		all := e.features(m.Spec(), maxRows, 5)
		want := predict(t, m, s, all)
		for _, size := range []int{1, 2, 3, 7, 16, 63, 64, 65, 128} {
			for first := 0; first < maxRows; first += size {
				n := min(size, maxRows-first)
				shifted := make([]float32, n*in+first%5)[first%5:] // another alignment
				copy(shifted, all[first*in:])
				if got := predict(t, m, s, shifted); !e.same(got, want[first*out:(first+n)*out]) {
					t.Fatalf("rows %d to %d give other scores in a batch of %d than in one of %d", first, first+n-1, n, maxRows)
				}
			}
		}
		if e.Rows != nil {
			return // the engine takes only rows of its own
		}
		// The same row among mates of huge values.
		mates := slices.Clone(all)
		for i := in; i < len(mates); i++ {
			mates[i] *= 1e6
		}
		if got := predict(t, m, s, mates); !e.same(got[:out], want[:out]) {
			t.Error("row 0 has other scores when its mates hold huge values")
		}
	})
}

// parallel: sessions of one model do not disturb each other.
func parallel(t *testing.T, e Engine) {
	m := open(t, e)
	var workers sync.WaitGroup
	for worker := range uint64(4) {
		workers.Go(func() {
			onWorker(t, m, maxRows, func(s model.Session) {
				rows := e.features(m.Spec(), maxRows, 10+worker)
				want := predict(t, m, s, rows)
				for range 5 {
					if got := predict(t, m, s, rows); !slices.Equal(got, want) {
						t.Errorf("worker %d: scores changed while other sessions ran", worker)
					}
				}
			})
		})
	}
	workers.Wait()
}

// closes: a session that closes leaves its neighbours and its successors whole.
func closes(t *testing.T, e Engine) {
	m := open(t, e)
	row := e.features(m.Spec(), 1, 6)
	onWorker(t, m, 1, func(lasting model.Session) {
		want := predict(t, m, lasting, row)
		onWorker(t, m, 1, func(model.Session) {})
		onWorker(t, m, 1, func(successor model.Session) {
			if got := predict(t, m, successor, row); !e.same(got, want) {
				t.Error("a session opened after another closed gives other scores")
			}
		})
		if got := predict(t, m, lasting, row); !e.same(got, want) {
			t.Error("a session gives other scores after another closed")
		}
	})
}

// allocations: a steady state makes no garbage.
func allocations(t *testing.T, e Engine) {
	if !e.AllocationFree {
		t.Skip("the engine does not promise this")
	}
	m := open(t, e)
	onWorker(t, m, maxRows, func(s model.Session) {
		for _, n := range []int{1, 64, maxRows} {
			rows, got := e.features(m.Spec(), n, 8), make([]float32, n*m.Spec().Width())
			if each := testing.AllocsPerRun(20, func() { _ = s.Predict(got, rows, n) }); each != 0 {
				t.Errorf("Predict of %d rows allocates %v times; expected 0", n, each)
			}
		}
	})
}
