package monitor

func rate(count uint64, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(count) / seconds
}

// share is part of whole, at most 1: the sources are read one after the other,
// so that a part may be measured a moment later than its whole. What a broken
// source makes of it, NaN for one, is 0.
func share(part, whole float64) float64 {
	if s := part / whole; s > 0 {
		return min(s, 1)
	}
	return 0
}

// since is how much a counter grew. A counter that fell was started anew, as
// when a pool is replaced; it then grew from zero.
func since[N uint64 | float64](before, now N) N {
	if now < before {
		return now
	}
	return now - before
}
