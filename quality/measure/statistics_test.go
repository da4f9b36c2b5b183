package measure_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"penstock/quality"
	"penstock/quality/measure"
)

// The tests in this file draw at random, from fixed seeds.

// sample are rows of a model that is right as often as its confidence, less off, says.
func sample(r *rand.Rand, rows int, off float64) *quality.Outcomes {
	o := &quality.Outcomes{Kind: "class", Width: 1, LabelWidth: 1}
	for range rows {
		confidence := float32(1 - 0.6*squared(r.Float64()))
		one := classRows([]bool{r.Float64() < float64(confidence)-off}, confidence)
		o.Predicted = append(o.Predicted, 0)
		o.Values = append(o.Values, one.Values...)
		o.Truths = append(o.Truths, one.Truths...)
		o.Confidences = append(o.Confidences, one.Confidences...)
		o.Verdicts = append(o.Verdicts, one.Verdicts...)
	}
	return o
}

func squared(x float64) float64 { return x * x }

// TestFloorIsTheErrorOfConfidencesThatAreRight: of 2,000 rows, the floor is the mean of
// what comes by chance.
func TestFloorIsTheErrorOfConfidencesThatAreRight(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var errors, floors float64
	const times = 300
	for range times {
		tally := tallied(sample(r, 2000, 0))
		errors += *tally.CalibrationError() / times
		floors += *tally.CalibrationFloor() / times
	}
	t.Logf("mean error %.4f, mean floor %.4f", errors, floors)
	if math.Abs(errors/floors-1) > 0.05 {
		t.Errorf("the mean error is %v; expected the floor %v", errors, floors)
	}
}

// TestOrderAndPartsChangeNothing: 100,000 rows, however they come, to the tolerance.
func TestOrderAndPartsChangeNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	o := sample(r, 100_000, 0.02)
	o.Probability, o.Squares = o.Confidences, o.Confidences
	want := measures(tallied(o))
	for name, got := range measures(scattered(t, o, r)) {
		same(t, name, got, want[name])
	}
}

func TestFloorOfTheExtremes(t *testing.T) {
	var sure, unsure, coin measure.Bins
	for range 10 {
		sure.Add(1, true)
		unsure.Add(0, false)
	}
	coin.Add(0.5, true)
	for want, bins := range map[float64]*measure.Bins{0: &sure, 0.5: &coin} {
		if got := measure.ECEFloor(bins); !near(got, want) {
			t.Errorf("the floor is %v; expected %v", got, want)
		}
	}
	if got := measure.ECEFloor(&unsure); got != 0 {
		t.Errorf("the floor of rows that are surely wrong is %v; expected 0", got)
	}
	if got := measure.ECEFloor(&measure.Bins{}); got != 0 {
		t.Errorf("the floor of no rows is %v; expected 0", got)
	}
}

// TestFloorOfManyRows: with many rows it is that of a normal distribution.
func TestFloorOfManyRows(t *testing.T) {
	var bins measure.Bins
	const rows, confidence = 1_000_000_000, 0.9
	bins[13] = measure.Bin{Count: rows, Correct: rows * 9 / 10, Confidence: rows * confidence}
	want := math.Sqrt(2 / math.Pi * confidence * (1 - confidence) / rows)
	if got := measure.ECEFloor(&bins); math.Abs(got/want-1) > 1e-4 {
		t.Errorf("the floor is %v; expected %v", got, want)
	}
}

// TestEstimatesDoubtConfidencesThatAreWrong: with 500 labels, one in twenty is doubted
// where confidences are right, and all where they are 8 points too high.
func TestEstimatesDoubtConfidencesThatAreWrong(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const times = 1000
	reliable := func(off float64) (share float64) {
		for range times {
			o := sample(r, 500, off)
			tally := tallied(o)
			tally.AddActivity(activity(o.Confidences))
			if measure.Estimate(tally, tally).Reliable {
				share += 1.0 / times
			}
		}
		return share
	}
	if share := reliable(0); share < 0.93 || share > 0.98 {
		t.Errorf("where confidences are right, %v of the estimates are reliable; expected about 0.95", share)
	}
	if share := reliable(0.08); share > 0.01 {
		t.Errorf("where confidences are wrong, %v of the estimates are reliable; expected none", share)
	}
}

// TestEstimatesHoldTheAccuracyToCome: 200 rows without labels, corrected by 1,000 with.
func TestEstimatesHoldTheAccuracyToCome(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	const times = 1000
	var held float64
	for range times {
		labelled, coming := tallied(sample(r, 1000, 0.05)), sample(r, 200, 0.05)
		var cohort measure.Tally
		cohort.AddActivity(activity(coming.Confidences))
		e := measure.Estimate(&cohort, labelled)
		if accuracy := *tallied(coming).Accuracy(); e.Interval[0] <= accuracy && accuracy <= e.Interval[1] {
			held += 1.0 / times
		}
		if e.Interval[0] > e.Accuracy || e.Interval[1] < e.Accuracy || e.Interval[0] < 0 || e.Interval[1] > 1 {
			t.Fatalf("the interval of %v is %v", e.Accuracy, e.Interval)
		}
	}
	if held < 0.94 {
		t.Errorf("%v of the intervals hold the accuracy; expected 0.95 or more", held)
	}
}

// TestFewLabelsThatAreAllRightProveNothing: their residuals are all alike.
func TestFewLabelsThatAreAllRightProveNothing(t *testing.T) {
	right := make([]bool, 40)
	for k := range right {
		right[k] = true
	}
	tally := tallied(classRows(right, 0.98))
	tally.AddActivity(&quality.Activity{Predicted: 40, Sure: 40, Confidence: 40 * 0.98})
	if e := measure.Estimate(tally, tally); !e.Reliable {
		t.Errorf("40 rows that are right with 0.98 are doubted: %s", e.Why)
	}
	few := tallied(classRows(right[:29], 0.98))
	if e := measure.Estimate(tally, few); e.Reliable || e.Why == "" {
		t.Error("29 labels make an estimate reliable")
	}
}

// TestSlicesThatAreAlikeAreRarelyFound: in 5 % of all looks at most.
func TestSlicesThatAreAlikeAreRarelyFound(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	const times = 1000
	var looks float64
	for range times {
		slices := make([]measure.Slice, 20)
		for k := range slices {
			slices[k] = drawSlice(r, fmt.Sprint(k), 100+r.IntN(900), 0.97)
		}
		for _, f := range measure.Compare(slices) {
			if f.Worse {
				looks += 1.0 / times
				break
			}
		}
	}
	if looks > 0.05 {
		t.Errorf("in %v of the looks a slice is said to be worse; expected 0.05 at most", looks)
	}
}

func drawSlice(r *rand.Rand, name string, rows int, accuracy float64) measure.Slice {
	s := measure.Slice{Name: name, Labelled: uint64(rows)}
	for range rows {
		if r.Float64() < accuracy {
			s.Correct++
		}
	}
	return s
}

// TestPointsOfACurveAreWhereItBends: 100 points of 20,000 rows draw either curve to
// within a hundredth, whatever its shape.
func TestPointsOfACurveAreWhereItBends(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	const rows, most = 20_000, 100
	for _, rare := range []float64{0.5, 0.1, 0.01} {
		for _, apart := range []float64{0, 0.5, 1, 3} {
			scores, positive := make([]float64, rows), make([]bool, rows)
			for k := range scores {
				positive[k] = r.Float64() < rare
				scores[k] = r.NormFloat64()
				if positive[k] {
					scores[k] += apart
				}
			}
			c := measure.Curves(scores, positive, most)
			if len(c.Points) > most {
				t.Errorf("%d points; expected %d at most", len(c.Points), most)
			}
			t.Logf("%v positive, %v apart: within %.4f", rare, apart, c.Within)
			if c.Within > 1.0/most {
				t.Errorf("%v positive, %v apart: drawn within %v; expected %v", rare, apart, c.Within, 1.0/most)
			}
		}
	}
}
