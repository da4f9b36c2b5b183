package trees

import "math"

// AtMost returns the float32 u for which x < u holds exactly where x ≤ t does, for
// every float32 x that is finite.
func AtMost(t float64) float32 {
	u := float32(t)
	if float64(u) > t {
		return u // the least float32 above t
	}
	return math.Nextafter32(u, float32(math.Inf(1)))
}

// Below returns the float32 u for which x < u holds exactly where x < t does, for
// every float32 x that is finite.
func Below(t float64) float32 {
	u := float32(t)
	if float64(u) < t {
		return math.Nextafter32(u, float32(math.Inf(1)))
	}
	return u
}
