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
	rows := len(g.scores)
	scores := make([]float32, rows*spec.Width())
	if loaded.GoldenDuration, err = predictOnce(loaded, scores, g.features, rows); err != nil {
		return wrong("", "engine %s failed on the golden rows: %w", spec.Engine, err)
	}
	loaded.GoldenRows = rows
	rounding := loaded.worstRounding(g.features)
	worst := math.Inf(-1)
	for _, alike := range g.alike(spec) {
		diff, tolerance, err := g.compare(scores, spec, alike, rounding)
		if err != nil {
			return err
		}
		if part := diff / tolerance; part > worst {
			worst, loaded.GoldenMaxDiff, loaded.GoldenTolerance = part, diff, tolerance
		}
	}
	return nil
}

// compare holds some scores of every row to the recipe's. It returns the largest
// difference and the least that would have been too large.
func (g golden) compare(scores []float32, spec model.Spec, a alike, rounding []float64) (diff, tolerance float64, err error) {
	tolerance = math.Inf(1)
	for row, golden := range g.scores {
		for at := a.first; at < a.end; at++ {
			got, want := scores[row*spec.Width()+at], golden[at]
			allowed := a.tolerance(want, at, rounding)
			off := math.Abs(float64(got) - want)
			if !(off <= allowed) { // true for NaN
				return 0, 0, wrong("scores", "row %d, score %d: engine %s gives %v; expected %v (tolerance %.2g, for scores %.2g apart): "+
					"the golden rows, the model's files, the engine's entry and the input's normalisation do not belong together", row, at, spec.Engine, got, want, allowed, a.spread)
			}
			diff, tolerance = max(diff, off), min(tolerance, allowed)
		}
	}
	return diff, tolerance, nil
}

// alike are scores of a row that have one unit: those of one output; of values,
// which may each have a unit of their own, one value.
type alike struct {
	first, end int
	spread     float64 // over all golden rows
}

func (g golden) alike(spec model.Spec) (all []alike) {
	first := 0
	for _, output := range spec.Outputs {
		step := output.Width
		if output.Kind == model.Values {
			step = 1
		}
		for range output.Width / step {
			all = append(all, alike{first, first + step, g.spread(first, first+step)})
			first += step
		}
	}
	return all
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

// tolerance is how far a score may be from its golden one. rounding is nil where
// it is not known.
func (a alike) tolerance(want float64, at int, rounding []float64) float64 {
	if rounding == nil {
		return goldenPart*a.spread + float32PartUnknown*math.Abs(want)
	}
	return goldenPartKnown*a.spread + min(roundingSafety*rounding[at], roundingPart*a.spread+float32Part*math.Abs(want))
}

// roundingWork bounds how many products worstRounding computes, to some tenths
// of a second.
const roundingWork = 100_000_000

// worstRounding returns what rounding may do to each score in the worst of the
// rows that there is time for, and of one at least; nil where it is not known.
func (m *Loaded) worstRounding(features []float32) []float64 {
	if m.rounding == nil {
		return nil
	}
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
