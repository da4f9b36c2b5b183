package quality_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"penstock/quality"
)

var topics = served{Name: "topics", Version: "1", judge: func() quality.Judge {
	return quality.NewLabelsJudge([]string{"art", "law", "1.0"})
}}

func list(of ...quality.Label) quality.Label { return quality.Label{List: of, IsList: true} }

// What the store says of labels is what their definitions say of all rows at once.
func TestLabelsAgainstTheirDefinitions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "labels")
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprint("label ", i)
		}
		store := newStore(t, served{Name: "m", judge: func() quality.Judge { return quality.NewLabelsJudge(names) }})
		var predicted, truth [][]float32 // of all rows
		var sure []float32
		for request := range rapid.IntRange(0, 12).Draw(t, "requests") {
			rows := rapid.IntRange(1, 5).Draw(t, "rows")
			bits := func(what string) []float32 {
				return rapid.SliceOfN(rapid.SampledFrom([]float32{0, 1}), rows*n, rows*n).Draw(t, what)
			}
			said, is := bits("predicted"), bits("true")
			confidences := rapid.SliceOfN(rapid.Float32Range(0, 1), rows*n, rows*n).Draw(t, "confidences")
			id := fmt.Append(nil, request)
			store.Remember(quality.Prediction{ID: id, Rows: rows, Values: said, Confidences: confidences})
			result, err := sendLabels(store, id, names, is, rapid.Bool().Draw(t, "binary"))
			if err != nil || result.Rows != rows {
				t.Fatal(result, err)
			}
			for row := range rows {
				predicted, truth = append(predicted, said[row*n:(row+1)*n]), append(truth, is[row*n:(row+1)*n])
				if same := fmt.Sprint(predicted[len(predicted)-1]) == fmt.Sprint(truth[len(truth)-1]); result.Correct[row] != same {
					t.Fatalf("row %d: correct is %v", row, result.Correct[row])
				}
			}
			sure = append(sure, confidences...)
		}
		expectLabels(t, store.Snapshot()[0], predicted, truth, sure)
	})
}

func sendLabels(store *testStore, id []byte, names []string, is []float32, binary bool) (quality.Result, error) {
	if binary {
		return store.LabelIndices(quality.Scope{}, id, is, nil)
	}
	var labels []quality.Label
	for row := 0; row < len(is); row += len(names) {
		one := list()
		for i, name := range names {
			if is[row+i] == 1 {
				one.List = append(one.List, text(name))
			}
		}
		labels = append(labels, one)
	}
	return store.Label(quality.Scope{}, id, labels, nil)
}

// expectLabels computes all measures label by label, from the rows.
func expectLabels(t *rapid.T, s quality.Snapshot, predicted, truth [][]float32, sure []float32) {
	n, rows := len(s.Classes), len(truth)
	var exact, wrong, allTP, allFP, allFN uint64
	var sum float64
	for row := range truth {
		if fmt.Sprint(predicted[row]) == fmt.Sprint(truth[row]) {
			exact++
		}
	}
	for label := range n {
		var want quality.LabelCounts
		want.Label = s.Classes[label]
		for row := range truth {
			switch fmt.Sprint(predicted[row][label], truth[row][label]) {
			case "1 1":
				want.TruePositive++
			case "1 0":
				want.FalsePositive++
			case "0 1":
				want.FalseNegative++
			default:
				want.TrueNegative++
			}
		}
		if s.Labels[label] != want {
			t.Fatalf("%+v; expected %+v", s.Labels[label], want)
		}
		tp, fp, fn := float64(want.TruePositive), float64(want.FalsePositive), float64(want.FalseNegative)
		precision, recall, f1 := 0., 0., 0.
		if tp > 0 {
			precision, recall = tp/(tp+fp), tp/(tp+fn)
			f1 = 2 * precision * recall / (precision + recall)
		}
		if math.Abs(want.Precision()-precision)+math.Abs(want.Recall()-recall)+math.Abs(want.F1()-f1) > 1e-12 {
			t.Fatalf("%+v: %v, %v, %v", want, want.Precision(), want.Recall(), want.F1())
		}
		sum += f1
		wrong += want.FalsePositive + want.FalseNegative
		allTP, allFP, allFN = allTP+want.TruePositive, allFP+want.FalsePositive, allFN+want.FalseNegative
	}
	var binned uint64
	for _, bin := range s.Calibration {
		binned += bin.Count
	}
	if s.Correct != exact || s.Labelled != uint64(rows) || binned != uint64(len(sure)) {
		t.Fatalf("%d of %d rows are correct, %d probabilities in bins; expected %d, %d", s.Correct, s.Labelled, binned, exact, len(sure))
	}
	if rows == 0 {
		if s.MicroF1 != nil || s.MacroF1 != nil || s.HammingLoss != nil || s.Accuracy() != nil || s.CalibrationError != nil {
			t.Fatalf("%+v claims something without labels", s)
		}
		return
	}
	micro := 0.
	if allTP > 0 {
		micro = 2 * float64(allTP) / float64(2*allTP+allFP+allFN)
	}
	if math.Abs(*s.MicroF1-micro)+math.Abs(*s.MacroF1-sum/float64(n))+math.Abs(*s.HammingLoss-float64(wrong)/float64(rows*n)) > 1e-12 {
		t.Fatalf("micro %v, macro %v, Hamming %v", *s.MicroF1, *s.MacroF1, *s.HammingLoss)
	}
}

// TestLabelMeasuresOfScikitLearn compares with what scikit-learn documents of
// y_true = [[1,0,1],[0,1,0],[1,1,0],[0,0,0]] and y_pred =
// [[1,0,0],[0,1,0],[0,1,1],[0,0,0]]: computed by hand from its definitions.
func TestLabelMeasuresOfScikitLearn(t *testing.T) {
	store := newStore(t, topics)
	store.Remember(quality.Prediction{ID: []byte("1"), Rows: 4, Values: []float32{1, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0}})
	if _, err := store.Label(quality.Scope{}, []byte("1"), []quality.Label{
		list(text("art"), number(1)), text("law"), list(text("law"), text("art")), list(),
	}, nil); err != nil {
		t.Fatal(err)
	}
	s := store.Snapshot()[0]
	if *s.Accuracy() != 0.5 || *s.HammingLoss != 0.25 || *s.MicroF1 != 2*3./(2*3+1+2) || math.Abs(*s.MacroF1-(2./3+1+0)/3) > 1e-15 {
		t.Errorf("exact %v, Hamming %v, micro %v, macro %v", *s.Accuracy(), *s.HammingLoss, *s.MicroF1, *s.MacroF1)
	}
	if c := s.Labels[2]; c.Precision() != 0 || c.Recall() != 0 || c.F1() != 0 {
		t.Errorf("nothing to divide by: %+v", c)
	}
	if s.CalibrationError != nil || s.Confusion != nil || s.Values != nil {
		t.Errorf("%+v", s)
	}
}

func TestLabelListsThatAreRefused(t *testing.T) {
	vectors := served{Name: "vectors", judge: quality.NewNoJudge}
	pairs := served{Name: "pairs", judge: func() quality.Judge { return quality.NewValuesJudge(2) }}
	for name, c := range map[string]struct {
		model  served
		labels []quality.Label
		want   string
	}{
		"unknown name":     {topics, []quality.Label{list(text("art"), text("sport"))}, `label of row 0 is "sport"; expected one of "art", "law", "1.0"`},
		"twice":            {topics, []quality.Label{list(number(1), text("1.0"))}, `a list with "1.0" twice; expected each name once`},
		"nested":           {topics, []quality.Label{list(list(text("art")))}, "a list within a list"},
		"list for one":     {digits, []quality.Label{list(text("1"))}, "label of row 0 is a list of 1; expected one of the 10 classes"},
		"list for a value": {prices, []quality.Label{list(number(1))}, "is a list of 1; expected a finite number"},
		"too short":        {pairs, []quality.Label{list(number(1))}, "is a list of 1; expected a list of 2 finite numbers"},
		"no list":          {pairs, []quality.Label{number(1)}, "label of row 0 is 1; expected a list of 2 finite numbers"},
		"text in a list":   {pairs, []quality.Label{list(number(1), text("x"))}, `label of row 0 is "x"; expected a list of 2`},
		"list in a list":   {pairs, []quality.Label{list(number(1), list())}, "label of row 0 is a list of 0; expected a list of 2"},
		"too many labels":  {pairs, []quality.Label{list(), list()}, "got 2 labels; expected 1, one per predicted row"},
		"no labels":        {vectors, []quality.Label{text("x")}, "got 1 label; expected none: this model's output takes no labels"},
	} {
		store := newStore(t, c.model)
		width := store.series[0].Width()
		store.Remember(quality.Prediction{ID: []byte("1"), Rows: 1, Values: make([]float32, width)})
		_, err := store.Label(quality.Scope{}, []byte("1"), c.labels, nil)
		var bad *quality.BadLabelError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; expected it to contain %s", name, err, c.want)
		}
	}
}

func TestBinaryLabelsThatAreRefused(t *testing.T) {
	for want, labels := range map[string][]float32{
		`label of row 1 is 0.5 for "law"; expected 0 or 1 for each of the 3 labels`: {0, 1, 0, 1, 0.5, 0},
		"got 2 numbers; expected 6, 3 per predicted row":                            {1, 0},
	} {
		store := newStore(t, topics)
		store.Remember(quality.Prediction{ID: []byte("1"), Rows: 2, Values: make([]float32, 6)})
		if _, err := store.LabelIndices(quality.Scope{}, []byte("1"), labels, nil); err == nil || err.Error() != want {
			t.Errorf("%v; expected %s", err, want)
		}
	}
}
