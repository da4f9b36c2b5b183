package quality_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"penstock/quality"
)

func TestPredictionsThatAreOnlyCounted(t *testing.T) {
	store, err := open(quality.Options{Remember: 4}, digits)
	if err != nil {
		t.Fatal(err)
	}
	id := []byte("7")
	for name, p := range map[string]quality.Prediction{
		"no id":        {Values: []float32{1}},
		"null id":      {ID: []byte("null"), Values: []float32{1}},
		"not finite":   {ID: id, Values: []float32{float32(math.NaN())}},
		"too many":     {ID: id, Values: make([]float32, 5)},
		"no row":       {ID: id},
		"infinite row": {ID: id, Values: []float32{1, float32(math.Inf(-1))}},
	} {
		before := store.Counts(nil)[0].Predicted
		store.Remember(p)
		if got := store.Counts(nil)[0].Predicted - before; got != uint64(len(p.Values)) {
			t.Errorf("%s: %d rows counted", name, got)
		}
		if _, err := store.LabelIndices(quality.Scope{}, p.ID, p.Values, nil); !errors.Is(err, quality.ErrUnknownRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLaterPredictionTakesThePlace(t *testing.T) {
	store := newStore(t, digits)
	id := []byte("1")
	store.Remember(quality.Prediction{ID: id, Values: []float32{1}})
	store.Remember(quality.Prediction{ID: id, Values: []float32{2, 2}})
	got, err := store.LabelIndices(quality.Scope{}, id, []float32{2, 1}, nil)
	if err != nil || got.Rows != 2 || !got.Correct[0] || got.Correct[1] {
		t.Errorf("%+v, %v", got, err)
	}
	store.Remember(quality.Prediction{ID: id, Values: []float32{3}})
	if _, err := store.LabelIndices(quality.Scope{}, id, []float32{3}, nil); err != nil {
		t.Errorf("a new prediction waits for a label of its own: %v", err)
	}
}

func TestOldestIsForgottenFirst(t *testing.T) {
	const bound = 10
	store, err := open(quality.Options{Remember: bound}, digits)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		store.Remember(quality.Prediction{ID: fmt.Appendf(nil, "%d", i), Values: []float32{1, 1}})
	}
	for i := range 100 {
		_, err := store.LabelIndices(quality.Scope{}, fmt.Appendf(nil, "%d", i), []float32{1, 1}, nil)
		if forgotten := i < 100-bound/2; forgotten != errors.Is(err, quality.ErrUnknownRequest) {
			t.Errorf("request %d: %v", i, err)
		}
	}
}

func TestRememberAllocatesNothingOnceFull(t *testing.T) {
	vectors := served{Name: "vectors", judge: quality.NewNoJudge}
	for _, model := range []served{digits, topics, prices, vectors} {
		store, err := open(quality.Options{Remember: 10_000}, model)
		if err != nil {
			t.Fatal(err)
		}
		p := prediction(store, 3)
		p.Rows, p.Values, p.Confidences = 3, make([]float32, 3*store.series[0].Width()), nil
		var next uint64
		remember := func() {
			next++
			binary.LittleEndian.PutUint64(p.ID, next)
			store.Remember(p)
		}
		for range 20_000 {
			remember()
		}
		if allocs := testing.AllocsPerRun(10_000, remember); allocs != 0 {
			t.Errorf("%s: %v allocations", model.Name, allocs)
		}
	}
}

func TestManyWorkersAndLabels(t *testing.T) {
	store, err := open(quality.Options{Remember: 3_000}, digits, prices)
	if err != nil {
		t.Fatal(err)
	}
	const workers, each = 4, 5_000
	var wait sync.WaitGroup
	var tooLate atomic.Uint64 // forgotten while the worker was off the processor
	for w := range workers {
		wait.Go(func() {
			p := prediction(store, 2)
			p.Series = store.series[w%2]
			for i := range uint64(each) {
				binary.LittleEndian.PutUint64(p.ID, i)
				store.Remember(p)
				if _, err := store.LabelIndices(p.Scope, p.ID, []float32{0, 1}, nil); err != nil {
					tooLate.Add(2)
				}
				_ = store.Counts(nil)
			}
		})
	}
	wait.Wait()
	var predicted, labelled uint64
	for _, c := range store.Counts(nil) {
		predicted, labelled = predicted+c.Predicted, labelled+c.Labelled
	}
	if predicted != workers*each*2 || labelled+tooLate.Load() != predicted {
		t.Errorf("%d predicted, %d labelled, %d too late; expected %d",
			predicted, labelled, tooLate.Load(), workers*each*2)
	}
}
