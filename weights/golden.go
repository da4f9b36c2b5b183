package weights

import (
	"math"
	"runtime"
	"slices"
	"time"
)

// A score may be so far from its golden one:
//
//	part × spread + rounding
//
// spread is how far apart the golden scores of all rows are, from the least to
// the greatest, so that what counts as near follows from what the model is there
// to tell apart. Engines sum float32 in other orders than the recipe's float64;
// rounding is what that may do to this model's scores, which is known of the
// engine dense and taken for a small part of the score of others. A wrong weight,
// layout, activation or normalisation misses by far more.
const (
	goldenPart      = 1e-4
	goldenPartDense = 1e-5 // where rounding is known
	// roundingPart bounds rounding, as a part of spread: a model that float32 does
	// not suffice for is refused.
	roundingPart = 1e-3
	// roundingSafety is for terms whose errors do not cancel.
	roundingSafety = 8
	// float32Part of a score is what float32 needs for a few operations, and
	// float32PartUnknown what it may need for many.
	float32Part        = 1e-6
	float32PartUnknown = 5e-6
)

// maxGolden bounds the batch that proves a model.
const maxGolden = 1024

// golden holds rows and what the recipe says of them: features as a client
// sends them, scores after temperature and softmax.
type golden struct{ features, scores [][]float64 }

func readGolden(data []byte, features, outputs int) (golden, error) {
	var g golden
	o := ReadObject("", data)
	o.Required("features", &g.features)
	o.Required("scores", &g.scores)
	if err := o.Done(); err != nil {
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
	g, err := readGolden(data, spec.Features, spec.Width())
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
	scores := make([]float32, rows*spec.Width())
	if loaded.GoldenDuration, err = predictOnce(loaded, scores, features, rows); err != nil {
		return wrong("", "engine %s failed on the golden rows: %w", spec.Engine, err)
	}
	loaded.GoldenRows = rows
	allowed := g.tolerances(loaded, features)
	loaded.GoldenTolerance = slices.Min(allowed)
	for i, got := range scores {
		row, class := i/spec.Width(), i%spec.Width()
		want := g.scores[row][class]
		diff := math.Abs(float64(got) - want)
		loaded.GoldenMaxDiff = max(loaded.GoldenMaxDiff, diff)
		if !(diff <= allowed[i]) { // true for NaN
			return wrong("scores", "row %d, score %d: engine %s gives %v; the recipe says %v (tolerance %.2g, for scores %.2g apart): "+
				"weights, layers, activations and input normalisation do not belong together", row, class, spec.Engine, got, want, allowed[i], g.spread())
		}
	}
	return nil
}

// spread is from the least golden score to the greatest; where they are one, its
// size.
func (g golden) spread() float64 {
	least, most := math.Inf(1), math.Inf(-1)
	for _, row := range g.scores {
		least, most = min(least, slices.Min(row)), max(most, slices.Max(row))
	}
	switch {
	case most > least:
		return most - least
	case most != 0:
		return math.Abs(most)
	}
	return 1
}

// tolerances returns how far each score may be from its golden one.
func (g golden) tolerances(m *Loaded, features []float32) []float64 {
	spread := g.spread()
	part, rounding := goldenPart, []float64(nil)
	if m.rounding != nil {
		part, rounding = goldenPartDense, m.worstRounding(features)
	}
	var allowed []float64
	for _, row := range g.scores {
		for class, want := range row {
			own := float32PartUnknown * math.Abs(want)
			if rounding != nil {
				own = min(roundingSafety*rounding[class], roundingPart*spread+float32Part*math.Abs(want))
			}
			allowed = append(allowed, part*spread+own)
		}
	}
	return allowed
}

// roundingWork bounds how many products worstRounding computes, to some tenths
// of a second.
const roundingWork = 100_000_000

// worstRounding returns what rounding may do to each score in the worst of the
// rows that there is time for, and of one at least.
func (m *Loaded) worstRounding(features []float32) []float64 {
	spec, worst := m.Spec(), make([]float64, m.Spec().Width())
	rows := int(max(1, roundingWork/max(1, m.Bytes/2))) // of two bytes at least for each weight
	for first := 0; first < len(features) && rows > 0; first += spec.Features {
		for i, off := range m.rounding(features[first:][:spec.Features]) {
			worst[i] = max(worst[i], off)
		}
		rows--
	}
	return worst
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
