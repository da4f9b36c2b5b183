package measure_test

import (
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"penstock/quality"
	"penstock/quality/measure"
)

// classRows are outcomes of two classes: a row is right where it says so.
func classRows(right []bool, confidence float32) *quality.Outcomes {
	o := &quality.Outcomes{Kind: "class", Width: 1, LabelWidth: 1, Predicted: make([]int64, len(right))}
	for _, correct := range right {
		truth := 0.0
		if correct {
			truth = 1
		}
		o.Values = append(o.Values, 1)
		o.Truths = append(o.Truths, truth)
		o.Confidences = append(o.Confidences, confidence)
		o.Verdicts = append(o.Verdicts, quality.Verdict{Correct: correct})
	}
	return o
}

func tallied(o *quality.Outcomes) *measure.Tally {
	var tally measure.Tally
	for i := range o.Len() {
		tally.AddOutcome(o, i)
	}
	return &tally
}

// measures are all single numbers that a tally gives.
func measures(t *measure.Tally) map[string]*float64 {
	return map[string]*float64{
		"Accuracy": t.Accuracy(), "Coverage": t.Coverage(), "LogLoss": t.LogLoss(), "Brier": t.Brier(),
		"CalibrationError": t.CalibrationError(), "RawCalibrationError": t.RawCalibrationError(),
		"CalibrationFloor": t.CalibrationFloor(), "MeanConfidence": t.MeanConfidence(),
		"ConfidenceGap": t.ConfidenceGap(), "SpiegelhalterZ": t.SpiegelhalterZ(),
		"MAE": t.MAE(), "RMSE": t.RMSE(), "R2": t.R2(),
		"SetCoverage": t.SetCoverage(), "SetSize": t.SetSize(), "HammingLoss": t.HammingLoss(),
	}
}

func TestNothingMeasuredIsAbsent(t *testing.T) {
	var empty measure.Tally
	for name, got := range measures(&empty) {
		if got != nil {
			t.Errorf("%s of nothing is %v; expected nil", name, *got)
		}
	}
	if empty.Interval() != nil || empty.Bounds() != nil || measure.Estimate(&empty, &empty) != nil {
		t.Error("nothing has an interval, bounds or an estimate")
	}
}

func TestValuesAreNeitherRightNorWrong(t *testing.T) {
	o := &quality.Outcomes{
		Kind: "values", Width: 1, LabelWidth: 1, Predicted: make([]int64, 2),
		Values: []float32{1, 2}, Truths: []float64{1, 4},
		Verdicts: []quality.Verdict{{}, {Distance: 2, Squared: 4}},
	}
	tally := tallied(o)
	if tally.Accuracy() != nil || tally.Interval() != nil || tally.Bounds() != nil {
		t.Error("a regression has an accuracy")
	}
	one := 1.0
	same(t, "mean absolute error", tally.MAE(), &one)
}

func TestOneLabelHasNoR2(t *testing.T) {
	o := &quality.Outcomes{
		Kind: "values", Width: 1, LabelWidth: 1, Predicted: make([]int64, 1),
		Values: []float32{1}, Truths: []float64{2}, Verdicts: []quality.Verdict{{Distance: 1, Squared: 1}},
	}
	same(t, "R² of one label", tallied(o).R2(), nil)
}

func TestR2OfTruthsThatAreAllTheSame(t *testing.T) {
	for predicted, want := range map[float32]float64{5: 1, 6: 0} { // as sklearn.metrics.r2_score
		o := &quality.Outcomes{
			Kind: "values", Width: 1, LabelWidth: 1, Predicted: make([]int64, 2),
			Values: []float32{5, predicted}, Truths: []float64{5, 5}, Verdicts: make([]quality.Verdict, 2),
		}
		same(t, "R²", tallied(o).R2(), &want)
	}
}

func TestRowsOfManyValuesHaveNoR2(t *testing.T) {
	width := measure.MaxValues + 1
	o := &quality.Outcomes{
		Kind: "values", Width: width, LabelWidth: width, Predicted: make([]int64, 3),
		Values: make([]float32, 3*width), Truths: make([]float64, 3*width), Verdicts: make([]quality.Verdict, 3),
	}
	tally := tallied(o)
	zero := 0.0
	same(t, "R²", tally.R2(), nil)
	same(t, "mean absolute error", tally.MAE(), &zero)
}

func TestKindsFromOutside(t *testing.T) {
	o := &quality.Outcomes{Kind: "grade", Predicted: make([]int64, 2), Verdicts: []quality.Verdict{{Correct: true}, {}}}
	half := 0.5
	same(t, "accuracy of what is right or wrong", tallied(o).Accuracy(), &half)
	o.Verdicts = []quality.Verdict{{Distance: 1, Squared: 1}, {Distance: 2, Squared: 4}}
	same(t, "accuracy of what is some way off", tallied(o).Accuracy(), nil)
	mean := 1.5
	same(t, "mean absolute error", tallied(o).MAE(), &mean)
}

func TestWhatIsNoConfidenceIsLeftOut(t *testing.T) {
	for _, confidence := range []float32{float32(math.NaN()), -0.5, 1.5} {
		tally := tallied(classRows([]bool{true, false}, confidence))
		if tally.CalibrationError() != nil || tally.SpiegelhalterZ() != nil || tally.ConfidenceGap() != nil {
			t.Errorf("a confidence of %v is counted", confidence)
		}
		half := 0.5
		same(t, "accuracy", tally.Accuracy(), &half)
	}
}

func TestSetsCountWhereThereWasOne(t *testing.T) {
	o := classRows([]bool{true, false, true, false}, 0.9)
	o.SetSize, o.Covered = []uint16{0, 1, 2, 3}, []bool{false, false, true, true}
	tally := tallied(o)
	coverage, size := 2.0/3, 2.0
	same(t, "coverage of sets", tally.SetCoverage(), &coverage)
	same(t, "size of sets", tally.SetSize(), &size)
}

// TestBoundsHoldWhateverTheOtherLabelsSay labels the other rows in any way.
func TestBoundsHoldWhateverTheOtherLabelsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Bool(), 1, 50).Draw(t, "right")
		labelled := rapid.IntRange(1, len(all)).Draw(t, "labelled")
		tally := tallied(classRows(all[:labelled], 0.5))
		tally.AddActivity(&quality.Activity{Predicted: uint64(len(all))})
		truth, bounds := *tallied(classRows(all, 0.5)).Accuracy(), tally.Bounds()
		if truth < bounds[0]-tolerance || truth > bounds[1]+tolerance {
			t.Fatalf("the accuracy is %v, out of %v", truth, *bounds)
		}
	})
}

func TestLabelsWithoutPredictionsCoverAllAtMost(t *testing.T) {
	tally := tallied(classRows([]bool{true, true, true}, 0.5))
	tally.AddActivity(&quality.Activity{Predicted: 2})
	one := 1.0
	same(t, "coverage", tally.Coverage(), &one)
	if bounds := tally.Bounds(); bounds[0] > bounds[1] || bounds[1] > 1 {
		t.Errorf("bounds are %v", *bounds)
	}
}

// TestMergeIsTheTallyOfAllRows also holds it to leaving the other one alone.
func TestMergeIsTheTallyOfAllRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawTally(t, "a"), drawTally(t, "b")
		counts := a.Labelled + b.Labelled
		before := copied(&b)
		a.Merge(&b)
		if a.Labelled != counts {
			t.Fatalf("%d labelled rows; expected %d", a.Labelled, counts)
		}
		a.Merge(&b)
		if !reflect.DeepEqual(b, before) {
			t.Fatalf("merging changed the other to %+v; it was %+v", b, before)
		}
	})
}

func copied(t *measure.Tally) (c measure.Tally) {
	c.Merge(t)
	return c
}

// drawTally is a tally with any numbers in its fields.
func drawTally(t *rapid.T, name string) (tally measure.Tally) {
	fill(t, name, reflect.ValueOf(&tally).Elem())
	tally.Values = make([]measure.Value, rapid.IntRange(0, 4).Draw(t, name+" values"))
	for k := range tally.Values {
		fill(t, name, reflect.ValueOf(&tally.Values[k]).Elem())
		tally.Values[k].Rows++ // without rows all of it is 0
	}
	if rapid.Bool().Draw(t, name+" shown as it is") {
		tally.Raw = tally.Shown
	}
	if len(tally.Values) == 0 {
		tally.Values = nil
	}
	return tally
}

// fill sets all fields, so that one that is forgotten by Merge or on disk is noticed.
func fill(t *rapid.T, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Uint64:
		v.SetUint(rapid.Uint64Range(0, 1<<40).Draw(t, name))
	case reflect.Float64:
		v.SetFloat(rapid.Float64Range(-1e9, 1e9).Draw(t, name))
	case reflect.Struct:
		for k := range v.NumField() {
			fill(t, name, v.Field(k))
		}
	case reflect.Array:
		for k := range v.Len() {
			if rapid.Bool().Draw(t, name) {
				fill(t, name, v.Index(k))
			}
		}
	}
}

func TestMergeIntoNothingIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tally := drawTally(t, "tally")
		if got := copied(&tally); !reflect.DeepEqual(got, tally) {
			t.Fatalf("it became %+v; expected %+v", got, tally)
		}
	})
}
