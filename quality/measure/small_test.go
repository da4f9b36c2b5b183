package measure_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"penstock/quality/measure"
)

func TestCurvesOfLittle(t *testing.T) {
	one, half := 1.0, 0.5
	cases := map[string]struct {
		scores         []float64
		positive       []bool
		points         int
		roc, precision *float64
	}{
		"no rows":            {},
		"NaN alone":          {scores: []float64{math.NaN()}, positive: []bool{true}},
		"one row":            {scores: []float64{0.4}, positive: []bool{true}, points: 1, precision: &one},
		"no positive":        {scores: []float64{0.4, 0.6}, positive: []bool{false, false}, points: 2},
		"no negative":        {scores: []float64{0.4, 0.6}, positive: []bool{true, true}, points: 2, precision: &one},
		"one score":          {scores: []float64{1, 1}, positive: []bool{true, false}, points: 1, roc: &half, precision: &half},
		"as good as can be":  {scores: []float64{1, 0}, positive: []bool{true, false}, points: 2, roc: &one, precision: &one},
		"NaN among the rows": {scores: []float64{1, math.NaN(), 0}, positive: []bool{true, true, false}, points: 2, roc: &one, precision: &one},
	}
	for name, c := range cases {
		curve := measure.Curves(c.scores, c.positive, 50)
		if len(curve.Points) != c.points {
			t.Errorf("%s: %d points; expected %d", name, len(curve.Points), c.points)
		}
		same(t, name+": area", curve.ROCAUC, c.roc)
		same(t, name+": average precision", curve.AveragePrecision, c.precision)
	}
}

// TestCurvesKeepTheirEnds, and every point counts all rows.
func TestCurvesKeepTheirEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 60).Draw(t, "rows")
		scores := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 20), func(n int) float64 { return float64(n) / 20 }), rows, rows).Draw(t, "scores")
		positive := rapid.SliceOfN(rapid.Bool(), rows, rows).Draw(t, "positive")
		most := rapid.IntRange(2, 30).Draw(t, "most")
		c := measure.Curves(scores, positive, most)
		if len(c.Points) > most {
			t.Fatalf("%d points; expected %d at most", len(c.Points), most)
		}
		first, last := c.Points[0], c.Points[len(c.Points)-1]
		if first.Threshold != slices.Max(scores) || last.Threshold != slices.Min(scores) || last.FN+last.TN != 0 {
			t.Fatalf("the points go from %+v to %+v", first, last)
		}
		for _, p := range c.Points {
			if p.TP+p.FN != c.Positives || p.FP+p.TN != c.Negatives || c.Positives+c.Negatives != uint64(rows) {
				t.Fatalf("%+v does not count %d rows", p, rows)
			}
			var predicted uint64
			for _, score := range scores {
				if score >= p.Threshold {
					predicted++
				}
			}
			if p.TP+p.FP != predicted {
				t.Fatalf("%d rows reach %v; the point has %d", predicted, p.Threshold, p.TP+p.FP)
			}
		}
		if all := measure.Curves(scores, positive, rows+2); all.Within > tolerance || c.Within < all.Within {
			t.Fatalf("drawn within %v, and with all points %v", c.Within, all.Within)
		}
	})
}

func TestClassesThatNeverOccurCountForNothing(t *testing.T) {
	scores, averages := measure.PerClass([][]uint64{{3, 0, 0}, {1, 4, 0}, {0, 0, 0}}, names(3))
	if scores[2].Score != (measure.Score{}) || scores[2].Support != 0 {
		t.Errorf("a class without rows has %+v", scores[2])
	}
	if want := (0.75 + 1) / 2; !near(averages.Macro.Precision, want) {
		t.Errorf("the mean precision is %v; expected %v, of the two classes that occur", averages.Macro.Precision, want)
	}
	if _, averages := measure.PerClass([][]uint64{{0}}, names(1)); averages != (measure.Averages{}) {
		t.Errorf("no rows have averages %+v", averages)
	}
}

func TestQuantilesLeaveTheirValuesAlone(t *testing.T) {
	values := []float64{3, 1, 2}
	if got := measure.Quantiles(values, []float64{-1, 0.5, 2}); !slices.Equal(got, []float64{1, 2, 3}) {
		t.Errorf("the quantiles are %v; expected the least, the middle and the largest", got)
	}
	if !slices.Equal(values, []float64{3, 1, 2}) {
		t.Errorf("the values are now %v", values)
	}
	if measure.Quantiles(nil, []float64{0.5}) != nil || measure.Histogram(nil, 5) != nil {
		t.Error("nothing has quantiles or a histogram")
	}
}

func TestHistogramsCountAllValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 100).Draw(t, "values")
		histogram := measure.Histogram(values, rapid.IntRange(1, 12).Draw(t, "bars"))
		var counted uint64
		for k, bar := range histogram {
			counted += bar.Count
			var inside uint64
			for _, value := range values {
				if value >= bar.Lower && (value < bar.Upper || k == len(histogram)-1 && value == bar.Upper) {
					inside++
				}
			}
			if bar.Count != inside {
				t.Fatalf("bar %d of %+v counts %d values; expected %d", k, histogram, bar.Count, inside)
			}
		}
		if counted != uint64(len(values)) {
			t.Fatalf("%d of %d values are counted", counted, len(values))
		}
	})
}

func TestASliceWithoutARestIsNoWorse(t *testing.T) {
	found := measure.Compare([]measure.Slice{{Name: "all", Labelled: 500, Correct: 1}})
	if len(found) != 1 || found[0].Worse || found[0].P != 1 || found[0].Rest != found[0].Accuracy {
		t.Errorf("found %+v; expected nothing of note", found)
	}
	if found := measure.Compare(nil); found != nil {
		t.Errorf("no slices have findings %+v", found)
	}
}

func TestWorseSlicesComeFirst(t *testing.T) {
	found := measure.Compare([]measure.Slice{
		{Name: "good", Labelled: 10_000, Correct: 9_900},
		{Name: "bad", Labelled: 1_000, Correct: 800},
		{Name: "worst", Labelled: 1_000, Correct: 500},
		{Name: "small", Labelled: 99, Correct: 0},
	})
	var order []string
	for _, f := range found {
		order = append(order, fmt.Sprint(f.Name, " ", f.Worse))
	}
	if want := []string{"worst true", "bad true", "good false"}; !slices.Equal(order, want) {
		t.Errorf("found %q; expected %q", order, want)
	}
}

func TestOneCallerDoesNotTurnTheCappedAccuracy(t *testing.T) {
	callers := []measure.Slice{{Name: "hostile", Labelled: 100_000}}
	for k := range 99 {
		callers = append(callers, measure.Slice{Name: fmt.Sprint("caller ", k), Labelled: 100, Correct: 95})
	}
	i := measure.InfluenceOf(callers)
	if want := 0.95 * (1 - measure.MostWeight); !near(i.Capped, want) {
		t.Errorf("the capped accuracy is %v; expected %v", i.Capped, want)
	}
	if i.Most != "hostile" || !near(i.Moves, i.Accuracy-0.95) {
		t.Errorf("%q moves the accuracy by %v; expected the hostile one, by %v", i.Most, i.Moves, i.Accuracy-0.95)
	}
}

// TestCapsAreShares checks the weights against their definition: a caller has its rows'
// part of the weight, cut to the cap.
func TestCapsAreShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Uint64Range(0, 10_000), 1, 60).Draw(t, "rows")
		labelling, all := 0, 0.0
		for _, n := range rows {
			all += float64(n)
			if n > 0 {
				labelling++
			}
		}
		if labelling == 0 {
			if measure.InfluenceOf(make([]measure.Slice, len(rows))) != nil {
				t.Fatal("callers without labels have an influence")
			}
			return
		}
		most := max(measure.MostWeight, 1/float64(labelling))
		var sum float64
		var scale []float64 // weight by rows, of callers below the cap
		for k, n := range rows {
			weight := weightOf(rows, k)
			sum += weight
			if weight > most+tolerance {
				t.Fatalf("caller %d has %v of the weight; expected %v at most", k, weight, most)
			}
			if n > 0 && weight < most-tolerance {
				scale = append(scale, weight/float64(n))
			}
		}
		if !near(sum, 1) {
			t.Fatalf("the weights are %v together", sum)
		}
		for _, s := range scale {
			if math.Abs(s/scale[0]-1) > 1e-6 || s*all < 1-tolerance {
				t.Fatalf("callers below the cap have weights by row of %v", scale)
			}
		}
	})
}

// weightOf is the capped accuracy where the caller is right, and nobody else.
func weightOf(rows []uint64, who int) float64 {
	callers := make([]measure.Slice, len(rows))
	for k, n := range rows {
		callers[k] = measure.Slice{Name: fmt.Sprint(k), Labelled: n}
		if k == who {
			callers[k].Correct = n
		}
	}
	return measure.InfluenceOf(callers).Capped
}

// BenchmarkMonth reads and merges a minute's tally: a month has 43,200.
func BenchmarkMonth(b *testing.B) {
	data, err := tallied(sample(rand.New(rand.NewPCG(13, 14)), 1000, 0)).MarshalBinary()
	if err != nil {
		b.Fatal(err)
	}
	var all measure.Tally
	for b.Loop() {
		var minute measure.Tally
		if err := minute.UnmarshalBinary(data); err != nil {
			b.Fatal(err)
		}
		all.Merge(&minute)
	}
	b.ReportMetric(float64(len(data)), "bytes")
}

// BenchmarkAddOutcome adds a row of classes.
func BenchmarkAddOutcome(b *testing.B) {
	o := sample(rand.New(rand.NewPCG(15, 16)), 1000, 0)
	o.Probability, o.Squares = o.Confidences, o.Confidences
	var all measure.Tally
	for i := 0; b.Loop(); i++ {
		all.AddOutcome(o, i%1000)
	}
}

// BenchmarkCurves is of 100,000 rows.
func BenchmarkCurves(b *testing.B) {
	r := rand.New(rand.NewPCG(17, 18))
	scores, positive := make([]float64, 100_000), make([]bool, 100_000)
	for k := range scores {
		scores[k], positive[k] = r.Float64(), r.Float64() < 0.3
	}
	for b.Loop() {
		measure.Curves(scores, positive, 200)
	}
}
