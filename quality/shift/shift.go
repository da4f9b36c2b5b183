// Package shift tells when the rows that a model is asked about, or what it answers
// them with, are not like a reference any more.
//
// It needs no labels. What it compares is each feature by itself: its numbers in bins,
// and how often it is missing, out of the reference's range, or a category that the
// reference never had. The same goes for predictions and confidences, whose reference
// is the first rows that were seen.
//
// Its contract: as long as rows are drawn independently from what the reference was
// drawn from, an alarm comes once in ten thousand windows of a thousand rows on
// average, or more seldom, whatever the distribution and however features depend on
// each other. The reference is taken for what it is, a sample, and so holds for small
// ones. Rows that depend on each other (a sensor that is read a thousand times a
// second, one client that asks the same again and again) break the assumption: who
// calls gives one row of a request, and lets Wants choose which.
//
// It knows no models, sockets or JSON.
package shift

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"penstock/model"
)

// Window is how many rows are compared with the reference. Half a window comes in
// place of the older half, and then they are compared again.
const Window = 1000

// half of a window.
const half = Window / 2

// FamilyRate is how often a window raises an alarm when nothing is wrong, over all
// features together.
const FamilyRate = 1e-4

// The rows a second that Wants lets in: in any second, rate and burst together.
const (
	rate  = 900
	burst = 100
)

const (
	every = int64(time.Second) / rate
	ahead = every * burst
)

// Detector compares rows with a reference. It is safe for concurrent use.
type Detector struct {
	reference *model.Reference // nil: of predictions alone
	next      atomic.Int64     // Wants: the time at which the rows let in are worked off

	mu      sync.Mutex
	parts   []part // features, then predictions, then the confidence
	learned learning
	rows    int // in the younger half
	full    bool
	windows uint64  // that were judged
	family  float64 // the p of all parts together at the last look
	firing  bool
	text    string
}

// New returns a detector for a model's rows. Without a reference it watches
// predictions and confidences alone. A reference that is not of this model's features
// is a programmer's error and panics.
func New(ref *model.Reference, spec model.Spec) *Detector {
	d := &Detector{reference: ref, learned: learningOf(spec)}
	if ref == nil {
		return d
	}
	if len(ref.Features) != spec.Features {
		panic(fmt.Sprintf("shift: a reference of %d features; the model has %d", len(ref.Features), spec.Features))
	}
	for i := range ref.Features {
		d.parts = append(d.parts, partOf(featureName(spec, i), ref.Features[i].Bins, spec.ShiftOf(i), categoriesOf(spec, i)))
	}
	return d
}

// Wants reports whether a row that came at now (nanoseconds of any steady clock) is to
// be added, and counts it if so: at most a thousand in any second, and any hundred in
// a row. It takes no lock.
func (d *Detector) Wants(now int64) bool {
	for {
		next := d.next.Load()
		if next-now > ahead {
			return false
		}
		if d.next.CompareAndSwap(next, max(next, now)+every) {
			return true
		}
	}
}

// Add takes one row as an engine is given it, after Spec.Shift and before Input.Fill:
// NaN where a value is missing, and the index of its category for a category. The
// prediction is as quality.Prediction has it: the index of the class, 0 or 1 for each
// label, or the values; it may be empty. The confidence is as the model gave it, before
// any calibration, which would otherwise look like a shift; NaN where there is none. It
// keeps neither slice.
func (d *Detector) Add(row, prediction []float32, confidence float32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reference != nil {
		for i := range d.reference.Features {
			d.parts[i].add(row[i])
		}
	}
	d.addAnswer(prediction, confidence)
	if d.rows++; d.rows == half {
		d.turn()
	}
}

// turn ends a half: the window is judged, and its older half forgotten.
func (d *Detector) turn() {
	if d.full {
		d.windows++
		d.judge()
	}
	d.rows, d.full = 0, true
	for i := range d.parts {
		p := &d.parts[i]
		p.older, p.younger = p.younger, [mostCounts]uint16{}
	}
	d.finishLearning()
}

// Firing reports whether rows are not like the reference, and how, for people.
func (d *Detector) Firing() (firing bool, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.firing, d.text
}

var nan = float32(math.NaN())
