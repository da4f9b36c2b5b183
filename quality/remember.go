package quality

import (
	"hash/maphash"
	"time"
)

// Prediction is one answered request.
type Prediction struct {
	Model int // index into Options.Models
	Scope Scope
	// Caller is who asked, and Name how people know the Scope. Callers share the
	// store fairly, and so do the scopes of one caller.
	Caller, Name string
	// ID is the request_id as the client sent it, raw JSON: "1" and 1 differ.
	// Empty or null means that no label can follow. It is hashed, not kept.
	ID []byte
	// Values has one entry per row: the index of the predicted class, or the
	// value of a regression. It is copied, not kept.
	Values []float32
	// Confidences has one entry per row, each in [0,1], or is empty where the
	// model gives none; calibration then leaves the prediction out.
	Confidences []float32
	// At is when the answer was given. Zero means now.
	At time.Time
}

// Remember counts a prediction and keeps it for its label. A later prediction
// of the same scope and id takes the place of the earlier one; what the earlier
// one already counted, stays counted.
//
// A prediction without an id, with more rows than Options.Remember, or with a
// value that is not finite is counted as predicted and not remembered; if it has
// an id, a label may be on its way, and it counts as forgotten.
//
// Remember allocates only while the store grows to its bound. A Model out of
// range, or Confidences of another length than Values, is a programmer's error
// and panics.
func (s *Store) Remember(p Prediction) {
	if len(p.Confidences) != 0 && len(p.Confidences) != len(p.Values) {
		panic("quality: a prediction needs one confidence per value, or none")
	}
	if len(p.Values) == 0 {
		return
	}
	keep := !anonymous(p.ID) && len(p.Values) <= s.memory.limit && finite(p.Values)
	if p.At.IsZero() {
		p.At = time.Now()
	}
	r := request{
		model: uint16(p.Model), at: int64(p.At.Sub(s.epoch)),
		values: p.Values, confidences: p.Confidences, source: s.source(&p),
	}
	if keep {
		r.key = s.key(p.Scope, p.ID)
	}
	tally := &s.tallies[p.Model]

	s.mu.Lock()
	defer s.mu.Unlock()
	tally.predicted(r.at, uint64(len(p.Values)))
	s.callers.predicted(r.caller, time.Duration(r.at))
	s.scopes.predicted(r.scope, time.Duration(r.at))
	switch {
	case keep:
		s.memory.push(&r)
	case !anonymous(p.ID):
		tally.forgotten(r.at, uint64(len(p.Values)))
	}
}

func (s *Store) source(p *Prediction) source {
	caller := maphash.String(s.seed, p.Caller)
	return source{
		caller: caller, scope: scopeKey(p.Scope, caller),
		callerName: p.Caller, scopeName: p.Name,
	}
}

func finite(values []float32) bool {
	for _, v := range values {
		if v-v != 0 { // NaN and infinities
			return false
		}
	}
	return true
}
