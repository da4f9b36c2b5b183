package drift

import "slices"

// State is a Detector as it is kept over a restart.
type State struct {
	Evidence  []float64
	Reference float64
	Fixed     bool
	Firing    bool
	Began     int
	Requests  float64 // of the running mean, and their sums
	X         float64
	Squares   float64
	Recent    []float32 // the newest Lag, in a ring
	Next      int
}

// State returns what Restore takes.
func (d *Detector) State() State {
	return State{
		Evidence: slices.Clone(d.evidence[:]), Reference: d.reference, Fixed: d.fixed, Firing: d.firing, Began: d.began,
		Requests: d.baseline.requests, X: d.baseline.x, Squares: d.baseline.squares,
		Recent: slices.Clone(d.recent), Next: d.next,
	}
}

// Restore makes the detector as it was, where the state is that of a detector of
// this kind: else it stays as it is. A reference that this one was given holds.
func (d *Detector) Restore(s State) {
	if len(s.Evidence) != len(bets) || len(s.Recent) > Lag || s.Next < 0 || s.Next >= Lag {
		return
	}
	if !d.fixed {
		d.fixed, d.reference, d.inverse = s.Fixed, 0, 0
		if s.Reference > 0 {
			d.expect(s.Reference)
		}
	}
	copy(d.evidence[:], s.Evidence)
	d.firing, d.began = s.Firing, s.Began
	d.baseline = sums{s.Requests, s.X, s.Squares}
	d.recent, d.next = nil, 0
	if len(s.Recent) > 0 {
		d.recent = append(make([]float32, 0, Lag), s.Recent...)
		d.next = s.Next
	}
}
