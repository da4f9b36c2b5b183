package server

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"penstock/model"
	"penstock/protocol"
	"penstock/quality"
	"penstock/quality/measure"
)

// serveSlices compares parts of what is labelled: ?by=version, caller, class or slice.
func (s *Server) serveSlices(ctx context.Context, w http.ResponseWriter, r *http.Request, a *asked) error {
	by := r.URL.Query().Get("by")
	parts, err := s.partsBy(ctx, by, a)
	if err != nil {
		return err
	}
	if parts == nil {
		problem(w, http.StatusBadRequest, "bad_request", fmt.Sprintf("by is %.20q; expected version, caller, class or slice", by))
		return nil
	}
	type slice struct {
		Name     string     `json:"name"`
		Labelled uint64     `json:"labelled"`
		Correct  uint64     `json:"correct"`
		Accuracy float64    `json:"accuracy"`
		Interval [2]float64 `json:"interval"`
		Q        float64    `json:"q"`
		Worse    bool       `json:"worse"`
	}
	answer := struct {
		By     string  `json:"by"`
		Slices []slice `json:"slices"`
		Few    int     `json:"too_few"`
	}{By: by, Slices: []slice{}}
	findings := measure.Compare(parts)
	for _, f := range findings {
		answer.Slices = append(answer.Slices, slice{f.Name, f.Labelled, f.Correct, f.Accuracy, f.Interval, f.Q, f.Worse})
	}
	answer.Few = len(parts) - len(findings)
	writeJSON(w, protocol.Encode(answer))
	return nil
}

// partsBy are the parts by what they are told apart; nil of an unknown one.
func (s *Server) partsBy(ctx context.Context, by string, a *asked) ([]measure.Slice, error) {
	history := s.opt.History
	switch by {
	case "version":
		return notNone(history.Versions(ctx, a.query))
	case "caller":
		return notNone(history.Callers(ctx, a.query))
	case "class":
		cells, classes, err := history.Cells(ctx, a.query)
		return notNone(byClass(cells, classes), err)
	case "slice":
		parts, err := history.Slices(ctx, a.query)
		for i := range parts {
			parts[i].Name = s.sliceName(a, parts[i].Name)
		}
		return notNone(parts, err)
	}
	return nil, nil
}

func notNone(parts []measure.Slice, err error) ([]measure.Slice, error) {
	if parts == nil {
		parts = []measure.Slice{}
	}
	return parts, err
}

// byClass are the true classes.
func byClass(cells [][]uint64, classes []string) []measure.Slice {
	parts := make([]measure.Slice, 0, len(classes))
	for truth, row := range cells {
		part := measure.Slice{Name: classes[truth], Correct: row[truth]}
		for _, n := range row {
			part.Labelled += n
		}
		if part.Labelled > 0 {
			parts = append(parts, part)
		}
	}
	return parts
}

// sliceName is that of a bin, by its number.
func (s *Server) sliceName(a *asked, number string) string {
	slice, ok := s.service.Quality.SliceOf(a.d.Spec.Name)
	if i, err := strconv.Atoi(number); ok && err == nil && i < len(slice.Names) {
		return slice.Name + " " + slice.Names[i]
	}
	return number
}

// mostExamples is how many of the worst answers a page is shown.
const mostExamples = 20

type apiExample struct {
	ID         string  `json:"request_id"` // JSON of its own
	Row        uint32  `json:"row"`
	At         string  `json:"at"`
	Version    string  `json:"version"`
	Prediction string  `json:"prediction"`
	Label      string  `json:"label"`
	Confidence float64 `json:"confidence"`
	// Features are the row's in the client's units, of a category its index; null where
	// they are not kept.
	Features []*float64 `json:"features"`
}

// serveWorst shows answers that were wrong, those given with the most confidence first.
func (s *Server) serveWorst(ctx context.Context, w http.ResponseWriter, _ *http.Request, a *asked) error {
	worst := make([]apiExample, 0, mostExamples+1)
	err := s.newest(ctx, a.query, func(o *quality.Outcomes, i int) {
		if o.Kind != string(model.Class) || o.Verdicts[i].Correct || len(o.Shown) == 0 {
			return
		}
		confidence := float64(o.Shown[i])
		if len(worst) == mostExamples && confidence <= worst[mostExamples-1].Confidence {
			return
		}
		at, _ := slices.BinarySearchFunc(worst, confidence, func(e apiExample, c float64) int {
			return cmp.Or(cmp.Compare(c, e.Confidence), -1) // behind its equals, which are newer
		})
		worst = slices.Insert(worst, at, apiExample{
			ID: o.IDs[i], Row: o.Rows[i], At: time.Unix(0, o.Predicted[i]).UTC().Format(protocol.TimeFormat), Version: o.Version,
			Prediction: className(o.Classes, float64(o.Values[i])), Label: className(o.Classes, o.Truths[i]), Confidence: confidence,
		})
		worst = worst[:min(len(worst), mostExamples)]
	})
	if err != nil {
		return err
	}
	kept := a.d.Series.Worst()
	for i := range worst {
		worst[i].Features = featuresOf(&worst[i], kept, &a.d.Spec)
		worst[i].ID = quality.WrittenID(worst[i].ID)
	}
	writeJSON(w, protocol.Encode(map[string]any{"examples": worst}))
	return nil
}

// featuresOf are those of an example, as apiExample has them.
func featuresOf(e *apiExample, kept []quality.Wrong, spec *model.Spec) []*float64 {
	for _, one := range kept {
		if one.ID != e.ID || one.Row != int(e.Row) || time.Unix(0, one.Predicted).UTC().Format(protocol.TimeFormat) != e.At {
			continue
		}
		features := make([]*float64, len(one.Features))
		for i, x := range one.Features {
			features[i] = finite(float64(x) + spec.ShiftOf(i))
		}
		return features
	}
	return nil
}

func className(classes []string, index float64) string {
	if i := int(index); i >= 0 && i < len(classes) {
		return classes[i]
	}
	return strconv.FormatFloat(index, 'g', -1, 64)
}

// mostCurve is how many thresholds a curve is drawn with.
const mostCurve = 200

// serveCurve shows what each threshold would do, of a model of two classes.
func (s *Server) serveCurve(ctx context.Context, w http.ResponseWriter, _ *http.Request, a *asked) error {
	first := a.d.First()
	if first.Output.Kind != model.Class || len(first.Classes) != 2 {
		problem(w, http.StatusNotFound, "no_curve", "curves are of models of two classes")
		return nil
	}
	var scores []float64
	var positive []bool
	err := s.newest(ctx, a.query, func(o *quality.Outcomes, i int) {
		if o.Kind != string(model.Class) || len(o.Confidences) == 0 || len(o.Classes) != 2 {
			return
		}
		yes, no := slices.Index(o.Classes, first.Classes[1]), slices.Index(o.Classes, first.Classes[0])
		if yes < 0 || no < 0 {
			return // a version with other classes; rows that were imported may have them in another order
		}
		p := float64(o.Confidences[i])
		if int(o.Values[i]) == no { // that of the second class is what is left
			p = 1 - p
		}
		scores, positive = append(scores, p), append(positive, int(o.Truths[i]) == yes)
	})
	if err != nil {
		return err
	}
	type point struct {
		Threshold *float64 `json:"threshold"`
		TP        uint64   `json:"tp"`
		FP        uint64   `json:"fp"`
		FN        uint64   `json:"fn"`
		TN        uint64   `json:"tn"`
	}
	curve := measure.Curves(scores, positive, mostCurve)
	answer := struct {
		Positive string   `json:"positive"`
		Rows     int      `json:"rows"`
		Points   []point  `json:"points"`
		AUC      *float64 `json:"roc_auc"`
		AP       *float64 `json:"average_precision"`
	}{Positive: first.Classes[1], Rows: len(scores), Points: []point{}, AUC: curve.ROCAUC, AP: curve.AveragePrecision}
	for _, p := range curve.Points {
		answer.Points = append(answer.Points, point{finite(p.Threshold), p.TP, p.FP, p.FN, p.TN})
	}
	writeJSON(w, protocol.Encode(answer))
	return nil
}

// finite is nil for a number that JSON cannot have.
func finite(x float64) *float64 {
	if x-x != 0 {
		return nil
	}
	return &x
}

var residualShares = []float64{0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99}

const residualBars = 40

// serveResiduals shows how far answers were off, of a model of values: the truth less
// the prediction, of all values together.
func (s *Server) serveResiduals(ctx context.Context, w http.ResponseWriter, _ *http.Request, a *asked) error {
	if a.d.First().Output.Kind != model.Values {
		problem(w, http.StatusNotFound, "no_residuals", "residuals are of models of values")
		return nil
	}
	rows := 0
	var residuals []float64
	err := s.newest(ctx, a.query, func(o *quality.Outcomes, i int) {
		if o.Kind != string(model.Values) {
			return
		}
		rows++
		for k := range o.Width {
			residuals = append(residuals, o.Truths[i*o.Width+k]-float64(o.Values[i*o.Width+k]))
		}
	})
	if err != nil {
		return err
	}
	type quantile struct {
		P     float64 `json:"p"`
		Value float64 `json:"value"`
	}
	type bar struct {
		Lower float64 `json:"lower"`
		Upper float64 `json:"upper"`
		Count uint64  `json:"count"`
	}
	answer := struct {
		Rows      int        `json:"rows"`
		Quantiles []quantile `json:"quantiles"`
		Histogram []bar      `json:"histogram"`
	}{Rows: rows, Quantiles: []quantile{}, Histogram: []bar{}}
	for i, value := range measure.Quantiles(residuals, residualShares) {
		answer.Quantiles = append(answer.Quantiles, quantile{residualShares[i], value})
	}
	for _, b := range measure.Histogram(residuals, residualBars) {
		answer.Histogram = append(answer.Histogram, bar(b))
	}
	writeJSON(w, protocol.Encode(answer))
	return nil
}
