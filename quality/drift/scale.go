package drift

import "slices"

// Scale makes numbers in [0,1) of errors without a bound: e/(e+s), which is a half
// where the error is s, the median of the first. Errors beyond it count for ever
// less, so that one broken label is no alarm.
//
// The zero value learns s from the first MinBaseline requests.
type Scale struct {
	first []float32
	s     float64
	known bool
}

// ScaleState is a Scale as it is kept over a restart.
type ScaleState struct {
	First []float32
	S     float64
	Known bool
}

// State returns what Restore takes.
func (c *Scale) State() ScaleState { return ScaleState{slices.Clone(c.first), c.s, c.known} }

// Restore makes the scale as it was.
func (c *Scale) Restore(s ScaleState) { c.first, c.s, c.known = s.First, s.S, s.Known && s.S > 0 }

// Learn takes the mean error of a request, while s is not known. The
// requests that it learns from are handed to replay once it is.
func (c *Scale) Learn(mean float64, replay func(mean float64)) {
	if c.known {
		return
	}
	c.first = append(c.first, float32(mean))
	if len(c.first) < MinBaseline {
		return
	}
	sorted := slices.Sorted(slices.Values(c.first))
	c.s, c.known = float64(sorted[len(sorted)/2]), true
	for _, e := range c.first {
		replay(float64(e))
	}
	c.first = nil
}

// Known reports whether enough was learned.
func (c *Scale) Known() bool { return c.known }

// Bounded is e/(e+s).
func (c *Scale) Bounded(e float64) float64 {
	if e == 0 {
		return 0
	}
	return e / (e + c.s)
}

// Unbounded is the error of which Bounded makes x.
func (c *Scale) Unbounded(x float64) float64 { return c.s * x / max(1-x, 1e-9) }
