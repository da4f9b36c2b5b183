package monitor

import (
	"fmt"
	"math"
	"time"
)

// Level is a pair of thresholds. Zero turns one off.
type Level struct {
	Warning  float64 `json:"warning" yaml:"warning"`
	Critical float64 `json:"critical" yaml:"critical"`
}

// Thresholds say when a value is worth waking somebody. A value fires once it
// has been at or beyond its threshold for FireAfter, and resolves once it has
// been clearly back for ResolveAfter: below 90 % of the threshold, or, for the
// accuracy, one percentage point above it. A value in between changes nothing.
type Thresholds struct {
	// ErrorRate is the share of requests answered with an error or shed over
	// the last 10 s, 0 to 1, when there were at least 10. Default 0.01 and
	// 0.05.
	ErrorRate Level `json:"error_rate" yaml:"error_rate"`
	// LatencyP99 is over the last 10 s and all models, in milliseconds. Default
	// 100 and 500: what people feel as a delay, and as a stall.
	LatencyP99 Level `json:"latency_p99_ms" yaml:"latency_p99_ms"`
	// Queue is the waiting rows as a share of those that may wait, 0 to 1, in
	// the fullest pool. Default 0.5 and 0.9: at 1 requests are shed.
	Queue Level `json:"queue" yaml:"queue"`
	// Accuracy is that of a model over its predictions of the last five minutes, 0
	// to 1, with at least 50 labels; it fires when it is below the threshold beyond
	// doubt, with 99.9 % confidence, and Critical is the lower of the two. Off by
	// default: what is good depends on the model.
	Accuracy Level `json:"accuracy" yaml:"accuracy"`
	// Falls raises an alert when labels prove that a model errs more than before
	// (quality.Drift): critical where it lost twenty points of accuracy, or errs
	// three times as much, else a warning. On by default.
	Falls bool `json:"falls" yaml:"falls"`
	// CalibrationGap is how far the mean confidence of replies is from the share of them
	// that is right, 0 to 1, over the newest 2,000 labels, when there were at least 500
	// and Spiegelhalter's z is beyond 4. Nobody's labels weigh more than 5 % in it, or an
	// equal share. Default 0.05 and 0.15.
	CalibrationGap Level `json:"calibration_gap" yaml:"calibration_gap"`
	// Drift raises a warning while rows are not like a model's reference (package
	// shift). On by default.
	Drift bool `json:"drift" yaml:"drift"`
	// LabelShare is the largest labeller's part of the labels of the last five
	// minutes, 0 to 1, when there were at least 50 and somebody else takes part.
	// Default 0.8 and never: one wrong client can spoil the accuracy, and yet
	// nothing may be wrong.
	LabelShare Level `json:"labeller_share" yaml:"labeller_share"`
	// CPU is in percent of the machine or, where it may use fewer processors than
	// that has and takes more of them, of those. Default 90 and 98.
	CPU Level `json:"cpu_percent" yaml:"cpu_percent"`

	// FireAfter is how long a value must be beyond; zero means 3 s.
	FireAfter time.Duration `json:"fire_after" yaml:"fire_after"`
	// CPUFireAfter is FireAfter for CPU, where short peaks are normal; zero
	// means 10 s.
	CPUFireAfter time.Duration `json:"cpu_fire_after" yaml:"cpu_fire_after"`
	// ResolveAfter is how long a value must be back; zero means 5 s.
	ResolveAfter time.Duration `json:"resolve_after" yaml:"resolve_after"`
}

// DefaultThresholds suit a server that people wait for.
func DefaultThresholds() Thresholds {
	return Thresholds{
		ErrorRate:  Level{Warning: 0.01, Critical: 0.05},
		LatencyP99: Level{Warning: 100, Critical: 500},
		Queue:      Level{Warning: 0.5, Critical: 0.9},
		LabelShare: Level{Warning: 0.8},
		CPU:        Level{Warning: 90, Critical: 98},
		Falls:      true,
		Drift:      true,

		CalibrationGap: Level{Warning: 0.05, Critical: 0.15},
	}.withDefaults()
}

func (t Thresholds) withDefaults() Thresholds {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&t.FireAfter, 3 * time.Second}, {&t.CPUFireAfter, 10 * time.Second}, {&t.ResolveAfter, 5 * time.Second}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return t
}

func (t Thresholds) validate() error {
	for _, l := range []struct {
		field string
		level Level
		most  float64
	}{
		{"ErrorRate", t.ErrorRate, 1},
		{"LatencyP99", t.LatencyP99, math.MaxFloat64},
		{"Queue", t.Queue, 1},
		{"Accuracy", t.Accuracy, 1},
		{"LabelShare", t.LabelShare, 1},
		{"CPU", t.CPU, 100},
		{"CalibrationGap", t.CalibrationGap, 1},
	} {
		for _, v := range []float64{l.level.Warning, l.level.Critical} {
			if !(v >= 0 && v <= l.most) {
				return fmt.Errorf("monitor: Thresholds.%s is %v; expected 0 (off) to %g", l.field, v, l.most)
			}
		}
		order := l.level.Critical - l.level.Warning
		if l.field == "Accuracy" {
			order = -order
		}
		if l.level.Warning != 0 && l.level.Critical != 0 && order < 0 {
			return fmt.Errorf("monitor: Thresholds.%s: the critical threshold %g comes before the warning %g",
				l.field, l.level.Critical, l.level.Warning)
		}
	}
	if t.FireAfter < 0 || t.CPUFireAfter < 0 || t.ResolveAfter < 0 {
		return fmt.Errorf("monitor: Thresholds: FireAfter %v, CPUFireAfter %v, ResolveAfter %v; expected none below zero",
			t.FireAfter, t.CPUFireAfter, t.ResolveAfter)
	}
	return nil
}
