package quality

import "math"

// Drift tells how a model errs now compared with before: the detector looks at one
// number for each labelled request (package drift).
type Drift struct {
	Model, Version string
	Measure        Measure
	// Fallen says that labels prove a larger error than before. Where the measure is
	// Nothing, it is never so.
	Fallen bool
	// Level is the accuracy, or where the measure is Distance the typical absolute
	// error, since it fell, over the newest Requests of at most a hundred. A typical
	// error is what the mean of e/(e+s) is that of: single large errors hardly move
	// it.
	Level    float64
	Requests int
	// Expected is the worst Level that is normal.
	Expected float64
	// Loudest is the caller that labelled most of the newest 1,000 requests, and Part
	// which share of them that was. Evidence counts a caller's labels with the weight that
	// 5 % of all have at most, or an equal share where there are fewer than 20 callers.
	Loudest string
	Part    float64
}

// Drifts appends how all models err to into, in the order in which they were
// added, and returns it.
func (s *Store) Drifts(into []Drift) []Drift {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.listed {
		into = append(into, one.drift())
	}
	return into
}

// Drift tells how the model errs, also after its removal.
func (one *Series) Drift() Drift {
	one.store.mu.Lock()
	defer one.store.mu.Unlock()
	return one.drift()
}

func (one *Series) drift() Drift {
	c := &one.counts
	d := Drift{Model: c.Model, Version: c.Version, Measure: c.Measure, Fallen: one.detector.Firing()}
	if !d.Fallen {
		return d
	}
	level, requests := one.detector.Level()
	reference := min(one.detector.Reference(), 1)
	d.Level, d.Requests, d.Expected = fromOne(level), requests, fromOne(reference)
	d.Loudest, d.Part = one.voices.loudest()
	if d.Measure == Distance {
		d.Level, d.Expected = one.scale.Unbounded(level), one.scale.Unbounded(reference)
	}
	return d
}

// fromOne is 1-x without what binary fractions leave behind.
func fromOne(x float64) float64 { return math.Round((1-x)*1e9) / 1e9 }

// detect shows the detector a request that got its labels.
func (one *Series) detect(l told) {
	was := one.detector.Firing()
	one.weigh(l)
	if is := one.detector.Firing(); is != was {
		one.store.event(one, "fall", fallText(is))
	}
}

func fallText(fallen bool) string {
	if fallen {
		return "labels prove more errors than before"
	}
	return "errors are as before again"
}

func (one *Series) weigh(l told) {
	rows := float64(l.rows)
	switch {
	case one.counts.Measure == RightOrWrong:
		one.detector.AddWeighted(float64(l.rows-l.correct)/rows, l.weight)
	case one.scale.Known():
		one.detector.AddWeighted(l.bounded/rows, l.weight)
	default:
		one.scale.Learn(l.absolute/rows, func(mean float64) { one.detector.Add(one.scale.Bounded(mean)) })
	}
}

// AcceptBaseline takes the present error of a model, over its newest 1,000 labelled
// requests, as the one that is expected of it.
func (s *Store) AcceptBaseline(one *Series) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one.detector.Accept()
	s.happened++
}
