package quality

import "time"

// Snapshot is everything that is known of one model's quality.
type Snapshot struct {
	Counts
	Classes []string // shared; do not change

	// Confusion[t][p] counts the labelled rows of class t that were predicted
	// as class p. It is nil without labels, for a regression, and beyond 256
	// classes.
	Confusion [][]uint64
	// Calibration is nil for a regression.
	Calibration []CalibrationBin
	// CalibrationError is the expected calibration error, 0 to 1; nil where no
	// labelled row had a confidence.
	CalibrationError *float64
	// LabelDelay is nil without labels.
	LabelDelay *LabelDelay
}

// LabelDelay tells how long after their predictions labels came, to within 1 %
// and a microsecond. Delays beyond 30 days count as 30 days.
type LabelDelay struct{ P50, P95, P99, Max time.Duration }

// Snapshot returns a copy of all that is known, one entry per model in the
// order of Options.Models. It copies confusion matrices while predictions wait;
// for a look every second take Counts.
func (s *Store) Snapshot() []Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Snapshot, len(s.tallies))
	for i := range s.tallies {
		t := &s.tallies[i]
		all[i] = Snapshot{
			Counts:           t.counts,
			Classes:          s.judges[i].classes,
			Confusion:        t.confusionRows(),
			Calibration:      t.calibration(),
			CalibrationError: t.calibrationError(),
			LabelDelay:       t.labelDelay(),
		}
	}
	return all
}

func (t *tally) confusionRows() [][]uint64 {
	if t.confusion == nil {
		return nil
	}
	cells := append([]uint64(nil), t.confusion...)
	rows := make([][]uint64, t.classes)
	for i := range rows {
		rows[i] = cells[i*t.classes : (i+1)*t.classes : (i+1)*t.classes]
	}
	return rows
}

func (t *tally) labelDelay() *LabelDelay {
	if t.delays == nil {
		return nil
	}
	at := func(percent float64) time.Duration {
		return time.Duration(t.delays.ValueAtQuantile(percent)) * time.Microsecond
	}
	return &LabelDelay{P50: at(50), P95: at(95), P99: at(99), Max: at(100)}
}
