package quality

import (
	"time"

	"penstock/quality/shift"
)

// Watches reports whether a row of a request that was answered now is to be given to
// Watch, and counts it if so. It takes no lock.
func (one *Series) Watches(now time.Time) bool {
	return one.shift != nil && one.shift.Wants(int64(now.Sub(one.store.epoch)))
}

// Watch compares a row with those that the model was made for, as shift.Detector.Add
// takes it.
func (one *Series) Watch(row, prediction []float32, confidence float32) {
	one.shift.Add(row, prediction, confidence)
	firing, text := one.shift.Firing()
	if one.shifted.Swap(firing) == firing {
		return
	}
	if !firing {
		text = "rows are like the reference again"
	}
	one.store.Note(one, "drift", text)
}

// Shift tells how rows compare with those that the model was made for; nil where
// nothing compares them.
func (one *Series) Shift() *shift.Report {
	if one.shift == nil {
		return nil
	}
	report := one.shift.Report()
	return &report
}

// Shifted reports whether rows are not like those any more, and how.
func (one *Series) Shifted() (bool, string) {
	if one.shift == nil {
		return false, ""
	}
	return one.shift.Firing()
}
