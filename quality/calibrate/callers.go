package calibrate

const (
	// share is what one caller has of a window's weight at most, where there are twenty
	// callers or more.
	share = 0.05
	// known is how many labels make somebody count as a caller in full.
	known = 10
)

// callers gives the rows of a window their weights.
type callers struct {
	rows    map[uint64]int
	weights map[uint64]float64 // none where everybody has 1
	sizes   []int
}

func newCallers() callers {
	return callers{rows: make(map[uint64]int), weights: make(map[uint64]float64)}
}

// weigh sets weights in (0,1], so that nobody has more than 5 % of the whole weight,
// or of k callers more than one k-th.
//
// With few others who say little, that would throw nearly all rows away, so that a
// caller is never cut below n/k² rows: with one label each from four others, the
// fifth keeps half of its 2,000. Whoever gave fewer than ten labels counts for so
// many tenths in k.
func (c *callers) weigh(rows []row) {
	clear(c.rows)
	clear(c.weights)
	for _, r := range rows {
		c.rows[r.caller]++
	}
	c.sizes = c.sizes[:0]
	most, k := 0, 0.0
	for _, size := range c.rows {
		c.sizes = append(c.sizes, size)
		most = max(most, size)
		k += float64(min(size, known)) / known
	}
	n := float64(len(rows))
	k = max(k, 1)
	level := max(c.waterLevel(most, max(share, 1/k)), n/(k*k))
	if level >= float64(most) {
		return
	}
	for caller, size := range c.rows {
		c.weights[caller] = min(1, level/float64(size))
	}
}

func (c *callers) weight(caller uint64) float64 {
	if len(c.weights) == 0 {
		return 1
	}
	return c.weights[caller]
}

// waterLevel is the highest number of rows such that nobody has more than the share
// of all, when all are cut to it; 1 if there is none.
func (c *callers) waterLevel(most int, share float64) float64 {
	low, high := 1, most
	if float64(most) <= share*float64(c.filled(most)) {
		return float64(most)
	}
	for low < high {
		middle := (low + high + 1) / 2
		if float64(middle) <= share*float64(c.filled(middle)) {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return float64(low)
}

// filled is how many rows are left when everybody is cut to the level.
func (c *callers) filled(level int) int {
	var sum int
	for _, size := range c.sizes {
		sum += min(size, level)
	}
	return sum
}
