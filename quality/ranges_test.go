package quality_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"penstock/quality"
)

// remember makes predictions of class 0 under ids from first on.
func remember(store *testStore, first, n int) {
	for i := range n {
		store.Remember(quality.Prediction{ID: fmt.Append(nil, first+i), Values: []float32{0}})
	}
}

// answer labels predictions, all right or all wrong.
func answer(t testing.TB, store *testStore, first, n int, right bool) {
	t.Helper()
	truth := float32(1)
	if right {
		truth = 0
	}
	for i := range n {
		if _, err := store.LabelIndices(quality.Scope{}, fmt.Append(nil, first+i), []float32{truth}, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// A model that was always right, and then nearly never: each range says what it
// was then, and labels go to their prediction's time however late they come.
func TestRangesAreOfThePredictionsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStore(t, digits)
		expect := func(what string, got quality.Counts, predicted, labelled, correct uint64) {
			t.Helper()
			if got.Predicted != predicted || got.Labelled != labelled || got.Correct != correct {
				t.Errorf("%s: %+v; expected %d, %d, %d", what, got, predicted, labelled, correct)
			}
		}
		remember(store, 0, 2000)
		time.Sleep(10 * time.Minute)
		remember(store, 2000, 2000)
		answer(t, store, 2000, 1920, false)
		answer(t, store, 3920, 80, true)
		answer(t, store, 0, 2000, true) // ten minutes late
		r := store.Ranges(nil)[0]
		expect("5 minutes", r.Last5m, 2000, 2000, 80)
		expect("1 hour", r.Last1h, 4000, 4000, 2080)
		expect("since start", r.SinceStart, 4000, 4000, 2080)
		time.Sleep(5 * time.Minute)
		r = store.Ranges(nil)[0]
		expect("5 minutes of silence", r.Last5m, 0, 0, 0)
		time.Sleep(time.Hour)
		r = store.Ranges(nil)[0]
		expect("an hour of silence", r.Last1h, 0, 0, 0)
		expect("since start", r.SinceStart, 4000, 4000, 2080)
	})
}

// With little memory and bad news that comes late, the accuracy is of those that
// were lucky, and the completeness says so.
func TestForgottenPredictionsAreShown(t *testing.T) {
	store, err := open(quality.Options{Remember: 100}, digits)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		remember(store, 100*i, 100)
		answer(t, store, 100*i+10, 90, true) // ten of each hundred wait, and are forgotten
	}
	for _, r := range []quality.Counts{store.Ranges(nil)[0].Last5m, store.Ranges(nil)[0].Last1h, store.Counts(nil)[0]} {
		if r.Predicted != 1000 || r.Labelled != 900 || r.Forgotten != 90 || *r.Accuracy() != 1 || *r.Completeness() != .91 {
			t.Errorf("%+v, completeness %v", r, *r.Completeness())
		}
	}
	store.Remember(quality.Prediction{ID: []byte("9"), Values: make([]float32, 101)})
	store.Remember(quality.Prediction{ID: []byte("10"), Values: []float32{float32(math.NaN())}})
	store.Remember(quality.Prediction{Values: make([]float32, 101)}) // no label can come
	if got := store.Counts(nil)[0]; got.Predicted != 1203 || got.Forgotten != 192 {
		t.Errorf("%+v; what never fits into memory counts as forgotten", got)
	}
}

// Whenever labels come and in whatever order, ranges that still reach back to
// their predictions say the same.
func TestRangesDependOnTheSetOfLabels(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(r, "predictions")
		gaps := rapid.SliceOfN(rapid.IntRange(0, 9), n, n).Draw(r, "seconds between")
		right := rapid.SliceOfN(rapid.Bool(), n, n).Draw(r, "right")
		seed := rapid.Uint64().Draw(r, "order")
		run := func(atOnce bool) (got quality.Ranges) {
			synctest.Test(t, func(t *testing.T) {
				store := newStore(t, digits)
				for i := range n {
					time.Sleep(time.Duration(gaps[i]) * time.Second)
					remember(store, i, 1)
					if atOnce {
						answer(t, store, i, 1, right[i])
					}
				}
				if !atOnce {
					for _, i := range rand.New(rand.NewPCG(seed, 0)).Perm(n) {
						answer(t, store, i, 1, right[i])
					}
				}
				got = store.Ranges(nil)[0]
			})
			return got
		}
		if soon, late := run(true), run(false); !reflect.DeepEqual(soon, late) {
			r.Fatalf("labelled at once %+v; at the end %+v", soon, late)
		}
	})
}

func TestRangesOfARegression(t *testing.T) {
	store := newStore(t, digits, prices)
	store.Remember(quality.Prediction{Series: store.series[1], ID: []byte("1"), Values: []float32{1, 2}})
	if _, err := store.LabelIndices(quality.Scope{}, []byte("1"), []float32{1, 5}, nil); err != nil {
		t.Fatal(err)
	}
	all := store.Ranges(nil)
	for _, r := range []quality.Counts{all[1].Last5m, all[1].Last1h, all[1].SinceStart} {
		if r.Labelled != 2 || r.Accuracy() != nil || r.Interval() != nil || *r.MeanAbsoluteError() != 1.5 {
			t.Errorf("%+v", r)
		}
	}
	if all[0].Last5m.Labelled != 0 || all[0].Last5m.MeanAbsoluteError() != nil {
		t.Errorf("the other model: %+v", all[0])
	}
}

func TestAFallIsDetectedAndAccepted(t *testing.T) {
	given := .97
	told := served{Name: "told", Classes: digits.Classes, Accuracy: &given}
	for name, c := range map[string]struct {
		model  served
		before int // labels that were right
	}{"learned": {digits, 2000}, "given": {told, 0}} {
		t.Run(name, func(t *testing.T) {
			store := newStore(t, c.model)
			remember(store, 0, c.before)
			answer(t, store, 0, c.before, true)
			if d := store.Drifts(nil)[0]; d.Fallen {
				t.Fatalf("%+v before anything was wrong", d)
			}
			remember(store, c.before, 40)
			answer(t, store, c.before, 40, false)
			d := store.Drifts(nil)[0]
			if !d.Fallen || d.Level != 0 || d.Requests < 1 || d.Requests > 40 || d.Expected < .95 || d.Expected > 1 {
				t.Fatalf("%+v", d)
			}
			store.AcceptBaseline(store.series[0])
			if d := store.Drifts(nil)[0]; d.Fallen {
				t.Errorf("%+v although it was accepted", d)
			}
		})
	}
}

// The errors of a regression have no bound: one broken label is no fall, and
// errors that double are.
func TestARegressionThatFalls(t *testing.T) {
	store := newStore(t, prices)
	random := rand.New(rand.NewPCG(1, 2))
	label := func(n int, size float64) {
		for range n {
			store.Remember(quality.Prediction{ID: []byte("1"), Values: []float32{100}})
			truth := 100 + size*random.NormFloat64()
			if _, err := store.Label(quality.Scope{}, []byte("1"), []quality.Label{number(truth)}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	label(3000, 5)
	label(1, 1e30)
	if d := store.Drifts(nil)[0]; d.Fallen {
		t.Fatalf("%+v after one broken label", d)
	}
	label(1000, 5)
	label(500, 10)
	if d := store.Drifts(nil)[0]; !d.Fallen || d.Measure != quality.Distance || d.Level < 5 || d.Level > 12 {
		t.Errorf("%+v after the errors doubled", d)
	}
}

func TestAccuracyThatNoModelCanHave(t *testing.T) {
	for _, a := range []float64{-.1, 1.1, math.NaN()} {
		m := digits
		m.Accuracy = &a
		if _, err := open(quality.Options{}, m); err == nil {
			t.Errorf("%v was taken", a)
		}
	}
	a := .5
	if _, err := open(quality.Options{}, served{Name: "prices", Accuracy: &a}); err == nil {
		t.Error("a regression has no accuracy")
	}
}
