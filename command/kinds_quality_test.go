//go:build unix

package command

import (
	"encoding/json"
	"math"
	"net/http"
	"reflect"
	"testing"
)

// measured is what is measured of one model, by the program and by scikit-learn.
type measured struct {
	Name, Kind string
	Predicted  uint64
	Labelled   uint64
	Correct    uint64

	Accuracy            *float64
	HammingLoss         *float64 `json:"hamming_loss"`
	MicroF1             *float64 `json:"micro_f1"`
	MacroF1             *float64 `json:"macro_f1"`
	MeanAbsoluteError   *float64 `json:"mean_absolute_error"`
	RootMeanSquareError *float64 `json:"root_mean_square_error"`
	MeanSquaredError    *float64 `json:"mean_squared_error"` // scikit-learn's alone

	Confusion [][]float64
	Labels    []struct {
		Label         string
		TruePositive  float64 `json:"true_positive"`
		FalsePositive float64 `json:"false_positive"`
		FalseNegative float64 `json:"false_negative"`
		TrueNegative  float64 `json:"true_negative"`
		Precision     float64
		Recall        float64
		F1            float64
	}
	Values []struct {
		MeanAbsoluteError   float64 `json:"mean_absolute_error"`
		RootMeanSquareError float64 `json:"root_mean_square_error"`
	}
}

// checkQuality compares /api/quality with scikit-learn's metrics. Every row was
// predicted and labelled as often as every other, rows times in all.
func (k *kindsServer) checkQuality(t *testing.T, rows uint64) {
	t.Helper()
	answer, err := http.Get("http://" + k.address + "/api/quality")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var got struct{ Models []measured }
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || len(got.Models) != len(kindNames) {
		t.Fatalf("%d models, %v; want %d", len(got.Models), err, len(kindNames))
	}
	times := float64(rows) / float64(len(kindRows))
	for i, name := range kindNames {
		t.Run(name+" measured", func(t *testing.T) {
			b, is := k.bundles[name], got.Models[i]
			var want measured
			if err := json.Unmarshal(b.Metrics, &want); err != nil {
				t.Fatal(err)
			}
			if is.Name != name || is.Kind != b.model.Outputs[0].Kind || is.Predicted != rows {
				t.Errorf("%s of kind %s, %d rows; want %s, %s, %d", is.Name, is.Kind, is.Predicted, name, b.model.Outputs[0].Kind, rows)
			}
			if labelled := rows * uint64(min(len(b.Labels), 1)); is.Labelled != labelled {
				t.Errorf("%d rows are labelled; want %d", is.Labelled, labelled)
			}
			compare(t, &is, &want, times)
		})
	}
}

// compare compares what stands in both, and wants null where nothing is measured.
func compare(t *testing.T, is, want *measured, times float64) {
	t.Helper()
	if want.MeanSquaredError != nil {
		root := math.Sqrt(*want.MeanSquaredError)
		want.RootMeanSquareError = &root
	}
	if is.Kind != "labels" {
		want.MacroF1 = nil // the program tells it of labels alone
	}
	for name, pair := range map[string][2]*float64{
		"accuracy": {is.Accuracy, want.Accuracy}, "hamming loss": {is.HammingLoss, want.HammingLoss},
		"micro F1": {is.MicroF1, want.MicroF1}, "macro F1": {is.MacroF1, want.MacroF1},
		"mean absolute error":    {is.MeanAbsoluteError, want.MeanAbsoluteError},
		"root mean square error": {is.RootMeanSquareError, want.RootMeanSquareError},
	} {
		switch {
		case (pair[0] == nil) != (pair[1] == nil):
			t.Errorf("%s is %v; want %v", name, pair[0], pair[1])
		case pair[0] != nil:
			near(t, name, *pair[0], *pair[1])
		}
	}
	for i := range want.Confusion {
		for j := range want.Confusion[i] {
			want.Confusion[i][j] *= times
		}
	}
	if !reflect.DeepEqual(is.Confusion, want.Confusion) {
		t.Errorf("confusion %v; want %v", is.Confusion, want.Confusion)
	}
	if len(is.Labels) != len(want.Labels) || len(is.Values) != len(want.Values) {
		t.Fatalf("%d labels and %d values; want %d and %d", len(is.Labels), len(is.Values), len(want.Labels), len(want.Values))
	}
	for i, w := range want.Labels {
		g := is.Labels[i]
		if g.Label != w.Label || g.TruePositive != times*w.TruePositive || g.FalsePositive != times*w.FalsePositive ||
			g.FalseNegative != times*w.FalseNegative || g.TrueNegative != times*w.TrueNegative {
			t.Errorf("label %+v; want %v times the counts of %+v", g, times, w)
		}
		near(t, "precision of "+w.Label, g.Precision, w.Precision)
		near(t, "recall of "+w.Label, g.Recall, w.Recall)
		near(t, "F1 of "+w.Label, g.F1, w.F1)
	}
	for i, w := range want.Values {
		near(t, "mean absolute error of a value", is.Values[i].MeanAbsoluteError, w.MeanAbsoluteError)
		near(t, "root mean square error of a value", is.Values[i].RootMeanSquareError, w.RootMeanSquareError)
	}
}

// near wants numbers to be the same but for what float32 rounds away.
func near(t *testing.T, name string, is, want float64) {
	t.Helper()
	if !(math.Abs(is-want) <= 1e-6*max(1, math.Abs(want))) {
		t.Errorf("%s is %v; want %v", name, is, want)
	}
}
