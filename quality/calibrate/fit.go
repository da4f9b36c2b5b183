package calibrate

import "math"

// Every parameter has a normal prior around the identity, with a variance of
// 1/precision: so wide that a hundred rows outweigh it, it keeps the fit finite where
// the model was always right or always equally sure.
const precision = 0.1

// least is the smallest slope: at 0 confidences would lose their order for good, and
// the temperature its value.
const least = 1e-3

// FitTemperature returns the temperature of the smallest log loss over rows with the
// confidences p of which some were right. The weights w may be nil: all 1. It panics
// unless all have the same length.
func FitTemperature(p []float64, right []bool, w []float64) Calibrator {
	r := newRows(p, right, w)
	return r.temperature(all, Calibrator{})
}

// FitBeta is FitTemperature with the three numbers of beta calibration.
func FitBeta(p []float64, right []bool, w []float64) Calibrator {
	r := newRows(p, right, w)
	return r.beta(all, r.temperature(all, Calibrator{}))
}

// rows are what is fitted, column by column. of and ofRest are ln p and −ln(1−p),
// with their signs turned where the answer was wrong; so is sign, which is 1 or −1.
type rows struct {
	of, ofRest, sign, weight []float64
}

func newRows(p []float64, right []bool, w []float64) *rows {
	if len(p) != len(right) || w != nil && len(w) != len(p) {
		panic("calibrate: as many confidences, answers and weights are expected")
	}
	r := &rows{}
	for i := range p {
		weight := 1.0
		if w != nil {
			weight = w[i]
		}
		r.add(p[i], right[i], weight)
	}
	return r
}

func (r *rows) add(p float64, right bool, weight float64) {
	of, ofRest := logarithms(p)
	sign := 1.0
	if !right {
		sign = -1
	}
	r.of = append(r.of, of*sign)
	r.ofRest = append(r.ofRest, ofRest*sign)
	r.sign = append(r.sign, sign)
	r.weight = append(r.weight, weight)
}

func (r *rows) reset() {
	r.of, r.ofRest, r.sign, r.weight = r.of[:0], r.ofRest[:0], r.sign[:0], r.weight[:0]
}

// fold is every step-th row, from first on.
type fold struct{ first, step int }

var all = fold{0, 1}

// temperature fits one slope to the log odds by Newton's method.
func (r *rows) temperature(f fold, start Calibrator) Calibrator {
	return r.newton(f, shape{tied: true}, start)
}

// beta fits all three numbers. Where a slope turned out negative, the best is on the
// edge: the loss is convex.
func (r *rows) beta(f fold, start Calibrator) Calibrator {
	best := r.newton(f, shape{}, start)
	if best.A >= least && best.B >= least {
		return best
	}
	lowest := math.Inf(1)
	for _, edge := range []shape{{fixed: [3]bool{true, false, false}}, {fixed: [3]bool{false, true, false}}, {fixed: [3]bool{true, true, false}}} {
		c := r.newton(f, edge, start)
		if c.A < least || c.B < least {
			continue
		}
		if loss := r.loss(f, &c); loss < lowest {
			best, lowest = c, loss
		}
	}
	return best
}

// shape says which of the numbers are free.
type shape struct {
	tied  bool    // A = B, C = 0
	fixed [3]bool // A or B at the least, C never
}

func (s shape) start(c Calibrator) Calibrator {
	if c.Kind == Identity {
		c.A, c.B, c.C = 1, 1, 0
	}
	if s.tied {
		mean := (c.A + c.B) / 2
		return Calibrator{Kind: Temperature, A: mean, B: mean}
	}
	c.Kind = Beta
	if s.fixed[0] {
		c.A = least
	}
	if s.fixed[1] {
		c.B = least
	}
	return c
}

const (
	steps     = 100
	halvings  = 30
	converged = 1e-10 // nats that a full step would still win
)

// newton finds the lowest loss of a shape by Newton's method. A step is halved while it
// ends beyond the lowest point on its way by much: where the loss rises half as
// steeply as it fell. That spares the logarithms of the loss itself.
func (r *rows) newton(f fold, s shape, start Calibrator) Calibrator {
	c := s.start(start)
	at := r.curve(f, &c)
	for range steps {
		step, wins := at.step(s)
		if s.tied && c.A+step[0] < least {
			step[0] = least - c.A
			wins = -at.along(step)
		}
		if !(wins > 0) {
			break
		}
		next := c.moved(step)
		there := r.curve(f, &next)
		for i := 0; i < halvings && !(there.along(step) <= -at.along(step)/2); i++ {
			for j := range step {
				step[j] /= 2
			}
			next = c.moved(step)
			there = r.curve(f, &next)
		}
		c, at = next, there
		if wins < converged {
			break
		}
	}
	if s.tied { // a step to the least slope may end below it by rounding
		c.A = max(c.A, least)
		c.B = c.A
	}
	return c
}

// along is how the loss rises over a step, if it went on as it does at its begin.
func (k *curve) along(step [3]float64) float64 {
	return k.slope[0]*step[0] + k.slope[1]*step[1] + k.slope[2]*step[2]
}

func (c Calibrator) moved(by [3]float64) Calibrator {
	c.A += by[0]
	if c.B += by[1]; c.Kind == Temperature {
		c.B = c.A
	}
	c.C += by[2]
	return c
}

// loss is what newton makes small: the log loss of the rows, and the prior's.
func (r *rows) loss(f fold, c *Calibrator) float64 {
	a, b := c.A-1, c.B-1
	sum := precision / 2 * (a*a + b*b + c.C*c.C)
	for i := f.first; i < len(r.of); i += f.step {
		sum += r.weight[i] * r.lossOf(i, c)
	}
	return sum
}

// lossOf is the log loss of one row, in nats.
func (r *rows) lossOf(i int, c *Calibrator) float64 {
	m := c.A*r.of[i] + c.B*r.ofRest[i] + c.C*r.sign[i]
	return max(-m, 0) + math.Log(1+math.Exp(-math.Abs(m)))
}

// curve is the slope and the curvature of the loss at one point, with the prior's. Of
// a temperature, the first of each is along the diagonal and the others are 0.
type curve struct {
	slope [3]float64
	bend  [6]float64 // aa ab ac bb bc cc
}

func (r *rows) curve(f fold, c *Calibrator) curve {
	var k curve
	if c.Kind == Temperature {
		k = r.alongTemperature(f, c.A)
	} else {
		k = r.alongBeta(f, c)
	}
	k.prior(c)
	return k
}

func (r *rows) alongTemperature(f fold, slope float64) curve {
	var falls, bends float64
	n := len(r.of)
	of, ofRest, weight := r.of[:n], r.ofRest[:n], r.weight[:n]
	for i := f.first; i < n; i += f.step {
		x, w := of[i]+ofRest[i], weight[i]
		m := slope * x
		e := math.Exp(-math.Abs(m))
		miss := missed(m, e)
		falls += w * miss * x
		bends += w * miss * (1 - miss) * x * x
	}
	return curve{slope: [3]float64{-falls}, bend: [6]float64{bends}}
}

func (r *rows) alongBeta(f fold, c *Calibrator) curve {
	var fallsA, fallsB, fallsC, aa, ab, ac, bb, bc, cc float64
	n := len(r.of)
	of, ofRest, sign, weight := r.of[:n], r.ofRest[:n], r.sign[:n], r.weight[:n]
	for i := f.first; i < n; i += f.step {
		a, b, s, w := of[i], ofRest[i], sign[i], weight[i]
		m := c.A*a + c.B*b + c.C*s
		e := math.Exp(-math.Abs(m))
		miss := missed(m, e)
		fall := w * miss
		fallsA += fall * a
		fallsB += fall * b
		fallsC += fall * s
		bend := fall * (1 - miss)
		bendA, bendB := bend*a, bend*b
		aa += bendA * a
		ab += bendA * b
		ac += bendA * s
		bb += bendB * b
		bc += bendB * s
		cc += bend
	}
	return curve{slope: [3]float64{-fallsA, -fallsB, -fallsC}, bend: [6]float64{aa, ab, ac, bb, bc, cc}}
}

// missed is the probability of what did not happen, 1/(1+exp(m)), from e = exp(−|m|).
func missed(m, e float64) float64 {
	q := 1 / (1 + e)
	if m >= 0 {
		return q * e
	}
	return q
}

func (k *curve) prior(c *Calibrator) {
	away := [3]float64{c.A - 1, c.B - 1, c.C}
	if c.Kind == Temperature {
		away[1] = 0 // there is one number alone
	}
	for i, x := range away {
		k.slope[i] += precision * x
	}
	for _, diagonal := range [...]int{0, 3, 5} {
		k.bend[diagonal] += precision
	}
}

// step is Newton's, and how much it would win if the loss were a parabola.
func (k *curve) step(s shape) (by [3]float64, wins float64) {
	if s.tied {
		d := -k.slope[0] / k.bend[0]
		return [3]float64{d, 0, 0}, -k.slope[0] * d / 2
	}
	m := [3][3]float64{
		{k.bend[0], k.bend[1], k.bend[2]},
		{k.bend[1], k.bend[3], k.bend[4]},
		{k.bend[2], k.bend[4], k.bend[5]},
	}
	slope := k.slope
	for i, fixed := range s.fixed {
		if !fixed {
			continue
		}
		slope[i] = 0
		for j := range 3 {
			m[i][j], m[j][i] = 0, 0
		}
		m[i][i] = 1
	}
	by = solve(m, slope)
	for i := range by {
		by[i] = -by[i]
		wins -= slope[i] * by[i] / 2
	}
	return by, wins
}

// solve returns x of m·x = y for a symmetric, positive definite m, by Cholesky's
// factors without roots.
func solve(m [3][3]float64, y [3]float64) [3]float64 {
	d0 := m[0][0]
	l10, l20 := m[1][0]/d0, m[2][0]/d0
	d1 := m[1][1] - l10*m[1][0]
	t := m[2][1] - l20*m[1][0]
	l21 := t / d1
	d2 := m[2][2] - l20*m[2][0] - l21*t

	y[1] -= l10 * y[0]
	y[2] -= l20*y[0] + l21*y[1]
	x2 := y[2] / d2
	x1 := y[1]/d1 - l21*x2
	x0 := y[0]/d0 - l10*x1 - l20*x2
	return [3]float64{x0, x1, x2}
}
