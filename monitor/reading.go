package monitor

import (
	"time"

	"penstock/inference"
	"penstock/quality"
)

// reading is what all sources said at one moment. Frames are differences
// between two readings.
type reading struct {
	at        time.Time // for its monotonic clock only
	traffic   Traffic
	pools     []inference.Stats
	quality   []quality.Ranges
	drifts    []quality.Drift
	labellers quality.Labellers
	load      load
}

// load is how busy the machine was up to a reading of it, in percent.
type load struct {
	at      time.Time
	usage   Usage
	machine float64 // of all processors, by whoever runs
	process float64 // of the processors that the process may use, by itself
}

// read asks all sources. Where the machine cannot be read, its load of the
// reading before stays, and the failure is counted.
func (m *Monitor) read(before reading) reading {
	now := reading{at: time.Now(), traffic: m.options.Traffic(), load: before.load}
	for _, pool := range m.options.Pools {
		now.pools = append(now.pools, pool.Stats())
	}
	if m.options.Quality != nil {
		now.quality = m.options.Quality.Ranges(nil)
		now.drifts = m.options.Quality.Drifts(nil)
		now.labellers = m.options.Quality.Labellers()
	}
	usage, err := m.options.Machine.Usage()
	if err != nil {
		m.metrics.machineErrors.Inc()
		return now
	}
	now.load = before.load.until(now.at, usage)
	return now
}

// until is the load between two readings; nothing is known at the first.
func (l load) until(at time.Time, usage Usage) load {
	is := load{at: at, usage: usage}
	if !l.at.IsZero() {
		used := since(l.usage.CPUSeconds, usage.CPUSeconds)
		is.process = 100 * share(used, float64(usage.CPUs)*at.Sub(l.at).Seconds())
		is.machine = is.process // at least, where the system does not tell
		if passed := usage.MachineSeconds - l.usage.MachineSeconds; passed > 0 {
			is.machine = 100 * share(since(l.usage.MachineBusySeconds, usage.MachineBusySeconds), passed)
		}
	}
	return is
}

// qualityOf returns what labels say of a model, by name; ok is false where no labels
// are collected for it.
func (r reading) qualityOf(name string) (ranges quality.Ranges, ok bool) {
	for _, ranges := range r.quality {
		if ranges.SinceStart.Model == name {
			return ranges, true
		}
	}
	return quality.Ranges{}, false
}
