// Package conformal makes sets of classes, and intervals of values, that hold the
// truth at least as often as they say.
//
// Its contract: of rows that are like the labelled ones before them, a set of alpha
// has the truth with a probability of at least 1 − alpha, whatever the model and the
// rows are. When rows change, each alpha's level follows what was seen. It knows no
// classes, models or time: only how well the true answers conformed.
package conformal

import (
	"math"
	"time"

	"penstock/quality/fair"
)

const (
	// Most is how many conformities a Window keeps.
	Most = 2000
	// Slots is how many alphas have a level of their own at most.
	Slots = 8
	// pace is γ of Gibbs and Candès: how far a level moves with each label.
	pace = 0.005
	// below and above bound a level: between alpha/below and alpha·above.
	below, above = 50, 4
)

// DefaultAlphas is the grid of a Window that was made without one.
func DefaultAlphas() []float64 { return []float64{.01, .02, .05, .1, .15, .2, .3, .5} }

// Window learns how conforming true answers are: for a class the probability that
// the model gave to the true one, for values minus the largest distance from them.
// It keeps the newest 2,000, shared among callers as package fair does it: a flood of
// labels by one caller has a part of the window, and of what moves levels, and no more.
//
// Each alpha of the grid has a level α_t of its own, which after each label moves by
// γ·(α − miss), with γ = 0.005 (Gibbs and Candès, Adaptive conformal inference under
// distribution shift, NeurIPS 2021, equation 2). A level stays between α/50 and the lower
// of 4α and halfway from α to 1, so that it is back soon after a long time on one side. On
// digits that shift at once, sets of 0.1 had the truth in 89.7 % of the first 2,000 rows;
// in 86 % with a lower end of α/4.
//
// A Window is for one goroutine at a time; New makes one.
type Window struct {
	alphas []float64
	levels []float64
	pace   float64

	seats  *fair.Seats
	rows   []float32 // by their places
	sorted []float32 // rising
}

// New returns an empty window with a level for each of the alphas, at most 8, rising
// and in (0,1); it panics otherwise. Without any they are DefaultAlphas.
func New(alphas ...float64) *Window { return newWindow(pace, alphas) }

// NewFixed is New with levels that stay at their alphas: plain split conformal
// prediction.
func NewFixed(alphas ...float64) *Window { return newWindow(0, alphas) }

func newWindow(pace float64, alphas []float64) *Window {
	if len(alphas) == 0 {
		alphas = DefaultAlphas()
	}
	if !isGrid(alphas) {
		panic("conformal: at most 8 rising alphas in (0,1) are expected")
	}
	return &Window{
		alphas: append([]float64(nil), alphas...),
		levels: append([]float64(nil), alphas...),
		pace:   pace,
		seats:  fair.New(Most),
	}
}

func isGrid(alphas []float64) bool {
	before := 0.0
	for _, a := range alphas {
		if !(a > before && a < 1) {
			return false
		}
		before = a
	}
	return len(alphas) > 0 && len(alphas) <= Slots
}

// Add judges a true answer by the set of each alpha, moves the levels, and then lets
// it into the window. NaN is left out. All are of one caller, a second apart.
func (w *Window) Add(conformity float32) {
	w.AddOf(conformity, 0, w.seats.Newest()+int64(time.Second))
}

// AddOf is Add of a label for a caller's prediction that came at a time, in Unix
// nanoseconds.
func (w *Window) AddOf(conformity float32, caller uint64, at int64) {
	if conformity != conformity {
		return
	}
	place, counts := w.seats.Take(caller, at)
	if counts {
		w.adapt(conformity)
	}
	w.put(place, conformity)
}

// adapt moves the levels.
func (w *Window) adapt(conformity float32) {
	for i, alpha := range w.alphas {
		threshold := w.at(alpha, w.levels[i])
		if math.IsInf(float64(threshold), -1) {
			continue
		}
		miss := 0.0
		if conformity < threshold {
			miss = 1
		}
		low, high := bounds(alpha)
		w.levels[i] = min(max(w.levels[i]+w.pace*(alpha-miss), low), high)
	}
}

func bounds(alpha float64) (low, high float64) {
	return alpha / below, min(alpha*above, (1+alpha)/2)
}

// put puts a conformity in its place, and what was there out.
func (w *Window) put(place int, x float32) {
	if place == len(w.rows) {
		w.rows = append(w.rows, x)
		at := search(w.sorted, x)
		w.sorted = append(w.sorted, x)
		copy(w.sorted[at+1:], w.sorted[at:])
		w.sorted[at] = x
		return
	}
	old := w.rows[place]
	w.rows[place] = x
	from, to := search(w.sorted, old), search(w.sorted, x)
	if from < to {
		to--
		copy(w.sorted[from:to], w.sorted[from+1:to+1])
	} else {
		copy(w.sorted[to+1:from+1], w.sorted[to:from])
	}
	w.sorted[to] = x
}

// search is the first place at or above x.
func search(sorted []float32, x float32) int {
	at, n := 0, len(sorted)
	for n > 0 {
		// Without a branch, which nobody could foretell.
		half := (n + 1) / 2
		next := at
		if sorted[at+half-1] < x {
			next = at + half
		}
		at, n = next, n-half
	}
	return at
}

// slack is for rounding: 1001·(1 − 0.1) is not to be one above the integer it is.
const slack = 1e-9

// at is the threshold of an alpha with a level: of n conformities the
// ⌈(n+1)(1−level)⌉-th from above (Vovk, Gammerman and Shafer, Algorithmic Learning in a
// Random World, 2005). Where there are enough for the alpha and too few for its level,
// it is the lowest.
func (w *Window) at(alpha, level float64) float32 {
	n := len(w.sorted)
	if rank(n, alpha) > n {
		return float32(math.Inf(-1))
	}
	return w.sorted[n-min(max(rank(n, level), 1), n)]
}

func rank(n int, level float64) int { return int(math.Ceil(float64(n+1)*(1-level) - slack)) }

// Threshold is the lowest conformity of an answer in the set of alpha; of values, it is
// minus half the width of the interval. It is −Inf while there are too few labels to say:
// then all classes are in the set, and there is no interval.
func (w *Window) Threshold(alpha float64) float32 { return w.at(alpha, w.Level(alpha)) }

// Thresholds writes those of the grid, in its order, and returns how many there are.
func (w *Window) Thresholds(into *[Slots]float32) int {
	for i, level := range w.levels {
		into[i] = w.at(w.alphas[i], level)
	}
	return len(w.levels)
}

// Alphas is the grid. Do not change it.
func (w *Window) Alphas() []float64 { return w.alphas }

// Judge tells whether the set of alpha has an answer of that conformity. It is not
// known while there are too few labels. Ask before Add.
func (w *Window) Judge(alpha float64, conformity float32) (covered, known bool) {
	threshold := w.Threshold(alpha)
	if math.IsInf(float64(threshold), -1) {
		return true, false
	}
	return conformity >= threshold, true
}

// Level is α_t: what stands in for alpha now. Between two alphas of the grid it is on
// the line between their levels; 0 and 1 have 0 and 1.
func (w *Window) Level(alpha float64) float64 {
	var x0, y0 float64
	for i, x := range w.alphas {
		if alpha <= x {
			return y0 + (w.levels[i]-y0)*(alpha-x0)/(x-x0)
		}
		x0, y0 = x, w.levels[i]
	}
	return y0 + (1-y0)*(alpha-x0)/(1-x0)
}

// Rows is how many labels are in the window.
func (w *Window) Rows() int { return len(w.rows) }
