package calibrate

import (
	"time"

	"penstock/quality/fair"
)

const (
	// Window is how many labels a Fitter looks back. They are shared among callers as
	// package fair does it.
	Window = 2000
	// Every is after how many labels it fits again, unless it has just done so: a fit
	// takes most of a millisecond, for which others wait, and at ten a second all fits are
	// below 1 % of a processor.
	Every = 250
	pause = 100 * time.Millisecond
)

// Fitter finds the calibrator of one model from its newest labels. It is for one
// goroutine at a time; NewFitter makes one.
type Fitter struct {
	current *Calibrator
	frozen  bool
	since   int   // labels since the last fit, as far as Window
	fitted  int64 // when that was
	settles int   // labels until what was adopted holds

	seats *fair.Seats
	rows  []row // by their places

	callers callers
	work    work
}

type row struct {
	caller uint64
	p      float32
	right  bool
}

// NewFitter returns a fitter that leaves confidences as they are, until labels say
// that it should not.
func NewFitter() *Fitter {
	return &Fitter{current: &Calibrator{}, seats: fair.New(Window), callers: newCallers()}
}

// Change is a calibrator that took the place of another.
type Change struct {
	From, To Calibrator
	// Gain is how many nats of log loss a row wins on average, measured on rows that
	// it was not fitted to, and Z that gain in its standard errors.
	Z, Gain float64
	Rows    int // that it was fitted to
}

// Add takes a labelled row: the confidence that the model gave, whether its answer
// was right, and a number for who made the prediction. It returns what changed, or
// nil. A confidence outside of [0,1], or none, is no row. The label came a second after
// the one before.
func (f *Fitter) Add(p float32, right bool, caller uint64) *Change {
	return f.AddAt(p, right, caller, f.seats.Newest()+int64(time.Second))
}

// AddAt is Add of a label that came at that time, in Unix nanoseconds.
func (f *Fitter) AddAt(p float32, right bool, caller uint64, at int64) *Change {
	if !(p >= 0 && p <= 1) {
		return nil
	}
	place, counts := f.seats.Take(caller, at)
	f.put(place, row{caller: caller, p: p, right: right})
	if !counts {
		return nil
	}
	f.since = min(f.since+1, Window)
	if f.since < Every || at >= f.fitted && at < f.fitted+int64(pause) {
		return nil
	}
	f.settles = max(f.settles-f.since, 0)
	f.since, f.fitted = 0, at
	if f.frozen {
		return nil
	}
	return f.refit()
}

// put puts a row in its place.
func (f *Fitter) put(place int, r row) {
	if place == len(f.rows) {
		f.rows = append(f.rows, r)
		return
	}
	f.rows[place] = r
}

// refit looks for something better than what is in force. When that was found it goes
// on changing with every fit, until none of the labels from before the change is left
// in the window.
func (f *Fitter) refit() *Change {
	f.load()
	change := f.work.choose(f.current, f.settles > 0)
	if change == nil {
		return nil
	}
	if f.settles == 0 {
		f.settles = Window
	}
	to := change.To
	f.current = &to
	return change
}

// load makes the columns of the window, with weights, the oldest row first.
func (f *Fitter) load() {
	f.callers.weigh(f.rows)
	f.work.rows.reset()
	f.seats.Each(func(one fair.Row) {
		r := &f.rows[one.Place]
		f.work.rows.add(float64(r.p), r.right, f.callers.weight(r.caller))
	})
}

// Current is the calibrator in force. It is never nil.
func (f *Fitter) Current() *Calibrator { return f.current }

// Freeze keeps the calibrator in force as it is, or lets it change again at the next
// fit. Labels go on being taken.
func (f *Fitter) Freeze(frozen bool) { f.frozen = frozen }

// Leave has confidences be as the model gives them, and freezes that. It returns what was
// in force.
func (f *Fitter) Leave() Calibrator {
	was := *f.current
	f.current, f.settles, f.frozen = &Calibrator{}, 0, true
	return was
}

// Frozen says whether it is frozen.
func (f *Fitter) Frozen() bool { return f.frozen }
