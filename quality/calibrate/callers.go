package calibrate

const (
	// cap is the share of a window's weight that one caller has at most, where there
	// are twenty or more.
	share = 0.05
	// known is how many labels make somebody count as a caller in full.
	known = 10
)

// weigh returns a weight in (0,1] for every caller's rows, so that nobody has more
// than 5 % of the whole weight, or of k callers more than one k-th.
//
// With few others who say little, that would throw nearly all rows away, so that a
// caller is never cut below n/k² rows: with one label each from four others, the
// fifth keeps half of its 2,000. Whoever gave fewer than ten labels counts for so
// many tenths in k.
func weigh(counts map[uint64]int, weights map[uint64]float64) {
	clear(weights)
	var n, k float64
	for _, rows := range counts {
		n += float64(rows)
		k += float64(min(rows, known)) / known
	}
	k = max(k, 1)
	level := max(waterLevel(counts, max(share, 1/k)), n/(k*k))
	for caller, rows := range counts {
		weights[caller] = min(1, level/float64(rows))
	}
}

// waterLevel is the highest number of rows such that nobody has more than the share
// of all, when all are cut to it.
func waterLevel(counts map[uint64]int, share float64) float64 {
	most := 0
	for _, rows := range counts {
		most = max(most, rows)
	}
	// The share of a level falls with it as fewer are cut; a search by halves over a
	// window's rows takes a dozen looks.
	low, high := 1, most
	for low < high {
		middle := (low + high + 1) / 2
		if float64(middle) <= share*float64(filled(counts, middle)) {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return float64(low)
}

func filled(counts map[uint64]int, level int) int {
	var sum int
	for _, rows := range counts {
		sum += min(rows, level)
	}
	return sum
}
