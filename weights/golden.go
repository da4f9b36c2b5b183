package weights

import (
	"math"
	"runtime"
	"slices"
	"time"

	"penstock/model"
)

// A score may be so far from its golden one:
//
//	part × spread + rounding
//
// spread is how far apart the golden scores of all rows are, from the least to
// the greatest, of one output, or of one value, so that what counts as near
// follows from what the model is there to tell apart. Engines sum float32 in other orders than the recipe's float64;
// rounding is what that may do to this model's scores, which is known of
// some engines (Built.Rounding) and taken for a small part of the score of others. A wrong weight,
// layout, activation or normalisation misses by far more.
const (
	goldenPart      = 1e-4
	goldenPartKnown = 1e-5 // where rounding is known
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
	g, err := readGolden(data, spec)
	if err != nil {
		return err
	}
	rows, width := len(g.scores), spec.Width()
	scores := make([]float32, rows*width)
	if loaded.GoldenDuration, err = predictOnce(loaded, scores, g.features, rows); err != nil {
		return wrong("", "engine %s failed on the golden rows: %w", spec.Engine, err)
	}
	loaded.GoldenRows = rows
	spread := g.spreads(spec)
	allowed := g.tolerances(loaded, spread)
	loaded.GoldenTolerance = slices.Min(allowed)
	for i, got := range scores {
		row, at := i/width, i%width
		want := g.scores[row][at]
		diff := math.Abs(float64(got) - want)
		loaded.GoldenMaxDiff = max(loaded.GoldenMaxDiff, diff)
		if !(diff <= allowed[i]) { // true for NaN
			return wrong("scores", "row %d, score %d: engine %s gives %v; the recipe says %v (tolerance %.2g, for scores %.2g apart): "+
				"weights, layers, activations and input normalisation do not belong together", row, at, spec.Engine, got, want, allowed[i], spread[at])
		}
	}
	return nil
}

// spreads returns, for each score of a row, how far those that it is like are
// apart: the scores of one output, over all rows; of values, which may each have a
// unit of their own, the one value over all rows.
func (g golden) spreads(spec model.Spec) []float64 {
	var spreads []float64
	for _, output := range spec.Outputs {
		step := output.Width
		if output.Kind == model.Values {
			step = 1
		}
		for range output.Width / step {
			first := len(spreads)
			spreads = append(spreads, slices.Repeat([]float64{g.spread(first, first+step)}, step)...)
		}
	}
	return spreads
}

// spread is from the least golden score of some columns to the greatest; where
// they are one, its size.
func (g golden) spread(first, end int) float64 {
	least, most := math.Inf(1), math.Inf(-1)
	for _, row := range g.scores {
		least, most = min(least, slices.Min(row[first:end])), max(most, slices.Max(row[first:end]))
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
func (g golden) tolerances(m *Loaded, spread []float64) []float64 {
	part, rounding := goldenPart, []float64(nil)
	if m.rounding != nil {
		part, rounding = goldenPartKnown, m.worstRounding(g.features)
	}
	var allowed []float64
	for _, row := range g.scores {
		for i, want := range row {
			own := float32PartUnknown * math.Abs(want)
			if rounding != nil {
				own = min(roundingSafety*rounding[i], roundingPart*spread[i]+float32Part*math.Abs(want))
			}
			allowed = append(allowed, part*spread[i]+own)
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
