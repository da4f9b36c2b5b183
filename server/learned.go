package server

import (
	"context"
	"math"
	"net/http"
	"time"

	"penstock/access"
	"penstock/model"
	"penstock/protocol"
	"penstock/quality/measure"
	"penstock/quality/store"
	"penstock/serving"
)

// apiCalibrator is what is made of a model's confidences.
type apiCalibrator struct {
	Kind       string    `json:"kind"` // identity, temperature, beta
	Parameters []float64 `json:"parameters"`
	Adopted    *string   `json:"adopted"`
	Frozen     bool      `json:"frozen"`
	Rows       int       `json:"rows"`
	RawECE     *float64  `json:"ece_raw"` // this and what follows: null without rows
	ECE        *float64  `json:"ece"`
	Floor      *float64  `json:"ece_floor"`
	Z          *float64  `json:"z"`
	Gap        *float64  `json:"mean_gap"`
}

// apiSets is how the sets of a model do, or its intervals.
type apiSets struct {
	Alpha    float64  `json:"alpha"`
	Rows     int      `json:"rows"`
	Level    float64  `json:"level"`
	Judged   uint64   `json:"judged"`
	Coverage *float64 `json:"coverage"`
	MeanSize *float64 `json:"mean_size"`
}

// apiDrift is how rows compare with those that a model was made for.
type apiDrift struct {
	Firing        bool              `json:"firing"`
	Text          string            `json:"text"`
	ReferenceRows int               `json:"reference_rows"`
	Windows       uint64            `json:"windows"`
	Rows          int               `json:"rows"`
	Features      []apiDriftFeature `json:"features"`
	Map           []float64         `json:"map"`
	Shape         []int             `json:"shape"`
}

type apiDriftFeature struct {
	Name      string    `json:"name"`
	P         float64   `json:"p"`
	Q         float64   `json:"q"`
	PSI       float64   `json:"psi"`
	Effect    float64   `json:"effect"`
	Firing    bool      `json:"firing"`
	Bins      []string  `json:"bins"`
	Live      []float64 `json:"live"`
	Reference []float64 `json:"reference"`
}

// apiEstimate is the accuracy to expect while labels lag.
type apiEstimate struct {
	Accuracy         float64    `json:"accuracy"`
	Interval         [2]float64 `json:"interval"`
	Measured         *float64   `json:"measured"`
	Residual         float64    `json:"residual"`
	ResidualInterval [2]float64 `json:"residual_interval"`
	Reliable         bool       `json:"reliable"`
	Why              string     `json:"why"`
}

type apiTopK struct {
	K        int     `json:"k"`
	Accuracy float64 `json:"accuracy"`
}

// apiStore is how the history does.
type apiStore struct {
	Where    string  `json:"where"` // memory, disk
	Degraded bool    `json:"degraded"`
	Reason   string  `json:"reason"`
	Lost     uint64  `json:"lost_rows"`
	Bytes    int64   `json:"bytes"`
	Rows     uint64  `json:"rows"`
	Oldest   *string `json:"oldest"`
}

func (s *Server) describeStore() *apiStore {
	if s.opt.History == nil {
		return nil
	}
	st := s.opt.History.Status()
	told := &apiStore{Where: st.Where, Degraded: st.Degraded, Reason: st.Reason, Lost: st.Lost, Bytes: st.Bytes, Rows: st.Rows}
	if !st.Oldest.IsZero() {
		oldest := st.Oldest.UTC().Format(protocol.TimeFormat)
		told.Oldest = &oldest
	}
	return told
}

// describe is all that is known of a deployment but its history.
func (s *Server) describe(d *serving.Deployment) *apiQuality {
	snapshot := d.Series.Snapshot()
	a := describeQuality(d, &snapshot)
	a.Calibrator, a.Sets, a.Drift = calibratorOf(d), setsOf(d), driftOf(d)
	a.Estimate = s.estimate(d)
	for k, accuracy := range d.Series.TopK() {
		a.TopK = append(a.TopK, apiTopK{k + 1, accuracy})
	}
	return &a
}

func calibratorOf(d *serving.Deployment) *apiCalibrator {
	c := d.Series.Confidences()
	if c == nil {
		return nil
	}
	told := &apiCalibrator{
		Kind: c.Calibrator.Kind.String(), Parameters: c.Calibrator.Parameters(), Frozen: c.Frozen, Rows: c.Rows,
	}
	if c.Rows > 0 {
		told.RawECE, told.ECE, told.Floor, told.Z, told.Gap = &c.RawECE, &c.ECE, &c.Floor, &c.Z, &c.Gap
	}
	if told.Parameters == nil {
		told.Parameters = []float64{}
	}
	if !c.Adopted.IsZero() {
		at := c.Adopted.UTC().Format(protocol.TimeFormat)
		told.Adopted = &at
	}
	return told
}

func setsOf(d *serving.Deployment) *apiSets {
	sets := d.Series.Sets()
	if sets == nil {
		return nil
	}
	return &apiSets{sets.Alpha, sets.Rows, sets.Level, sets.Judged, sets.Coverage, sets.MeanSize}
}

func driftOf(d *serving.Deployment) *apiDrift {
	report := d.Series.Shift()
	if report == nil {
		return nil
	}
	told := &apiDrift{
		Firing: report.Firing, Text: report.Text, ReferenceRows: report.ReferenceRows, Windows: report.Windows, Rows: report.Rows,
		Features: []apiDriftFeature{},
	}
	for _, f := range report.Features {
		told.Features = append(told.Features, apiDriftFeature{f.Name, f.P, f.Q, f.PSI, f.Effect, f.Firing, f.Bins, f.Live, f.Reference})
	}
	if side := sideOf(&d.Spec); side > 0 && report.Map != nil {
		told.Map, told.Shape = report.Map, []int{side, side}
	}
	return told
}

// leastSide is that of the smallest image that is taken for one.
const leastSide = 8

// sideOf is how wide and high rows are that may be square images: their features have
// no names. It is 0 of others.
func sideOf(spec *model.Spec) int {
	side := int(math.Sqrt(float64(spec.Features)))
	if len(spec.Columns) > 0 || side < leastSide || side*side != spec.Features {
		return 0
	}
	return side
}

// estimated is over which time the accuracy is estimated, and by labels of which time
// the estimate is corrected.
const estimated, corrected = time.Hour, day

// estimate is the accuracy to expect of the predictions of the last hour; nil where
// nothing is known of the confidences.
func (s *Server) estimate(d *serving.Deployment) *apiEstimate {
	if s.opt.History == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), reading)
	defer cancel()
	now := time.Now()
	q := store.Query{Model: d.Spec.Name, Version: d.Spec.Version, From: now.Add(-estimated), To: now, Step: store.Minute}
	cohort, err := s.tally(ctx, q)
	if err != nil {
		return nil
	}
	q.From, q.Step = now.Add(-corrected), store.Hour
	labelled, err := s.tally(ctx, q)
	if err != nil {
		return nil
	}
	e := measure.Estimate(cohort, labelled)
	if e == nil {
		return nil
	}
	told := apiEstimate{e.Accuracy, e.Interval, e.Measured, e.Residual, e.ResidualInterval, e.Reliable, e.Why}
	told.Measured = cohort.Accuracy()
	if firing, _ := d.Series.Shifted(); firing {
		told.Reliable, told.Why = false, "rows are not like those that the model was made for"
	}
	return &told
}

func (s *Server) tally(ctx context.Context, q store.Query) (*measure.Tally, error) {
	points, err := s.opt.History.Points(ctx, q)
	var sum measure.Tally
	for i := range points {
		sum.Merge(&points[i].Tally)
	}
	return &sum, err
}

// serveOverTime is serveQuality with what labels said over a window of time, ?window=,
// ordered by when predictions were made or by when labels came, ?by=, of all models or
// of one, ?model=.
func (s *Server) serveOverTime(w http.ResponseWriter, r *http.Request, guest *access.Session) {
	query := r.URL.Query()
	all := &asked{}
	if err := all.read(query); err != nil {
		problem(w, http.StatusBadRequest, "bad_request", err.Error())
		return
	}
	if err := all.readBy(query); err != nil {
		problem(w, http.StatusBadRequest, "bad_request", err.Error())
		return
	}
	chosen := s.service.Catalog.Now().Deployments
	if query.Get("model") != "" {
		a, err := s.askedOf(query, guest)
		if err != nil {
			problem(w, http.StatusNotFound, protocol.UnknownModel.String(), err.Error())
			return
		}
		chosen = []*serving.Deployment{a.d}
	}
	s.readHistory(w, r, guest, func(ctx context.Context) error {
		answer := struct {
			Models []*apiQuality `json:"models"`
			Store  *apiStore     `json:"store"`
		}{Models: []*apiQuality{}, Store: s.describeStore()}
		for _, d := range chosen {
			if !guest.Grants().Allow(access.Dashboard, d.Spec.Name) {
				continue
			}
			of := *all
			of.d, of.query.Model = d, d.Spec.Name
			told, err := s.overTime(ctx, &of)
			if err != nil {
				return err
			}
			one := s.describe(d)
			one.OverTime = told
			answer.Models = append(answer.Models, one)
		}
		writeJSON(w, protocol.Encode(answer))
		return nil
	})
}
