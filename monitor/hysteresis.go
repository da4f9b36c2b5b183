package monitor

type severity int

const (
	calm severity = iota
	warning
	critical
)

func (s severity) String() string {
	return [...]string{calm: "calm", warning: "warning", critical: "critical"}[s]
}

// hysteresis decides when a value is bad enough for long enough. It rises to a
// severity after fireAfter ticks in a row at or above its threshold, or below it
// where small values are the bad ones, and leaves it after clearAfter ticks in a
// row on the good side of its clear level. Between the two levels nothing moves, so that a value hovering at a
// threshold raises one alert, not a hundred.
type hysteresis struct {
	thresholds [3]float64 // by severity; 0: off
	low        bool       // small values are the bad ones
	fireAfter  int
	clearAfter int

	now    severity
	beyond [3]int // ticks in a row, by severity
	good   [3]int
}

// step takes the value of one tick, and what it is at best, which alone may be
// beyond a threshold, and returns the severity from then on. A tick without a measurement counts as good: what is not there cannot go on
// being reported.
func (h *hysteresis) step(value, sure *float64) severity {
	for _, s := range []severity{warning, critical} {
		if h.thresholds[s] == 0 {
			continue
		}
		count(&h.beyond[s], sure != nil && h.isBeyond(s, *sure))
		count(&h.good[s], value == nil || h.isGood(s, *value))
		if h.beyond[s] >= h.fireAfter {
			h.now = max(h.now, s)
		}
	}
	if h.now != calm && h.good[h.now] >= h.clearAfter {
		h.now = h.fallen()
	}
	return h.now
}

// fallen is the severity after leaving critical or warning: a critical value
// that is only back between the two thresholds stays a warning.
func (h *hysteresis) fallen() severity {
	if h.now == critical && h.thresholds[warning] != 0 && h.good[warning] < h.clearAfter {
		return warning
	}
	return calm
}

func (h *hysteresis) isBeyond(s severity, value float64) bool {
	if h.low {
		return value < h.thresholds[s]
	}
	return value >= h.thresholds[s]
}

func (h *hysteresis) isGood(s severity, value float64) bool {
	if h.low {
		return value >= h.clearLevel(s)
	}
	return value < h.clearLevel(s)
}

// clearLevel of an accuracy is one point above its threshold, or half way to a
// perfect one where that is nearer.
func (h *hysteresis) clearLevel(s severity) float64 {
	t := h.thresholds[s]
	if h.low {
		return min(t+0.01, (t+1)/2)
	}
	return 0.9 * t
}

func count(inARow *int, holds bool) {
	if holds {
		*inARow++
	} else {
		*inARow = 0
	}
}
