package modeltest

import (
	"math"
	"slices"
	"testing"

	"penstock/model"
)

// shapes: a batch of another shape is a programmer's error and panics.
func shapes(t *testing.T, e Engine) {
	m := open(t, e)
	onWorker(t, m, 4, func(s model.Session) {
		in, out := m.Spec().Features, m.Spec().Width()
		cases := []struct {
			name             string
			scores, features int
			rows             int
		}{
			{"no rows", 0, 0, 0},
			{"negative rows", 0, 0, -1},
			{"more rows than the session", 5 * out, 5 * in, 5},
			{"one feature short", 2 * out, 2*in - 1, 2},
			{"one feature long", 2 * out, 2*in + 1, 2},
			{"one score short", 2*out - 1, 2 * in, 2},
			{"one score long", 2*out + 1, 2 * in, 2},
		}
		for _, c := range cases {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: Predict(%d scores, %d features, %d rows) did not panic", c.name, c.scores, c.features, c.rows)
					}
				}()
				_ = s.Predict(make([]float32, c.scores), make([]float32, c.features), c.rows)
			}()
		}
		predict(t, m, s, e.features(m.Spec(), 4, 1)) // and the session still works
	})
}

// scores: finite, the same when asked again, and where they are
// probabilities of classes, summing to one.
func scores(t *testing.T, e Engine) {
	m := open(t, e)
	onWorker(t, m, maxRows, func(s model.Session) {
		rows := e.features(m.Spec(), maxRows, 2)
		got := predict(t, m, s, rows)
		if again := predict(t, m, s, rows); !slices.Equal(got, again) {
			t.Error("the same batch in the same session gave other scores")
		}
		for row := range slices.Chunk(got, m.Spec().Width()) {
			for _, o := range m.Spec().Outputs {
				checkScores(t, o, row[:o.Width])
				row = row[o.Width:]
			}
		}
	})
}

// checkScores: what one output says of a row.
func checkScores(t *testing.T, o model.Output, row []float32) {
	sum := 0.0
	probabilities := o.Kind == model.Class || o.Kind == model.Labels
	for _, x := range row {
		sum += float64(x)
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			t.Fatalf("scores %v of output %q are not finite", row, o.Name)
		}
		if probabilities && (x < 0 || x > 1) {
			t.Fatalf("scores %v of output %q are not probabilities", row, o.Name)
		}
	}
	if o.Kind == model.Class && o.Width > 1 && math.Abs(sum-1) > 1e-5 {
		t.Fatalf("scores %v of output %q sum to %v; expected 1", row, o.Name, sum)
	}
}

// ownSlices: an engine reads features, writes scores, and touches nothing
// else, then or later.
func ownSlices(t *testing.T, e Engine) {
	const canary = 12345
	m := open(t, e)
	onWorker(t, m, 8, func(s model.Session) {
		rows, n := e.features(m.Spec(), 8, 3), 8*m.Spec().Width()
		sent := slices.Clone(rows)
		room := make([]float32, n+2) // the answer's slice has room behind it
		room[n], room[n+1] = canary, canary
		if err := s.Predict(room[:n], rows, 8); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(rows, sent) {
			t.Error("Predict changed the features")
		}
		if room[n] != canary || room[n+1] != canary {
			t.Error("Predict wrote past its scores")
		}
		first := slices.Clone(room[:n])
		clear(rows)
		predict(t, m, s, e.features(m.Spec(), 8, 4))
		if !slices.Equal(room[:n], first) {
			t.Error("a later batch changed the scores of an earlier one: Predict kept the slice")
		}
		if got := predict(t, m, s, sent); !e.same(got, first) {
			t.Error("scores depend on what was predicted before")
		}
	})
}
