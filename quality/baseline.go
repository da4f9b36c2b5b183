package quality

import "math"

// Drift tells how a model errs now compared with before: the detector looks at one
// number for each labelled request (package drift).
type Drift struct {
	Model      string
	Regression bool
	// Fallen says that labels prove a larger error than before.
	Fallen bool
	// Level is the accuracy, or the typical absolute error of a regression, since it
	// fell, over the newest Requests of at most a hundred. A typical error is what
	// the mean of e/(e+s) is that of: single large errors hardly move it.
	Level    float64
	Requests int
	// Expected is the worst Level that is normal.
	Expected float64
}

// Drifts appends how all models err to into, in the order of Options.Models, and
// returns it.
func (s *Store) Drifts(into []Drift) []Drift {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.tallies {
		into = append(into, s.tallies[i].drift())
	}
	return into
}

func (t *tally) drift() Drift {
	d := Drift{Model: t.counts.Model, Regression: t.counts.Regression, Fallen: t.detector.Firing()}
	if !d.Fallen {
		return d
	}
	level, requests := t.detector.Level()
	reference := min(t.detector.Reference(), 1)
	d.Level, d.Requests, d.Expected = fromOne(level), requests, fromOne(reference)
	if d.Regression {
		d.Level, d.Expected = t.scale.Unbounded(level), t.scale.Unbounded(reference)
	}
	return d
}

// fromOne is 1-x without what binary fractions leave behind.
func fromOne(x float64) float64 { return math.Round((1-x)*1e9) / 1e9 }

// detect shows the detector a request that got its labels.
func (t *tally) detect(l told) {
	rows := float64(l.rows)
	if !t.counts.Regression {
		wrong := float64(l.rows-l.correct) / rows
		t.detector.Add(wrong)
		return
	}
	mean := l.absolute / rows
	if t.scale.Known() {
		t.detector.Add(l.bounded / rows)
		return
	}
	t.scale.Learn(mean, func(mean float64) { t.detector.Add(t.scale.Bounded(mean)) })
}

// AcceptBaseline takes the present error of a model, over its newest 1,000 labelled
// requests, as the one that is expected of it. Model is an index into
// Options.Models.
func (s *Store) AcceptBaseline(model int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tallies[model].detector.Accept()
}
