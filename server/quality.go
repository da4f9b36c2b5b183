package server

import (
	"net/http"

	"penstock/protocol"
	"penstock/quality"
)

// apiQuality is a model in the answer of /api/quality. A pointer or a list is
// null where nothing was measured.
type apiQuality struct {
	Name      string   `json:"name"`
	Version   string   `json:"version"`
	Task      string   `json:"task"`
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
	LabelDelay       *apiLabelDelay   `json:"label_delay_ms"`
}

type apiCalibration struct {
	Lower          float64  `json:"lower"`
	Upper          float64  `json:"upper"`
	Count          uint64   `json:"count"`
	MeanConfidence *float64 `json:"mean_confidence"`
	Accuracy       *float64 `json:"accuracy"`
}

type apiLabelDelay struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// serveQuality tells what labels say about the models. A look costs the
// predictions a moment, so it is taken at most once a second.
func (s *Server) serveQuality(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, s.qualityAnswer.get(func() []byte {
		answer := struct {
			Models []apiQuality `json:"models"`
		}{Models: []apiQuality{}}
		for i, snapshot := range s.opt.Quality.Snapshot() {
			answer.Models = append(answer.Models, describeQuality(taskOf(s.models[i].spec), &snapshot))
		}
		return protocol.Encode(answer)
	}))
}

func describeQuality(task string, s *quality.Snapshot) apiQuality {
	a := apiQuality{
		Name: s.Model, Version: s.Version, Task: task, Classes: notNil(s.Classes),
		Predicted: s.Predicted, Labelled: s.Labelled, Correct: s.Correct, Forgotten: s.Forgotten,
		Accuracy: s.Accuracy(), AccuracyInterval: s.Interval(), LabelCoverage: s.Coverage(), Completeness: s.Completeness(),
		MeanAbsoluteError: s.MeanAbsoluteError(), RootMeanSquareError: s.RootMeanSquareError(),
		Confusion: s.Confusion, CalibrationError: s.CalibrationError,
	}
	for _, b := range s.Calibration {
		a.Calibration = append(a.Calibration, apiCalibration(b))
	}
	if d := s.LabelDelay; d != nil {
		a.LabelDelay = &apiLabelDelay{milliseconds(d.P50), milliseconds(d.P95), milliseconds(d.P99), milliseconds(d.Max)}
	}
	return a
}
