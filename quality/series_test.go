package quality_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"penstock/quality"
)

func TestSeveralValues(t *testing.T) {
	store := newStore(t, served{Name: "place", judge: func() quality.Judge { return quality.NewValuesJudge(2) }})
	store.Remember(quality.Prediction{ID: []byte("1"), Rows: 2, Values: []float32{1, 10, 2, 20}})
	store.Remember(quality.Prediction{ID: []byte("2"), Rows: 1, Values: []float32{0, 0}})
	got, err := store.Label(quality.Scope{}, []byte("1"), []quality.Label{list(number(2), number(10)), list(number(2), number(14))}, nil)
	if err != nil || got.Rows != 2 || got.Correct != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := store.LabelIndices(quality.Scope{}, []byte("2"), []float32{3, 4}, nil); err != nil {
		t.Fatal(err)
	}
	s := store.Snapshot()[0]
	if want := (0.5 + 3 + 3.5) / 3; *s.MeanAbsoluteError() != want || s.Labelled != 3 {
		t.Errorf("MAE %v of %d rows; expected %v of 3", *s.MeanAbsoluteError(), s.Labelled, want)
	}
	if want := math.Sqrt((0.5 + 18 + 12.5) / 3); math.Abs(*s.RootMeanSquareError()-want) > 1e-12 {
		t.Errorf("RMSE %v; expected %v", *s.RootMeanSquareError(), want)
	}
	want := []quality.ValueErrors{{4. / 3, math.Sqrt(10. / 3)}, {10. / 3, math.Sqrt(52. / 3)}}
	if fmt.Sprint(s.Values) != fmt.Sprint(want) {
		t.Errorf("by value %v; expected %v", s.Values, want)
	}
}

func TestAnOutputWithoutLabels(t *testing.T) {
	store := newStore(t, served{Name: "vectors", judge: quality.NewNoJudge}, digits)
	store.Remember(quality.Prediction{ID: []byte("1"), Rows: 7})
	s := store.Snapshot()[0]
	if s.Predicted != 7 || s.Coverage() != nil || s.Completeness() != nil || s.Calibration != nil || store.series[0].Drift().Fallen {
		t.Errorf("%+v", s)
	}
	for range 2 {
		var bad *quality.BadLabelError
		if _, err := store.LabelIndices(quality.Scope{}, []byte("1"), []float32{1}, nil); !errors.As(err, &bad) {
			t.Error(err)
		}
	}
}

// Memory counts values: a row of three takes as much as three rows, and all of
// a request is forgotten at once.
func TestRowsOfSeveralValuesCountAsSeveral(t *testing.T) {
	store, err := open(quality.Options{Remember: 9}, topics)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		store.Remember(quality.Prediction{ID: fmt.Append(nil, i), Rows: 2, Values: make([]float32, 6)})
	}
	if c := store.Counts(nil)[0]; c.Forgotten != 4 || c.Predicted != 6 {
		t.Errorf("%+v; expected 4 rows of 6 to be forgotten", c)
	}
	if store.Remembers(quality.Scope{}, []byte("1")) || !store.Remembers(quality.Scope{}, []byte("2")) {
		t.Error("only the newest fits")
	}
}

func TestModelsComeAndGo(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	store, err := open(quality.Options{Remember: 4, Registerer: registry}, digits, prices)
	if err != nil {
		t.Fatal(err)
	}
	remember(store, 0, 3)
	old := store.series[0]
	renewed := digits
	renewed.Version = "2"
	if _, err := store.Add(renewed.model()); err != nil {
		t.Fatal("another version while the first is there:", err)
	}
	store.Remove(old)
	store.Remove(old)
	again, err := store.Add(digits.model())
	if err != nil {
		t.Fatal("the same version after it went:", err)
	}
	if counts := store.Counts(nil); len(counts) != 3 || counts[0].Model != "prices" || counts[2].Predicted != 0 {
		t.Errorf("%+v", counts)
	}
	got, err := store.LabelIndices(quality.Scope{}, []byte("0"), []float32{0}, nil)
	if err != nil || got.Series != old || old.Snapshot().Correct != 1 || again.Snapshot().Labelled != 0 {
		t.Errorf("a removed model's prediction: %+v, %v", got, err)
	}
	remember(store, 10, 1) // still comes for the removed one
	if _, err := store.LabelIndices(quality.Scope{}, []byte("10"), []float32{0}, nil); err != nil || old.Ranges().SinceStart.Correct != 2 {
		t.Errorf("%v, %+v", err, old.Ranges().SinceStart)
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP penstock_quality_predicted_rows_total Rows predicted.
# TYPE penstock_quality_predicted_rows_total counter
penstock_quality_predicted_rows_total{model="digits"} 4
penstock_quality_predicted_rows_total{model="prices"} 0
`), "penstock_quality_predicted_rows_total"); err != nil {
		t.Error(err)
	}
	for _, one := range store.Listed() {
		store.Remove(one)
	}
	if n, err := testutil.GatherAndCount(registry, "penstock_quality_predicted_rows_total"); err != nil || n != 0 {
		t.Errorf("%d series of models that are gone, %v", n, err)
	}
}

// However many models come and go, the store is not full of them, and no
// prediction is taken for another model's.
func TestManyModelsInTurn(t *testing.T) {
	store, err := open(quality.Options{Remember: 3})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 70_000 {
		one, err := store.Add(quality.Model{Name: "m", Judge: quality.NewValuesJudge(1 + i%3)})
		if err != nil {
			t.Fatal(i, err)
		}
		values := make([]float32, 1+i%3)
		store.Remember(quality.Prediction{Series: one, Rows: 1, ID: []byte("1"), Values: values})
		store.Remove(one)
		if i%2 == 0 {
			if got, err := store.LabelIndices(quality.Scope{}, []byte("1"), values, nil); err != nil || got.Series != one {
				t.Fatal(i, got, err)
			}
		}
	}
}

func TestModelsComeAndGoUnderLoad(t *testing.T) {
	store, err := open(quality.Options{Remember: 500}, topics)
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for w := range 3 {
		wait.Go(func() {
			p := quality.Prediction{Scope: scopeOf(w), ID: make([]byte, 8), Rows: 2, Values: make([]float32, 6)}
			for i := range uint64(2_000) {
				one := store.Listed()[0]
				p.Series = one
				binary.LittleEndian.PutUint64(p.ID, i)
				store.Store.Remember(p)
				if got, err := store.LabelIndices(p.Scope, p.ID, p.Values, nil); err == nil && (got.Series != one || !got.Correct[1]) {
					t.Errorf("%+v", got)
				}
			}
		})
	}
	wait.Go(func() {
		for i := range 300 {
			version := topics
			version.Version = fmt.Sprint("v", i)
			if _, err := store.Add(version.model()); err != nil {
				t.Error(err)
			}
			store.Remove(store.Listed()[0])
		}
	})
	wait.Wait()
}

// Stores of one key have the same scopes and find the same ids; those of random
// keys do not.
func TestKeys(t *testing.T) {
	made := func(key byte) *quality.Store {
		store, err := quality.New(quality.Options{Key: [16]byte{key}})
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	a, b := made(1).Scope("ann", "phone"), made(1).Scope("ann", "phone")
	if a != b || a == made(2).Scope("ann", "phone") {
		t.Error("a scope is made of the key, the user and the session")
	}
	if a, b := made(0), made(0); a.Scope("ann", "phone") == b.Scope("ann", "phone") {
		t.Error("two stores drew the same key")
	}
	before := time.Now()
	if epoch := made(0).Epoch(); epoch.Before(before) || time.Since(epoch) > time.Minute {
		t.Errorf("the epoch is %v", epoch)
	}
}

// Labels allocate what they return, and nothing else in the steady state.
func TestLabelsAllocateTheirResultAlone(t *testing.T) {
	store := newStore(t, topics)
	p := quality.Prediction{ID: make([]byte, 8), Rows: 3, Values: make([]float32, 9), Confidences: make([]float32, 9)}
	var next uint64
	round := func() {
		next++
		binary.LittleEndian.PutUint64(p.ID, next)
		store.Remember(p)
		if _, err := store.LabelIndices(quality.Scope{}, p.ID, p.Values, nil); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 * quality.DefaultRemember / 9 {
		round()
	}
	if allocs := testing.AllocsPerRun(1000, round); allocs > 2 {
		t.Errorf("%v allocations", allocs)
	}
}
