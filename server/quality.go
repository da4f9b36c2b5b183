package server

import (
	"encoding/json"
	"net/http"

	"penstock/access"
	"penstock/protocol"
	"penstock/quality"
	"penstock/serving"
)

// apiQuality is a model in the answer of /api/quality. A pointer or a list is
// null where nothing was measured.
type apiQuality struct {
	Name      string   `json:"name"`
	Version   string   `json:"version"`
	Task      string   `json:"task"`
	Kind      string   `json:"kind"` // of the first output, which is what labels are about
	Classes   []string `json:"classes"`
	Predicted uint64   `json:"predicted"`
	Labelled  uint64   `json:"labelled"`
	Correct   uint64   `json:"correct"`
	Forgotten uint64   `json:"forgotten"`

	Accuracy            *float64    `json:"accuracy"`
	AccuracyInterval    *[2]float64 `json:"accuracy_interval"`
	LabelCoverage       *float64    `json:"label_coverage"`
	Completeness        *float64    `json:"completeness"`
	MeanAbsoluteError   *float64    `json:"mean_absolute_error"`
	RootMeanSquareError *float64    `json:"root_mean_square_error"`

	Confusion        [][]uint64       `json:"confusion"`
	Calibration      []apiCalibration `json:"calibration"`
	CalibrationError *float64         `json:"calibration_error"`
	Labels           []apiLabel       `json:"labels"`
	MicroF1          *float64         `json:"micro_f1"`
	MacroF1          *float64         `json:"macro_f1"`
	HammingLoss      *float64         `json:"hamming_loss"`
	Values           []apiValue       `json:"values"`
	LabelDelay       *apiLabelDelay   `json:"label_delay_ms"`

	Calibrator *apiCalibrator `json:"calibrator"`
	Sets       *apiSets       `json:"sets"`
	Drift      *apiDrift      `json:"drift"`
	Estimate   *apiEstimate   `json:"estimate"`
	TopK       []apiTopK      `json:"top_k"`
	OverTime   *apiOverTime   `json:"over_time,omitempty"`
}

type apiCalibration struct {
	Lower          float64  `json:"lower"`
	Upper          float64  `json:"upper"`
	Count          uint64   `json:"count"`
	MeanConfidence *float64 `json:"mean_confidence"`
	Accuracy       *float64 `json:"accuracy"`
}

type apiLabel struct {
	Label         string  `json:"label"`
	TruePositive  uint64  `json:"true_positive"`
	FalsePositive uint64  `json:"false_positive"`
	FalseNegative uint64  `json:"false_negative"`
	TrueNegative  uint64  `json:"true_negative"`
	Precision     float64 `json:"precision"`
	Recall        float64 `json:"recall"`
	F1            float64 `json:"f1"`
}

type apiValue struct {
	MeanAbsoluteError   float64 `json:"mean_absolute_error"`
	RootMeanSquareError float64 `json:"root_mean_square_error"`
}

type apiLabelDelay struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// serveQuality tells what labels say about the models. A look costs the
// predictions a moment, so it is taken at most once a second.
//
// With ?window= each model also tells what its labels said over that time, from the
// history: see serveOverTime.
func (s *Server) serveQuality(w http.ResponseWriter, r *http.Request, guest *access.Session) {
	if r.URL.Query().Has("window") {
		s.serveOverTime(w, r, guest)
		return
	}
	grants := guest.Grants()
	parts := s.qualityAnswer.get(s.describeQualities)
	answer := struct {
		Models []json.RawMessage `json:"models"`
		Store  *apiStore         `json:"store"`
	}{Models: []json.RawMessage{}, Store: s.describeStore()}
	for _, part := range parts {
		if grants.Allow(access.Dashboard, part.model) {
			answer.Models = append(answer.Models, part.described)
		}
	}
	writeJSON(w, protocol.Encode(answer))
}

// qualityPart is a model in the answer, encoded.
type qualityPart struct {
	model     string
	described []byte
}

func (s *Server) describeQualities() (parts []qualityPart) {
	for _, d := range s.service.Catalog.Now().Deployments {
		parts = append(parts, qualityPart{d.Spec.Name, protocol.Encode(s.describe(d))})
	}
	return parts
}

func describeQuality(d *serving.Deployment, s *quality.Snapshot) apiQuality {
	a := apiQuality{
		Name: s.Model, Version: s.Version, Task: d.Task(), Kind: string(d.First().Output.Kind), Classes: notNil(s.Classes),
		Predicted: s.Predicted, Labelled: s.Labelled, Correct: s.Correct, Forgotten: s.Forgotten,
		Accuracy: s.Accuracy(), AccuracyInterval: s.Interval(), LabelCoverage: s.Coverage(), Completeness: s.Completeness(),
		MeanAbsoluteError: s.MeanAbsoluteError(), RootMeanSquareError: s.RootMeanSquareError(),
		Confusion: s.Confusion, CalibrationError: s.CalibrationError,
		MicroF1: s.MicroF1, MacroF1: s.MacroF1, HammingLoss: s.HammingLoss,
	}
	for _, l := range s.Labels {
		a.Labels = append(a.Labels, apiLabel{
			l.Label, l.TruePositive, l.FalsePositive, l.FalseNegative, l.TrueNegative, l.Precision(), l.Recall(), l.F1(),
		})
	}
	for _, v := range s.Values {
		a.Values = append(a.Values, apiValue(v))
	}
	for _, b := range s.Calibration {
		a.Calibration = append(a.Calibration, apiCalibration(b))
	}
	if d := s.LabelDelay; d != nil {
		a.LabelDelay = &apiLabelDelay{milliseconds(d.P50), milliseconds(d.P95), milliseconds(d.P99), milliseconds(d.Max)}
	}
	return a
}
