package calibrate_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"penstock/quality/calibrate"
)

// feed gives labels of rows whose confidence is anything from a half, and that are right
// with the probability that share makes of it.
func feed(f *calibrate.Fitter, r *rand.Rand, labels int, share func(p float64) float64, caller func(i int) uint64) (changes []*calibrate.Change) {
	for i := range labels {
		p := 0.5 + r.Float32()/2
		if c := f.Add(p, r.Float64() < share(float64(p)), caller(i)); c != nil {
			changes = append(changes, c)
		}
	}
	return changes
}

func asSaid(p float64) float64   { return p }
func tooSure(p float64) float64  { return 1 / (1 + math.Exp(-math.Log(p/(1-p))/2.5)) }
func tenth(i int) uint64         { return uint64(i % 10) }
func differentOne(i int) uint64  { return uint64(i) }
func rng(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 99)) }

// TestLearnsAndGoesBack: a model that becomes too sure is cooled, and let be again when
// it is not any more.
func TestLearnsAndGoesBack(t *testing.T) {
	f, r := calibrate.NewFitter(), rng(1)
	if changes := feed(f, r, 4000, asSaid, tenth); len(changes) != 0 || f.Current().Kind != calibrate.Identity {
		t.Fatalf("%d changes, %v: the model is calibrated", len(changes), f.Current())
	}
	changes := feed(f, r, 3000, tooSure, tenth)
	if len(changes) == 0 {
		t.Fatal("no change in 3,000 labels")
	}
	first := changes[0]
	if first.From.Kind != calibrate.Identity || first.To == first.From || !(first.Z > 2) || !(first.Gain > 0) || first.Rows != calibrate.Window {
		t.Errorf("the first change is %+v", first)
	}
	if last := changes[len(changes)-1]; last.To != *f.Current() {
		t.Errorf("the last change is to %v, and %v is in force", &last.To, f.Current())
	}
	for _, p := range []float32{.6, .8, .95} {
		if got, want := float64(f.Current().Apply(p)), tooSure(float64(p)); math.Abs(got-want) > 0.04 {
			t.Errorf("%v is shown as %v; it is right in %v", p, got, want)
		}
	}
	report := f.Report()
	if report.Rows != calibrate.Window || report.RawECE < 0.1 || report.ECE > 0.04 || math.Abs(report.Z) > 4 || math.Abs(report.Gap) > 0.02 {
		t.Errorf("the report is %+v", report)
	}
	feed(f, r, 6000, asSaid, tenth)
	for _, p := range []float32{.6, .8, .95} {
		if got := f.Current().Apply(p); math.Abs(float64(got-p)) > 0.03 {
			t.Errorf("after 6,000 labels as it said, %v is shown as %v by %v", p, got, f.Current())
		}
	}
}

// TestFirstFit: 250 labels are enough where much is wrong, and one fewer are not looked at.
func TestFirstFit(t *testing.T) {
	f, r := calibrate.NewFitter(), rng(2)
	never := func(float64) float64 { return 0 }
	if changes := feed(f, r, calibrate.Every-1, never, differentOne); len(changes) != 0 {
		t.Errorf("changed after %d labels", calibrate.Every-1)
	}
	changes := feed(f, r, 1, never, differentOne)
	if len(changes) != 1 || changes[0].Rows != calibrate.Every {
		t.Fatalf("the changes after 250 wrong answers are %v", changes)
	}
	if got := f.Current().Apply(0.9); got > 0.02 {
		t.Errorf("0.9 is shown as %v; it was never right", got)
	}
}

// TestFrozen: labels are taken, and nothing changes until it thaws.
func TestFrozen(t *testing.T) {
	f, r := calibrate.NewFitter(), rng(3)
	f.Freeze(true)
	if changes := feed(f, r, 4000, tooSure, tenth); len(changes) != 0 || !f.Frozen() {
		t.Errorf("%d changes, frozen %v", len(changes), f.Frozen())
	}
	if rows := f.Report().Rows; rows != calibrate.Window {
		t.Errorf("%d rows; expected %d", rows, calibrate.Window)
	}
	f.Freeze(false)
	if changes := feed(f, r, calibrate.Every, tooSure, tenth); len(changes) != 1 || f.Frozen() {
		t.Errorf("%d changes after it thawed, frozen %v; expected 1", len(changes), f.Frozen())
	}
}

// TestHostileCaller: whoever labels everything wrong, with half of all labels, moves
// no confidence by more than his twentieth.
func TestHostileCaller(t *testing.T) {
	f, r := calibrate.NewFitter(), rng(4)
	const hostile = 1 << 40
	for i := range 20_000 {
		p := 0.5 + r.Float32()/2
		f.Add(p, r.Float32() < p, uint64(i%50))
		f.Add(0.5+r.Float32()/2, false, hostile)
	}
	for _, p := range []float32{.6, .8, .95} {
		if got := f.Current().Apply(p); math.Abs(float64(got-p)) > 0.08 {
			t.Errorf("%v is shown as %v", p, got)
		}
	}
	if report := f.Report(); report.Gap > 0.1 || report.CappedGap > 0.08 {
		t.Errorf("the report is %+v", report)
	}
}

// TestFlood: whoever labels everything wrong, two hundred times as often as twenty others
// together, pushes none of theirs out.
func TestFlood(t *testing.T) {
	f, r := calibrate.NewFitter(), rng(14)
	const hostile = 1 << 40
	for i := range 4000 {
		p := 0.5 + r.Float32()/2
		f.AddAt(p, r.Float32() < p, uint64(i%20), int64(i)*int64(time.Second))
		for range 200 {
			f.AddAt(0.75, false, hostile, int64(i)*int64(time.Second))
		}
	}
	for _, p := range []float32{.6, .8, .95} {
		if got := f.Current().Apply(p); math.Abs(float64(got-p)) > 0.1 {
			t.Errorf("%v is shown as %v", p, got)
		}
	}
}

// TestOneCallerOfFew: somebody who gives nearly all labels is believed, though a
// few others have tried it once.
func TestOneCallerOfFew(t *testing.T) {
	f, r := calibrate.NewFitter(), rng(5)
	feed(f, r, 3000, tooSure, func(i int) uint64 {
		if i%500 == 0 {
			return uint64(i)
		}
		return 1
	})
	if got, want := float64(f.Current().Apply(0.9)), tooSure(0.9); math.Abs(got-want) > 0.05 {
		t.Errorf("0.9 is shown as %v; it is right in %v", got, want)
	}
}

// TestOneCaller: a single caller's labels all count.
func TestOneCaller(t *testing.T) {
	f, r := calibrate.NewFitter(), rng(6)
	feed(f, r, 2000, tooSure, func(int) uint64 { return 1 })
	report := f.Report()
	if f.Current().Kind == calibrate.Identity || report.Gap != report.CappedGap || report.Z != report.CappedZ {
		t.Errorf("%v, %+v", f.Current(), report)
	}
}

// TestFastLabels: a fit holds others up, and so does not come again at once, however fast
// labels come; it comes when it can.
func TestFastLabels(t *testing.T) {
	f, r := calibrate.NewFitter(), rng(15)
	never := func(rows int, at time.Duration) (changes int) {
		for range rows {
			if f.AddAt(0.5+r.Float32()/2, false, 1, int64(time.Hour+at)) != nil {
				changes++
			}
		}
		return changes
	}
	if got := never(2*calibrate.Every, 0); got != 1 {
		t.Errorf("%d changes in one moment; expected 1", got)
	}
	if got := never(1, 99*time.Millisecond); got != 0 {
		t.Errorf("%d changes after 99 ms; expected none", got)
	}
	if got := never(1, 100*time.Millisecond); got != 1 {
		t.Errorf("%d changes after 100 ms; expected 1", got)
	}
}

func TestNoConfidence(t *testing.T) {
	f := calibrate.NewFitter()
	for _, p := range []float32{float32(math.NaN()), -0.1, 1.1} {
		f.Add(p, true, 1)
	}
	if got := f.Report(); got != (calibrate.Report{}) {
		t.Errorf("the report of no rows is %+v", got)
	}
}

// TestAlwaysRight: a model that is never wrong is not told that it is certain.
func TestAlwaysRight(t *testing.T) {
	f, r := calibrate.NewFitter(), rng(7)
	feed(f, r, 4000, func(float64) float64 { return 1 }, differentOne)
	if got := f.Current().Apply(0.75); got < 0.99 || got > 0.99999 {
		t.Errorf("0.75 is shown as %v after 2,000 right answers", got)
	}
}
