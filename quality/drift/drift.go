// Package drift tells when a model begins to err more than it did.
//
// Its contract: as long as the expected error of a request is at most the
// reference, whatever its distribution, an alarm takes Threshold requests on
// average or longer. Every request costs the same few nanoseconds, and a
// detector some kilobytes. It knows no rows, labels or models.
package drift

import "math"

// Threshold is how much evidence fires.
const Threshold = 3_000_000

// The running reference leaves out the newest Lag requests, so that a fall is
// not taken for normal while it is being found, and needs MinBaseline others.
const (
	Lag         = 1000
	MinBaseline = 100
)

const (
	margin         = 0.0025 // added to a reference: a quarter of a point
	standardErrors = 3.09   // one-sided 99.9 %
	refreshed      = 50     // requests between two looks at the running mean
	// ceiling bounds each evidence while firing, so that the way back is short.
	ceiling = 7 * Threshold
	// cleared is the evidence at which an alarm ends.
	cleared = Threshold / 100
	// grown is the evidence above which a fall may have begun: with a reference
	// that holds it is seldom reached.
	grown = 300
	// shown is how many requests the level of an alarm looks back at most.
	shown = 100
)

// bets are how much of the evidence is staked on an error. Small ones find small
// falls, large ones find large falls soon.
var bets = [...]float64{.02, .05, .1, .2, .4, .8}

// Detector is a Shiryaev–Roberts e-detector on the mean of numbers in [0,1]. With
// the reference p, every number x makes of each evidence M
//
//	(M + 1) · (1 + f · (x/p − 1))
//
// one for each bet f. Their mean is a sum of e-processes, one begun at every
// request: its expectation after n requests is at most n as long as that of x
// is at most p (Shin, Ramdas and Rinaldo, E-detectors, NEJSDS 2023).
//
// The zero value learns its reference from what it is given. A Detector is for
// one goroutine at a time.
type Detector struct {
	evidence  [len(bets)]float64
	reference float64
	inverse   float64 // of the reference; 0 while there is none
	fixed     bool    // the reference was given
	firing    bool
	began     int // requests since the evidence was small

	baseline sums
	recent   []float32 // a ring of the newest Lag
	next     int
}

type sums struct{ requests, x, squares float64 }

func (s *sums) add(x float64) {
	s.requests++
	s.x += x
	s.squares += x * x
}

// Expecting returns a detector with the given mean as its reference, and a
// quarter of a point: measured on other rows, it is never quite the same.
func Expecting(mean float64) Detector {
	var d Detector
	d.fixed = true
	d.expect(mean + margin)
	return d
}

func (d *Detector) expect(reference float64) {
	d.reference, d.inverse = reference, 1/reference
}

// Add takes the error of one request, in [0,1].
func (d *Detector) Add(x float64) { d.AddWeighted(x, 1) }

// AddWeighted is Add for a request of which only the part weight, 0 to 1, is staked
// on: of smaller bets an e-process is made as well, so that the bound on false alarms
// holds for weights that are known before the error is.
func (d *Detector) AddWeighted(x, weight float64) {
	if d.inverse != 0 {
		d.weigh(x, weight)
	}
	d.keep(float32(x))
}

func (d *Detector) weigh(x, weight float64) {
	excess := weight * (x*d.inverse - 1)
	var sum float64
	for i := range d.evidence {
		d.evidence[i] = (d.evidence[i] + 1) * (1 + bets[i]*excess)
		sum += d.evidence[i]
	}
	d.began++
	if d.firing {
		d.weighFiring()
		return
	}
	switch mean := sum / float64(len(bets)); {
	case mean < grown:
		d.began = 0
	case mean >= Threshold:
		d.firing = true
	}
}

func (d *Detector) weighFiring() {
	for i := range d.evidence {
		d.evidence[i] = min(d.evidence[i], ceiling)
	}
	if d.Evidence() < cleared {
		d.restart()
	}
}

// restart ends an alarm. The newest requests are of neither kind, those before
// the alarm nor those after it, and are left out of the mean.
func (d *Detector) restart() {
	d.evidence, d.firing, d.began = [len(bets)]float64{}, false, 0
	d.recent, d.next = d.recent[:0], 0
}

// keep notes a request. What falls out of the newest becomes part of the running
// mean, unless an alarm says that it is not normal.
func (d *Detector) keep(x float32) {
	if len(d.recent) < Lag {
		if d.recent == nil {
			d.recent = make([]float32, 0, Lag)
		}
		d.recent = append(d.recent, x)
		return
	}
	old := d.recent[d.next]
	d.recent[d.next] = x
	if d.next++; d.next == Lag {
		d.next = 0
	}
	if d.firing {
		return
	}
	d.baseline.add(float64(old))
	if !d.fixed && uint64(d.baseline.requests)%refreshed == 0 {
		d.refresh()
	}
}

// refresh takes the reference from the running mean. One wrong and one right
// request are added, so that an error never seen is not taken for impossible.
func (d *Detector) refresh() {
	b := d.baseline
	if b.requests < MinBaseline {
		return
	}
	n := b.requests + 2
	mean := (b.x + 1) / n
	variance := max(0, (b.squares+1)/n-mean*mean)
	d.expect(mean + standardErrors*math.Sqrt(variance/n) + margin)
}

// Firing reports whether the mean has risen above the reference.
func (d *Detector) Firing() bool { return d.firing }

// Evidence is the mean over the bets; it fires at Threshold.
func (d *Detector) Evidence() float64 {
	var sum float64
	for _, m := range d.evidence {
		sum += m
	}
	return sum / float64(len(bets))
}

// Reference is the highest mean of x that is taken for normal; 0 while there is
// none.
func (d *Detector) Reference() float64 { return d.reference }

// Level is the mean of x since the evidence began to grow, over the newest hundred
// requests at most, and how many these are.
func (d *Detector) Level() (mean float64, requests int) {
	requests = min(max(d.began, 1), shown, len(d.recent))
	for i := range requests {
		// next is the oldest in a full ring, and 0 in one that grows.
		at := (d.next + len(d.recent) - 1 - i) % len(d.recent)
		mean += float64(d.recent[at])
	}
	return mean / float64(requests), requests
}

// Accept makes the mean of the newest requests the reference, and goes on from
// there. Without any, there is nothing to accept and nothing changes.
func (d *Detector) Accept() {
	if len(d.recent) == 0 {
		return
	}
	d.baseline = sums{}
	for _, x := range d.recent {
		d.baseline.add(float64(x))
	}
	d.restart()
	d.fixed, d.reference, d.inverse = false, 0, 0
	d.refresh()
}
