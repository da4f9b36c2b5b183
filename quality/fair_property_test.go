package quality_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penstock/quality"
)

// The bounded store against a plain list: the same answers for any mix of
// predictions and labels, of any callers and scopes.
func TestStoreAgainstAPlainList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.IntRange(1, 40).Draw(t, "bound")
		store, err := open(quality.Options{Remember: bound}, digits)
		if err != nil {
			t.Fatal(err)
		}
		list := plainList{store: store, bound: bound}
		id, scope := rapid.IntRange(0, 15), rapid.IntRange(0, 4)
		t.Repeat(map[string]func(*rapid.T){
			"predict": func(t *rapid.T) {
				list.predict(t, &plainRequest{
					id: id.Draw(t, "id"), scope: scope.Draw(t, "scope"),
					caller: rapid.IntRange(0, 2).Draw(t, "caller"),
					rows:   rapid.IntRange(1, bound).Draw(t, "rows"),
				})
			},
			"label": func(t *rapid.T) { list.label(t, scope.Draw(t, "scope"), id.Draw(t, "id")) },
		})
	})
}

// plainList remembers as the store promises to, slowly.
type plainList struct {
	store    *testStore
	bound    int
	requests []*plainRequest // oldest first
}

type plainRequest struct {
	caller, scope, id, rows int
	done                    bool
}

func (l *plainList) find(scope, id int) *plainRequest {
	for _, r := range l.requests {
		if r.scope == scope && r.id == id {
			return r
		}
	}
	return nil
}

func (l *plainList) remove(r *plainRequest) {
	l.requests = slices.DeleteFunc(l.requests, func(other *plainRequest) bool { return other == r })
}

// held returns how many rows a caller holds, or one of its scopes.
func (l *plainList) held(match func(*plainRequest) bool) (rows int) {
	for _, r := range l.requests {
		if match(r) {
			rows += r.rows
		}
	}
	return rows
}

func (l *plainList) callerRows(caller int) int {
	return l.held(func(r *plainRequest) bool { return r.caller == caller })
}

func (l *plainList) scopeRows(of *plainRequest) int {
	return l.held(func(r *plainRequest) bool { return r.caller == of.caller && r.scope == of.scope })
}

func (l *plainList) predict(t *rapid.T, own *plainRequest) {
	l.remove(l.find(own.scope, own.id))
	l.store.Remember(quality.Prediction{
		ID: fmt.Append(nil, own.id), Scope: scopeOf(own.scope), Caller: fmt.Sprint("host ", own.caller),
		Values: make([]float32, own.rows),
	})
	if !l.explain(own) {
		var gone []plainRequest
		for _, r := range l.requests {
			if l.gone(r) {
				gone = append(gone, *r)
			}
		}
		t.Fatalf("%+v were forgotten for %+v, of a bound of %d", gone, *own, l.bound)
	}
	l.requests = append(l.requests, own)
	if l.gone(own) {
		t.Fatalf("%+v is not remembered", *own)
	}
}

// explain takes what was forgotten out of the list, one after the other, as the
// rule allows. Where it leaves a choice among equals, any may have been made.
func (l *plainList) explain(own *plainRequest) bool {
	all := l.requests
	if l.held(func(*plainRequest) bool { return true })+own.rows <= l.bound {
		return !slices.ContainsFunc(all, l.gone)
	}
	for i, r := range all {
		if l.gone(r) && l.mayLose(r, own) {
			l.requests = slices.Delete(slices.Clone(all), i, i+1)
			if l.explain(own) {
				return true
			}
			l.requests = all
		}
	}
	return false
}

func (l *plainList) gone(r *plainRequest) bool {
	return !l.store.Remembers(scopeOf(r.scope), fmt.Append(nil, r.id))
}

// mayLose says whether r is the oldest request of a scope of most rows at a
// caller of most rows. Among equals it must be own's.
func (l *plainList) mayLose(r, own *plainRequest) bool {
	most, inCaller := 0, 0
	for _, other := range l.requests {
		most = max(most, l.callerRows(other.caller))
		if other.caller == r.caller {
			inCaller = max(inCaller, l.scopeRows(other))
		}
		if other.caller == r.caller && other.scope == r.scope && other != r {
			if l.older(other, r) {
				return false
			}
		}
	}
	if l.callerRows(r.caller) < most || r.caller != own.caller && l.callerRows(own.caller) == most {
		return false
	}
	tied := r.caller == own.caller && r.scope != own.scope && l.scopeRows(own) == inCaller
	return l.scopeRows(r) == inCaller && !tied
}

func (l *plainList) older(a, b *plainRequest) bool {
	return slices.Index(l.requests, a) < slices.Index(l.requests, b)
}

func (l *plainList) label(t *rapid.T, scope, id int) {
	rows, want := 1, error(nil)
	switch r := l.find(scope, id); {
	case r == nil:
		want = quality.ErrUnknownRequest
	case r.done:
		want = quality.ErrDuplicateFeedback
	default:
		rows, r.done = r.rows, true
	}
	_, err := l.store.LabelIndices(scopeOf(scope), fmt.Append(nil, id), make([]float32, rows), nil)
	if !errors.Is(err, want) {
		t.Fatalf("label of %d: %v; expected %v", id, err, want)
	}
}

// Who sends more than its share forgets its own, be it another caller or
// another socket of the same one.
func TestHogEvictsItself(t *testing.T) {
	for name, hog := range map[string]quality.Prediction{
		"another caller":             {Scope: scopeOf(2), Caller: "hog"},
		"another scope of the same":  {Scope: scopeOf(2), Caller: "honest"},
		"the same name elsewhere":    {Scope: scopeOf(1), Caller: "hog"},
		"a new scope for each of it": {Caller: "hog"},
	} {
		store, err := open(quality.Options{Remember: 4096}, digits)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			store.Remember(quality.Prediction{
				ID: fmt.Append(nil, i), Scope: scopeOf(1), Caller: "honest", Values: []float32{1},
			})
		}
		hog.Values = make([]float32, 1024)
		for i := range 257 {
			hog.ID = fmt.Append(nil, 1000+i)
			if hog.Scope == (quality.Scope{}) {
				hog.Scope = scopeOf(10 + i)
			}
			store.Remember(hog)
		}
		for i := range 50 {
			if _, err := store.LabelIndices(scopeOf(1), fmt.Append(nil, i), []float32{1}, nil); err != nil {
				t.Errorf("%s: label %d: %v", name, i, err)
			}
		}
	}
}

// Holders come and go without end; the store keeps nothing of those that went.
func TestHoldersComeAndGoWithoutAllocating(t *testing.T) {
	store, err := open(quality.Options{Remember: 1000}, digits)
	if err != nil {
		t.Fatal(err)
	}
	callers := make([]string, 500)
	for i := range callers {
		callers[i] = fmt.Sprint("host ", i)
	}
	scopes := make([]quality.Scope, 40_000)
	for i := range scopes {
		scopes[i] = scopeOf(i)
	}
	p := prediction(store, 1)
	next := 0
	remember := func() {
		p.Scope, p.Caller = scopes[next], callers[next%len(callers)]
		next++
		store.Remember(p)
	}
	for range 20_000 {
		remember()
	}
	if allocs := testing.AllocsPerRun(10_000, remember); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// TestQuietScopesGoFirst: connections that ended leave rows that nobody will
// label. They do not squeeze those that live.
func TestQuietScopesGoFirst(t *testing.T) {
	store, err := open(quality.Options{Remember: 1000}, digits)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	remember := func(scope, id int, at time.Duration) {
		store.Remember(quality.Prediction{
			ID: fmt.Append(nil, id), Scope: scopeOf(scope), Caller: "same", Values: []float32{1}, At: began.Add(at),
		})
	}
	for scope := 1; scope <= 100; scope++ { // ten rows each, and gone
		for id := range 10 {
			remember(scope, id, time.Duration(scope)*time.Second)
		}
	}
	for id := range 500 {
		remember(1000, id, 20*time.Minute)
	}
	for id := range 500 {
		if !store.Remembers(scopeOf(1000), fmt.Append(nil, id)) {
			t.Fatalf("row %d of the one that lives was forgotten for those that do not", id)
		}
	}
	if store.Remembers(scopeOf(1), []byte("0")) || !store.Remembers(scopeOf(100), []byte("0")) {
		t.Error("those that were quiet for longest do not go first")
	}
}
