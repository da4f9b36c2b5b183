package measure_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"penstock/quality"
	"penstock/quality/measure"
)

// oracle is what testdata/oracle.py wrote.
type oracle struct {
	Cases  []oracleCase
	Curves []struct {
		Score            []float64
		Truth            []bool
		Threshold        []float64
		FPR, TPR         []float64
		ROCAUC           float64 `json:"roc_auc"`
		AveragePrecision float64 `json:"average_precision"`
	}
	Slices []struct {
		Rows, Correct []uint64
		P, Q          []*float64
	}
}

type oracleCase struct {
	Kind           string
	Classes, Width int
	Predicted      []float32
	Truth          []float64
	Confidence     []float32
	Shown          []float32
	Probability    []float32
	Squares        []float32
	Cells          [][]uint64
	Want           struct {
		Accuracy, Brier, MAE, RMSE, R2 *float64
		LogLoss                        *float64 `json:"log_loss"`
		CalibrationError               *float64 `json:"calibration_error"`
		RawCalibrationError            *float64 `json:"raw_calibration_error"`
		HammingLoss                    *float64 `json:"hamming_loss"`
		Floor, Spiegelhalter, Gap      *float64
		MeanConfidence                 *float64 `json:"mean_confidence"`
		RawEstimate                    float64  `json:"raw_estimate"`
		Interval                       *[2]float64
		ResidualInterval               *[2]float64  `json:"residual_interval"`
		PerClass                       [][4]float64 `json:"per_class"`
		Averages                       struct{ Macro, Weighted, Micro [3]float64 }
		Quantiles                      struct{ At, Value []float64 }
		Histogram                      struct {
			Counts []uint64
			Edges  []float64
		}
	}
}

func (c *oracleCase) name() string {
	return fmt.Sprintf("%s of %d", c.Kind, max(c.Classes, c.Width))
}

func readOracle(t *testing.T) *oracle {
	t.Helper()
	data, err := os.ReadFile("testdata/oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var o oracle
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	if len(o.Cases) == 0 || len(o.Curves) == 0 || len(o.Slices) == 0 {
		t.Fatal("testdata/oracle.json is empty")
	}
	return &o
}

// outcomes are the rows of the case, judged by the kind's own judge.
func (c *oracleCase) outcomes() *quality.Outcomes {
	judge := c.judge()
	width := judge.Width()
	o := &quality.Outcomes{
		Kind: c.Kind, Width: width, LabelWidth: judge.LabelWidth(),
		Values: c.Predicted, Confidences: c.Confidence, Truths: c.Truth,
		Shown: c.Shown, Probability: c.Probability, Squares: c.Squares,
		Predicted: make([]int64, len(c.Predicted)/width),
	}
	for i := range o.Len() {
		var confidences []float32
		if len(c.Confidence) > 0 {
			confidences = c.Confidence[i*width : (i+1)*width]
		}
		o.Verdicts = append(o.Verdicts, judge.Judge(c.Predicted[i*width:(i+1)*width], confidences, c.Truth[i*width:(i+1)*width]))
	}
	return o
}

func (c *oracleCase) judge() quality.Judge {
	switch c.Kind {
	case "class":
		return quality.NewClassJudge(names(c.Classes))
	case "labels":
		return quality.NewLabelsJudge(names(c.Classes))
	default:
		return quality.NewValuesJudge(c.Width)
	}
}

func names(n int) []string {
	all := make([]string, n)
	for k := range all {
		all[k] = fmt.Sprintf("class %d", k)
	}
	return all
}

// scattered tallies all rows in any order, in several tallies that go to disk and back
// before they are merged.
func scattered(t *testing.T, o *quality.Outcomes, r *rand.Rand) *measure.Tally {
	t.Helper()
	parts := make([]measure.Tally, 1+r.IntN(20))
	for _, i := range r.Perm(o.Len()) {
		parts[r.IntN(len(parts))].AddOutcome(o, i)
	}
	var all measure.Tally
	for k := range parts {
		part := backFromDisk(t, &parts[k])
		all.Merge(&part)
	}
	return &all
}

func backFromDisk(t *testing.T, tally *measure.Tally) (read measure.Tally) {
	t.Helper()
	data, err := tally.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := read.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	return read
}

const tolerance = 1e-9

func same(t *testing.T, what string, got, want *float64) {
	t.Helper()
	switch {
	case (got == nil) != (want == nil):
		t.Errorf("%s is %s; expected %s", what, shown(got), shown(want))
	case got != nil && !near(*got, *want):
		t.Errorf("%s is %v; expected %v", what, *got, *want)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= tolerance }

func shown(x *float64) string {
	if x == nil {
		return "absent"
	}
	return fmt.Sprint(*x)
}

func ends(pair *[2]float64) (lo, hi *float64) {
	if pair == nil {
		return nil, nil
	}
	return &pair[0], &pair[1]
}

func sameInterval(t *testing.T, what string, got, want *[2]float64) {
	t.Helper()
	lo, hi := ends(got)
	wantLo, wantHi := ends(want)
	same(t, what+"'s lower end", lo, wantLo)
	same(t, what+"'s upper end", hi, wantHi)
}

func TestMeasuresAreThoseOfScikitLearn(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range readOracle(t).Cases {
		t.Run(c.name(), func(t *testing.T) {
			tally, want := scattered(t, c.outcomes(), r), &c.Want
			same(t, "accuracy", tally.Accuracy(), want.Accuracy)
			sameInterval(t, "interval", tally.Interval(), want.Interval)
			same(t, "log loss", tally.LogLoss(), want.LogLoss)
			same(t, "Brier score", tally.Brier(), want.Brier)
			same(t, "calibration error", tally.CalibrationError(), want.CalibrationError)
			same(t, "raw calibration error", tally.RawCalibrationError(), want.RawCalibrationError)
			same(t, "Spiegelhalter's z", tally.SpiegelhalterZ(), want.Spiegelhalter)
			same(t, "confidence gap", tally.ConfidenceGap(), want.Gap)
			same(t, "Hamming loss", tally.HammingLoss(), want.HammingLoss)
			same(t, "mean absolute error", tally.MAE(), want.MAE)
			same(t, "root of the mean squared error", tally.RMSE(), want.RMSE)
			same(t, "R²", tally.R2(), want.R2)
			if want.Floor != nil {
				same(t, "calibration floor", tally.CalibrationFloor(), want.Floor)
			}
		})
	}
}

func TestClassesAreScoredAsByScikitLearn(t *testing.T) {
	for _, c := range readOracle(t).Cases {
		if c.Kind != "class" {
			continue
		}
		scores, averages := measure.PerClass(c.Cells, names(c.Classes))
		for k, got := range scores {
			want := c.Want.PerClass[k]
			if got.Class != names(c.Classes)[k] || float64(got.Support) != want[3] {
				t.Errorf("%s: class %d is %q with %d rows; expected %v", c.name(), k, got.Class, got.Support, want[3])
			}
			sameScore(t, got.Class, got.Score, [3]float64(want[:3]))
		}
		sameScore(t, c.name()+", macro", averages.Macro, c.Want.Averages.Macro)
		sameScore(t, c.name()+", weighted", averages.Weighted, c.Want.Averages.Weighted)
		sameScore(t, c.name()+", micro", averages.Micro, c.Want.Averages.Micro)
	}
}

func sameScore(t *testing.T, what string, got measure.Score, want [3]float64) {
	t.Helper()
	for k, x := range [3]float64{got.Precision, got.Recall, got.F1} {
		same(t, what+": "+[3]string{"precision", "recall", "F1"}[k], &x, &want[k])
	}
}

func TestResidualsAreSpreadAsByNumpy(t *testing.T) {
	for _, c := range readOracle(t).Cases {
		if c.Kind != "values" {
			continue
		}
		var residuals []float64
		for k, truth := range c.Truth {
			residuals = append(residuals, truth-float64(c.Predicted[k]))
		}
		want := &c.Want
		for k, got := range measure.Quantiles(residuals, want.Quantiles.At) {
			same(t, fmt.Sprintf("%s: quantile %v", c.name(), want.Quantiles.At[k]), &got, &want.Quantiles.Value[k])
		}
		histogram := measure.Histogram(residuals, len(want.Histogram.Counts))
		for k, bar := range histogram {
			same(t, "lower border", &bar.Lower, &want.Histogram.Edges[k])
			same(t, "upper border", &bar.Upper, &want.Histogram.Edges[k+1])
			if bar.Count != want.Histogram.Counts[k] {
				t.Errorf("%s: bar %d has %d values; expected %d", c.name(), k, bar.Count, want.Histogram.Counts[k])
			}
		}
		if len(histogram) != len(want.Histogram.Counts) {
			t.Errorf("%s: %d bars; expected %d", c.name(), len(histogram), len(want.Histogram.Counts))
		}
	}
}

func TestCurvesAreThoseOfScikitLearn(t *testing.T) {
	for _, c := range readOracle(t).Curves {
		curve := measure.Curves(c.Score, c.Truth, len(c.Score))
		same(t, "area under the ROC curve", curve.ROCAUC, &c.ROCAUC)
		same(t, "average precision", curve.AveragePrecision, &c.AveragePrecision)
		if len(curve.Points) > len(c.Threshold) {
			t.Errorf("%d points; expected at most one for each of %d scores", len(curve.Points), len(c.Threshold))
		}
		k := 0
		for _, p := range curve.Points {
			for c.Threshold[k] != p.Threshold {
				k++ // left out: it is on the line
			}
			fpr := float64(p.FP) / float64(p.FP+p.TN)
			tpr := float64(p.TP) / float64(p.TP+p.FN)
			same(t, "false-positive rate", &fpr, &c.FPR[k])
			same(t, "true-positive rate", &tpr, &c.TPR[k])
		}
		if curve.Within > tolerance {
			t.Errorf("with all points the curve is drawn within %v", curve.Within)
		}
	}
}

func TestSlicesAreComparedAsByScipy(t *testing.T) {
	for n, c := range readOracle(t).Slices {
		slices := make([]measure.Slice, len(c.Rows))
		at := map[string]int{}
		for k := range slices {
			slices[k] = measure.Slice{Name: fmt.Sprint("slice ", k), Labelled: c.Rows[k], Correct: c.Correct[k]}
			at[slices[k].Name] = k
		}
		found := map[int]bool{}
		for _, f := range measure.Compare(slices) {
			k := at[f.Name]
			found[k] = true
			same(t, fmt.Sprintf("set %d, %s: P", n, f.Name), &f.P, c.P[k])
			same(t, fmt.Sprintf("set %d, %s: Q", n, f.Name), &f.Q, c.Q[k])
			if worse := *c.Q[k] <= 0.05 && f.Accuracy < f.Rest; f.Worse != worse {
				t.Errorf("set %d: %s is worse: %v; expected %v", n, f.Name, f.Worse, worse)
			}
		}
		for k, rows := range c.Rows {
			if found[k] != (rows >= measure.LeastLabels) {
				t.Errorf("set %d: a slice of %d rows is compared: %v", n, rows, found[k])
			}
		}
	}
}

func TestEstimateIsThatOfNannyML(t *testing.T) {
	for _, c := range readOracle(t).Cases {
		if c.Kind != "class" {
			continue
		}
		raw, corrected := measure.Tally{}, measure.Tally{}
		raw.AddActivity(activity(c.Confidence))
		corrected.AddActivity(activity(c.Shown))
		e := measure.Estimate(&raw, &measure.Tally{})
		same(t, c.name()+": estimate without labels", &e.Accuracy, &c.Want.RawEstimate)
		same(t, "mean confidence", corrected.MeanConfidence(), c.Want.MeanConfidence)

		o := c.outcomes()
		for i := range o.Len() {
			corrected.AddOutcome(o, i)
		}
		e = measure.Estimate(&corrected, &corrected)
		// With all labels known, it is what they say.
		same(t, c.name()+": estimate with all labels", &e.Accuracy, c.Want.Accuracy)
		same(t, c.name()+": measured", e.Measured, c.Want.Accuracy)
		sameInterval(t, c.name()+": residual", &e.ResidualInterval, c.Want.ResidualInterval)
		lo, hi := c.Want.ResidualInterval[0], c.Want.ResidualInterval[1]
		if reliable := lo <= 0 && hi >= 0; e.Reliable != reliable || (e.Why == "") != reliable {
			t.Errorf("%s: reliable is %v, because %q; expected %v", c.name(), e.Reliable, e.Why, reliable)
		}
	}
}

func activity(confidences []float32) *quality.Activity {
	a := &quality.Activity{Predicted: uint64(len(confidences)), Sure: uint64(len(confidences))}
	for _, confidence := range confidences {
		a.Confidence += float64(confidence)
	}
	return a
}
