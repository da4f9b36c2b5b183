package weights

import (
	"math"
	"runtime"
	"time"
)

// GoldenTolerance is how far a score may be from its golden one: by that much
// for scores up to 1, by that fraction of the golden score beyond. Engines sum
// float32 in other orders than the recipe's float64; a wrong weight, layout or
// normalisation misses by far more.
const GoldenTolerance = 1e-4

// maxGolden bounds the batch that proves a model.
const maxGolden = 1024

// golden holds rows and what the recipe says of them: features as a client
// sends them, scores after temperature and softmax.
type golden struct{ features, scores [][]float64 }

func readGolden(data []byte, features, outputs int) (golden, error) {
	var g golden
	o := readObject("", data)
	o.required("features", &g.features)
	o.required("scores", &g.scores)
	if err := o.done(); err != nil {
		return g, err
	}
	if n := len(g.features); n < 1 || n > maxGolden || len(g.scores) != n {
		return g, wrong("features", "has %d rows and scores has %d; expected as many of both, 1 to %d", n, len(g.scores), maxGolden)
	}
	for i := range g.features {
		if len(g.features[i]) != features || len(g.scores[i]) != outputs {
			return g, wrong("features", "row %d has %d features and %d scores; the model has %d and %d",
				i, len(g.features[i]), len(g.scores[i]), features, outputs)
		}
		for j, x := range g.features[i] {
			if math.Abs(x) > math.MaxFloat32 {
				return g, wrong("features", "row %d, feature %d is %v; beyond float32", i, j, x)
			}
		}
	}
	return g, nil
}

// prove runs the golden rows and refuses a model that does not reproduce them.
func (b *Bundle) prove(loaded *Loaded) error {
	if b.manifest.golden == "" {
		return nil
	}
	data, _, err := b.readVerified(b.manifest.golden, maxJSON)
	if err != nil {
		return err
	}
	spec := loaded.Spec()
	g, err := readGolden(data, spec.Features, spec.Outputs())
	if err != nil {
		return err
	}
	rows := len(g.features)
	features := make([]float32, 0, rows*spec.Features)
	for _, row := range g.features {
		for i, x := range row {
			features = append(features, float32(x-spec.ShiftOf(i))) // as a client's decimals are read
		}
	}
	scores := make([]float32, rows*spec.Outputs())
	if loaded.GoldenDuration, err = predictOnce(loaded, scores, features, rows); err != nil {
		return wrong("", "engine %s failed on the golden rows: %w", spec.Engine, err)
	}
	loaded.GoldenRows = rows
	for i, got := range scores {
		row, class := i/spec.Outputs(), i%spec.Outputs()
		want := g.scores[row][class]
		diff := math.Abs(float64(got) - want)
		loaded.GoldenMaxDiff = max(loaded.GoldenMaxDiff, diff)
		if !(diff <= GoldenTolerance*max(1, math.Abs(want))) { // true for NaN
			return wrong("scores", "row %d, score %d: engine %s gives %v; the recipe says %v (tolerance %v): "+
				"weights, layers and input normalisation do not belong together", row, class, spec.Engine, got, want, GoldenTolerance)
		}
	}
	return nil
}

// predictOnce runs one batch as a worker would, and times it.
func predictOnce(m *Loaded, scores, features []float32, rows int) (time.Duration, error) {
	if m.Pinned() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	s, err := m.NewSession(rows)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	err = s.Predict(scores, features, rows)
	took := time.Since(began)
	if failed := s.Close(); err == nil {
		err = failed
	}
	return took, err
}
