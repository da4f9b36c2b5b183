package quality_test

import (
	"testing"
	"time"

	"penstock/quality"
)

// Predictions of any two minutes are counted in full, in turns too, however many come
// before somebody takes them.
func TestActivityOfMinutesInTurn(t *testing.T) {
	s := newStoreWith(t, quality.Options{Record: true}, digits)
	const turns = 10_000
	now := time.Now().Truncate(time.Minute)
	minutes := []time.Time{now, now.Add(-16 * time.Minute), now.Add(-32 * time.Minute), now.Add(-time.Minute)}
	for range turns {
		for _, at := range minutes {
			s.Remember(quality.Prediction{Rows: 1, Values: []float32{1}, At: at})
		}
	}
	var batch quality.Batch
	s.Take(&batch)
	got := make(map[int64]uint64)
	for _, a := range batch.Activity {
		got[a.Minute] += a.Predicted
	}
	for _, at := range minutes {
		if n := got[at.Unix()/60]; n != turns {
			t.Errorf("%d rows of %v; want %d", n, at, turns)
		}
	}
}
