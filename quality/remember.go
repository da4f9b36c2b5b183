package quality

import (
	"hash/maphash"
	"time"
)

// Prediction is one answered request.
type Prediction struct {
	Series *Series
	Scope  Scope
	// Caller is who asked, and Name how people know the Scope. Callers share the
	// store fairly, and so do the scopes of one caller.
	Caller, Name string
	// ID is the request_id as the client sent it, raw JSON: "1" and 1 differ.
	// Empty or null means that no label can follow. It is hashed, not kept.
	ID   []byte
	Rows int
	// Values has for each row as many entries as the Width of the series' judge:
	// the index of the predicted class, 0 or 1 for each label, or the values. It
	// is copied, not kept.
	Values []float32
	// Confidences has as many entries, each in [0,1], or is empty where the model
	// gives none; calibration then leaves the prediction out.
	Confidences []float32
	// Scores are those of all rows, from the first of the output's own, and Stride how
	// many lie between two rows'. Without them the truth is not judged by its
	// probability.
	Scores []float32
	Stride int
	// Shown are the confidences that the reply gives, where they are not Confidences.
	Shown []float32
	// Features are those of all rows, as many for each as Columns says; they are looked at, not
	// kept.
	Features []float32
	Columns  int
	// At is when the answer was given. Zero means now.
	At time.Time
}

// check panics at what only a programmer can get wrong.
func (p *Prediction) check(width int) {
	if len(p.Values) != p.Rows*width {
		panic("quality: a prediction needs as many values as its rows have by its judge")
	}
	if len(p.Confidences) != 0 && len(p.Confidences) != len(p.Values) {
		panic("quality: a prediction needs one confidence per value, or none")
	}
}

// Remember counts a prediction and keeps it for its label. A later prediction
// of the same scope and id takes the place of the earlier one; what the earlier
// one already counted, stays counted.
//
// A prediction without an id, with more values than Options.Remember, or with a
// value that is not finite is counted as predicted and not remembered; if it has
// an id, a label may be on its way, and it counts as forgotten.
//
// Remember allocates only while the store grows to its bound. A Series that is
// nil or of another store, and Values or Confidences of a wrong length, are a
// programmer's error; all but the other store panic.
func (s *Store) Remember(p Prediction) {
	series := p.Series
	p.check(series.judge.Width())
	if p.Rows == 0 {
		return
	}
	keep := !anonymous(p.ID) && len(p.Values) <= s.memory.limit && finite(p.Values)
	if p.At.IsZero() {
		p.At = time.Now()
	}
	r := request{
		series: series, at: int64(p.At.Sub(s.epoch)), size: max(len(p.Values), 1),
		rows: p.Rows, values: p.Values, confidences: p.Confidences, source: s.source(&p),
		scores: p.Scores, stride: p.Stride, shown: p.Shown,
		detailed: series.classes > 0 && len(p.Scores) > 0 || series.slicer != nil,
	}
	if len(r.shown) == 0 && series.classes > 0 {
		r.shown = p.Confidences
	}
	if series.slicer != nil {
		r.slices = series.slicer.of(&p)
	}
	if keep {
		r.key = p.Scope.key(p.ID)
		if room := likeliestOf(&p); room != nil {
			r.likeliest = *room
			defer found.Put(room)
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.happened++
	series.predicted(r.at, uint64(p.Rows))
	series.promised(r.at, r.shown)
	s.callers.predicted(r.caller, time.Duration(r.at))
	s.scopes.predicted(r.scope, time.Duration(r.at))
	if keep && s.memory.push(&r) {
		if s.rows != nil && series.classes > 0 {
			s.rows.keep(r.key, p.Features)
		}
		return
	}
	if !anonymous(p.ID) && series.counts.Measure != Nothing {
		s.forgotten(series, r.at, uint64(p.Rows))
	}
}

// forgotten counts rows that can have no label any more.
func (s *Store) forgotten(series *Series, at int64, rows uint64) {
	s.forgot += rows
	series.forgotten(at, rows)
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
