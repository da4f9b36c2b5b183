package monitor

import (
	"penstock/inference"
	"penstock/quality"
)

// Merge adds what was read on another machine at about the same time. Counts and
// histograms add up exactly. Of what does not, Users counts who is on both twice,
// the largest labeller is the larger of the two, and a model's Drift is that of
// the machine where it errs more than before, if one says so.
func (r *Reading) Merge(other *Reading) {
	r.Traffic.add(other.Traffic)
	r.Usage.add(other.Usage)
	if other.UsageAt.After(r.UsageAt) {
		r.UsageAt = other.UsageAt
	}
	r.Labellers = mergeLabellers(r.Labellers, other.Labellers)
	models := make([]ModelReading, 0, len(r.Models)+len(other.Models))
	for _, m := range r.Models {
		m.pool = nil
		models = append(models, m)
	}
	r.Models = models
	for _, m := range other.Models {
		m.pool = nil
		if own := r.model(&m); own != nil {
			own.merge(&m)
		} else {
			r.Models = append(r.Models, m)
		}
	}
}

func (m *ModelReading) merge(other *ModelReading) {
	addStats(&m.Stats, other.Stats)
	sum := inference.NewLatencies()
	sum.Merge(m.Latencies)
	sum.Merge(other.Latencies)
	m.Latencies = sum
	switch {
	case other.Quality == nil:
		return
	case m.Quality == nil:
		m.Quality, m.Drift = other.Quality, other.Drift
		return
	}
	ranges := *m.Quality
	ranges.Add(*other.Quality)
	m.Quality = &ranges
	if other.Drift.Fallen && (!m.Drift.Fallen || isWorse(other.Drift, m.Drift)) {
		m.Drift = other.Drift
	}
}

func isWorse(a, b quality.Drift) bool {
	if a.Measure == quality.Distance {
		return a.Level > b.Level
	}
	return a.Level < b.Level
}

func mergeLabellers(a, b quality.Labellers) quality.Labellers {
	if b.Rows > a.Rows {
		a, b = b, a
	}
	a.Several = a.Several || b.Several || b.Labels > 0 && a.Largest != b.Largest
	if a.Largest == b.Largest {
		a.Rows += b.Rows
	}
	a.Labels += b.Labels
	return a
}

func (t *Traffic) add(other Traffic) {
	t.Received += other.Received
	t.Predicted += other.Predicted
	t.Errors += other.Errors
	t.Shed += other.Shed
	t.Undeliverable += other.Undeliverable
	t.Connections += other.Connections
	t.Users += other.Users
}

func (u *Usage) add(other Usage) {
	u.CPUSeconds += other.CPUSeconds
	u.CPUs += other.CPUs
	u.ResidentBytes += other.ResidentBytes
	u.MachineSeconds += other.MachineSeconds
	u.MachineBusySeconds += other.MachineBusySeconds
}

func addStats(s *inference.Stats, other inference.Stats) {
	s.Accepted += other.Accepted
	s.Predicted += other.Predicted
	s.Failed += other.Failed
	s.Expired += other.Expired
	s.Cancelled += other.Cancelled
	s.Stopped += other.Stopped
	s.Unavailable += other.Unavailable
	s.Discarded += other.Discarded
	s.Shed += other.Shed
	s.Refused += other.Refused
	s.RowsPredicted += other.RowsPredicted
	s.Batches += other.Batches
	s.BatchRows += other.BatchRows
	s.Panics += other.Panics
	s.SinkPanics += other.SinkPanics
	s.BusySeconds += other.BusySeconds
	s.QueueRows += other.QueueRows
	s.QueueLimit += other.QueueLimit
	s.InFlight += other.InFlight
	s.Workers += other.Workers
	s.StuckWorkers += other.StuckWorkers
}
