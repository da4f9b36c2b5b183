package quality_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"penstock/quality"
)

// label makes a prediction of some rows and gives it its labels.
func label(t testing.TB, store *testStore, caller, name string, rows int) {
	t.Helper()
	p := quality.Prediction{
		ID: []byte("1"), Scope: store.Scope(caller, name), Caller: caller, Name: name, Values: make([]float32, rows),
	}
	store.Remember(p)
	if _, err := store.LabelIndices(p.Scope, p.ID, p.Values, nil); err != nil {
		t.Fatal(err)
	}
}

func TestLabellersAreCallersOrTheScopesOfTheOnlyOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStore(t, digits)
		time.Sleep(time.Second)
		expect := func(what string, want quality.Labellers) {
			t.Helper()
			if got := store.Labellers(); got != want {
				t.Errorf("%s: %+v; expected %+v", what, got, want)
			}
		}
		expect("no label", quality.Labellers{})
		label(t, store, "10.0.0.1", "s1", 90)
		expect("one scope", quality.Labellers{Labels: 90, Largest: "s1", Rows: 90})
		label(t, store, "10.0.0.1", "s2", 10)
		expect("two scopes of one caller", quality.Labellers{Labels: 100, Largest: "s1", Rows: 90, Several: true})
		time.Sleep(time.Minute)
		store.Remember(quality.Prediction{Scope: scopeOf(3), Caller: "10.0.0.2", Values: []float32{1}})
		expect("another caller predicts", quality.Labellers{Labels: 100, Largest: "10.0.0.1", Rows: 100, Several: true})
		label(t, store, "10.0.0.2", "s1", 300)
		expect("two callers", quality.Labellers{Labels: 400, Largest: "10.0.0.2", Rows: 300, Several: true})
		time.Sleep(quality.LabelSpan - time.Minute)
		expect("the first caller is gone", quality.Labellers{Labels: 300, Largest: "s1", Rows: 300, Several: true})
		time.Sleep(time.Minute)
		expect("all are", quality.Labellers{})
	})
}

// However many label, the largest is never overrated, and underrated by no
// more than the documented error.
func TestLargestLabellerAmongMany(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		store := newStore(t, digits)
		rows := make(map[string]uint64)
		var all, most uint64
		for range rapid.IntRange(1, 400).Draw(r, "labels") {
			name := fmt.Sprint("host ", rapid.IntRange(0, 300).Draw(r, "caller"))
			if rapid.Bool().Draw(r, "large") {
				name = fmt.Sprint("host ", rapid.IntRange(0, 2).Draw(r, "large caller"))
			}
			n := rapid.IntRange(1, 8).Draw(r, "rows")
			label(t, store, name, "", n)
			rows[name] += uint64(n)
			all += uint64(n)
			most = max(most, rows[name])
		}
		got := store.Labellers()
		if got.Labels != all || got.Rows > most || got.Rows+all/64+1 < most {
			r.Fatalf("%+v; %d of %d rows are the largest's", got, most, all)
		}
		if len(rows) > 1 && got.Rows > rows[got.Largest] {
			r.Fatalf("%+v; that labeller gave %d", got, rows[got.Largest])
		}
	})
}
