package monitor

import (
	"time"

	"penstock/inference"
	"penstock/quality"
)

// Reading is what all sources had counted at one moment, since they were made.
// Whatever a frame shows is the difference of two readings, so that readings of
// several machines, merged, make the frames of all of them.
//
// What a reading points to is shared and never changes.
type Reading struct {
	At        time.Time // differences are by its monotonic clock
	Traffic   Traffic
	Models    []ModelReading // in the order of Options.Models
	Labellers quality.Labellers
	// Usage is that of UsageAt, which is before At where the machine could not be
	// read; zero where it never could.
	Usage   Usage
	UsageAt time.Time
}

// ModelReading is what was counted of one model.
type ModelReading struct {
	Name, Version string
	Stats         inference.Stats
	Latencies     *inference.Latencies // of all predictions
	Quality       *quality.Ranges      // nil where no labels are collected
	Drift         quality.Drift
	Confidence    ConfidenceReading
	Shift         ShiftReading

	pool Pool // nil in merged readings
}

// same reports whether two readings are of one pool, so that their difference
// makes sense.
func (m *ModelReading) same(other *ModelReading) bool {
	return m.Name == other.Name && m.Version == other.Version && m.pool == other.pool
}

// model returns the reading of the same pool; nil if there is none.
func (r *Reading) model(of *ModelReading) *ModelReading {
	for i := range r.Models {
		if r.Models[i].same(of) {
			return &r.Models[i]
		}
	}
	return nil
}

// keys returns what each model is called: its name, or where several versions of
// it are there, name@version.
func (r *Reading) keys() []string {
	versions := make(map[string]int, len(r.Models))
	for i := range r.Models {
		versions[r.Models[i].Name]++
	}
	keys := make([]string, len(r.Models))
	for i := range r.Models {
		keys[i] = r.Models[i].Name
		if versions[keys[i]] > 1 {
			keys[i] += "@" + r.Models[i].Version
		}
	}
	return keys
}

// read asks all sources. Where the machine cannot be read, its usage of the
// reading before stays, and the failure is counted.
func (m *Monitor) read(before *Reading) *Reading {
	now := &Reading{At: time.Now(), Traffic: m.options.Traffic(), Usage: before.Usage, UsageAt: before.UsageAt}
	models := m.options.Models()
	now.Models = make([]ModelReading, len(models))
	for i := range models {
		now.Models[i] = readModel(&models[i], before)
	}
	if m.options.Quality != nil {
		now.Labellers = m.options.Quality.Labellers()
	}
	usage, err := m.options.Machine.Usage()
	if err != nil {
		m.metrics.machineErrors.Inc()
		return now
	}
	now.Usage, now.UsageAt = usage, now.At
	return now
}

func readModel(w *Watched, before *Reading) ModelReading {
	now := ModelReading{Name: w.Name, Version: w.Version, pool: w.Pool, Stats: w.Pool.Stats()}
	// Most models rest most of the time, and histograms are large.
	if was := before.model(&now); was != nil && was.Stats.Predicted == now.Stats.Predicted {
		now.Latencies = was.Latencies
	} else {
		now.Latencies = inference.NewLatencies()
		w.Pool.Latencies(now.Latencies)
	}
	if w.Series != nil {
		ranges := w.Series.Ranges()
		now.Quality, now.Drift = &ranges, w.Series.Drift()
		if c := w.Series.Confidences(); c != nil {
			now.Confidence = ConfidenceReading{Labels: c.Rows, Z: c.CappedZ, Gap: c.CappedGap}
		}
		now.Shift.Watched = true
		now.Shift.Firing, now.Shift.Text = w.Series.Shifted()
	}
	return now
}

// ConfidenceReading is how well calibrated the replies of a model were of which the
// newest labels have come, as calibrate.Report has it.
type ConfidenceReading struct {
	Labels int
	Z, Gap float64
}

// ShiftReading tells whether rows are not like a model's reference, and how.
type ShiftReading struct {
	Watched, Firing bool
	Text            string
}

// load is how busy the machine was up to a reading of it, in percent.
type load struct {
	machine float64 // of all processors, by whoever runs
	process float64 // of the processors that the process may use, by itself
}

// until is the load between two readings; nothing is known before the second, and
// nothing new where the machine could not be read.
func (l load) until(before, now *Reading) load {
	passed := now.UsageAt.Sub(before.UsageAt).Seconds()
	if before.UsageAt.IsZero() || passed <= 0 {
		return l
	}
	was, is := before.Usage, now.Usage
	l.process = 100 * share(since(was.CPUSeconds, is.CPUSeconds), float64(is.CPUs)*passed)
	l.machine = l.process // at least, where the system does not tell
	if passed := is.MachineSeconds - was.MachineSeconds; passed > 0 {
		l.machine = 100 * share(since(was.MachineBusySeconds, is.MachineBusySeconds), passed)
	}
	return l
}
