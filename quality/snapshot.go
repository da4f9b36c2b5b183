package quality

import "time"

// Snapshot is everything that is known of one model's quality.
type Snapshot struct {
	Counts
	Classes []string // of classes and labels; shared, do not change

	// Confusion[t][p] counts the labelled rows of class t that were predicted
	// as class p. It is nil without labels, for other outputs than classes, and
	// beyond 256 of these.
	Confusion [][]uint64
	// Calibration is nil for outputs without confidences.
	Calibration []CalibrationBin
	// CalibrationError is the expected calibration error, 0 to 1; nil where nothing
	// that is labelled had a confidence.
	CalibrationError *float64

	// Labels has one entry per label, in the order of Classes; nil for other
	// outputs than labels.
	Labels []LabelCounts
	// MicroF1 is of all labels together, and MacroF1 the mean over the labels.
	// HammingLoss is the share of single labels that were wrong. All are nil without
	// labelled rows and for other outputs. They are defined as in scikit-learn 1.5
	// (f1_score with average "micro" and "macro" and zero_division=0;
	// hamming_loss).
	MicroF1, MacroF1, HammingLoss *float64

	// Values has one entry per value of a row; nil without labels, and for other
	// outputs than several values.
	Values []ValueErrors

	// LabelDelay is nil without labels.
	LabelDelay *LabelDelay
}

// LabelDelay tells how long after their predictions labels came, to within 1 %
// and a microsecond. Delays beyond 30 days count as 30 days.
type LabelDelay struct{ P50, P95, P99, Max time.Duration }

// Snapshot returns a copy of all that is known, one entry per model in the
// order in which they were added. It copies confusion matrices while predictions
// wait; for a look every second take Counts.
func (s *Store) Snapshot() []Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Snapshot, len(s.listed))
	for i, one := range s.listed {
		all[i] = one.snapshot()
	}
	return all
}

// Snapshot returns what is known of one model, also after its removal.
func (one *Series) Snapshot() Snapshot {
	one.store.mu.Lock()
	defer one.store.mu.Unlock()
	return one.snapshot()
}

func (one *Series) snapshot() Snapshot {
	s := Snapshot{Counts: one.counts, LabelDelay: one.labelDelay()}
	one.judge.Describe(&s)
	return s
}

func (one *Series) labelDelay() *LabelDelay {
	if one.delays == nil {
		return nil
	}
	at := func(percent float64) time.Duration {
		return time.Duration(one.delays.ValueAtQuantile(percent)) * time.Microsecond
	}
	return &LabelDelay{P50: at(50), P95: at(95), P99: at(99), Max: at(100)}
}
