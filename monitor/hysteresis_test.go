package monitor

import (
	"testing"

	"pgregory.net/rapid"
)

const fireAfter, clearAfter = 3, 5

func rules() []hysteresis {
	return []hysteresis{
		{thresholds: [3]float64{warning: 50, critical: 90}, fireAfter: fireAfter, clearAfter: clearAfter},
		{thresholds: [3]float64{warning: 50}, fireAfter: fireAfter, clearAfter: clearAfter},
		{thresholds: [3]float64{critical: 50}, fireAfter: fireAfter, clearAfter: clearAfter},
		{thresholds: [3]float64{warning: 0.9, critical: 0.8}, low: true, fireAfter: fireAfter, clearAfter: clearAfter},
	}
}

// However it hovers within 5 % (for an accuracy, half a point) of a threshold,
// a value raises at most one alert and never clears it.
func TestHoveringDoesNotFlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := rapid.SampledFrom(rules()).Draw(t, "rule")
		around := max(h.thresholds[warning], h.thresholds[critical])
		width := 0.05 * around
		if h.low {
			width = 0.005
		}
		value := rapid.Float64Range(around-width, around+width)
		transitions, was := 0, h.now
		for range rapid.IntRange(1, 200).Draw(t, "ticks") {
			if is := step(&h, new(value.Draw(t, "value"))); is != was {
				transitions, was = transitions+1, is
			}
		}
		bound := 1
		if h.thresholds[warning] != 0 && around == h.thresholds[critical] {
			bound = 2 // through the warning on the way
		}
		if transitions > bound {
			t.Fatalf("%d transitions", transitions)
		}
	})
}

// Whatever the values are, a rise needs fireAfter ticks beyond and a fall
// clearAfter good ones, all in a row and since the last change to calm.
func TestTransitionsAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := rapid.SampledFrom(rules()).Draw(t, "rule")
		top := 1.2 * max(h.thresholds[warning], h.thresholds[critical])
		value := rapid.Ptr(rapid.Float64Range(0, top), true)
		ticks := rapid.IntRange(1, 300).Draw(t, "ticks")
		alarms, was := 0, h.now
		var trail []*float64
		for range ticks {
			v := value.Draw(t, "value")
			trail = append(trail, v)
			is := step(&h, v)
			if is > was && !all(trail, fireAfter, func(v *float64) bool { return v != nil && h.isBeyond(is, *v) }) {
				t.Fatalf("rose to %v after %v", is, trail)
			}
			if is < was && !all(trail, clearAfter, func(v *float64) bool { return v == nil || h.isGood(was, *v) }) {
				t.Fatalf("left %v after %v", was, trail)
			}
			if was == calm && is != calm {
				alarms++
			}
			was = is
		}
		if most := (ticks + clearAfter) / (fireAfter + clearAfter); alarms > most {
			t.Fatalf("%d alarms in %d ticks; at most %d", alarms, ticks, most)
		}
	})
}

func all(trail []*float64, n int, holds func(*float64) bool) bool {
	if len(trail) < n {
		return false
	}
	for _, v := range trail[len(trail)-n:] {
		if !holds(v) {
			return false
		}
	}
	return true
}

// step takes a value that is sure.
func step(h *hysteresis, value *float64) severity { return h.step(value, value) }
