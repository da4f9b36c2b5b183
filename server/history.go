package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"penstock/access"
	"penstock/model"
	"penstock/protocol"
	"penstock/quality"
	"penstock/quality/measure"
	"penstock/quality/store"
	"penstock/serving"
)

// window is a stretch of time up to now that pages ask for.
type window struct {
	name   string
	length time.Duration
	step   store.Step
	each   time.Duration // of the step; of months about
}

// end is when the step ends that begins at at.
func (w *window) end(at time.Time) time.Time {
	if w.step == store.Month {
		return at.AddDate(0, 1, 0)
	}
	return at.Add(w.each)
}

const day = 24 * time.Hour

var windows = []window{
	{"1h", time.Hour, store.Minute, time.Minute},
	{"6h", 6 * time.Hour, store.Minute, time.Minute},
	{"1d", day, store.Hour, time.Hour},
	{"7d", 7 * day, store.Hour, time.Hour},
	{"30d", 30 * day, store.Day, day},
	{"1y", 365 * day, store.Month, 30 * day},
}

// asked is what a request about the history asks for.
type asked struct {
	window window
	query  store.Query
	d      *serving.Deployment
}

// mostReaders is how many requests read the history at a time.
const mostReaders = 2

// reading bounds how long a request may read the history.
const reading = 10 * time.Second

// history serves what is asked of one model, ?model=, that the guest may watch; readers
// at a time are few, so that nobody keeps the disk.
func (s *Server) history(answer func(context.Context, http.ResponseWriter, *http.Request, *asked) error) http.HandlerFunc {
	return s.ofOneModel(func(w http.ResponseWriter, r *http.Request, guest *access.Session, a *asked) {
		s.readHistory(w, r, guest, func(ctx context.Context) error { return answer(ctx, w, r, a) })
	})
}

// ofOneModel reads what is asked of one model.
func (s *Server) ofOneModel(serve func(http.ResponseWriter, *http.Request, *access.Session, *asked)) http.HandlerFunc {
	return s.guarded(access.Dashboard, func(w http.ResponseWriter, r *http.Request, guest *access.Session) {
		a, err := s.askedOf(r.URL.Query(), guest)
		if err != nil {
			problem(w, http.StatusNotFound, protocol.UnknownModel.String(), err.Error())
			return
		}
		if err := a.read(r.URL.Query()); err != nil {
			problem(w, http.StatusBadRequest, "bad_request", err.Error())
			return
		}
		if s.opt.History == nil {
			noHistory(w)
			return
		}
		serve(w, r, guest, a)
	})
}

func noHistory(w http.ResponseWriter) {
	problem(w, http.StatusNotFound, "no_history", "this server keeps no history")
}

// readHistory lets a reader in when there is room, and tells what went wrong. Of one
// user there is one at a time, so that the others find room beside it.
func (s *Server) readHistory(w http.ResponseWriter, r *http.Request, guest *access.Session, read func(context.Context) error) {
	if s.opt.History == nil {
		noHistory(w)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), reading)
	defer cancel()
	done, ok := s.turns.take(ctx, guest.Share())
	if !ok {
		crowded(w, "too many of your requests read the history; try again in a second")
		return
	}
	defer done()
	select {
	case s.readers <- struct{}{}:
		defer func() { <-s.readers }()
	case <-ctx.Done():
		crowded(w, "others are reading the history; try again in a second")
		return
	}
	s.failed(w, r, read(ctx))
}

func crowded(w http.ResponseWriter, message string) {
	w.Header().Set("Retry-After", "1")
	problem(w, http.StatusServiceUnavailable, protocol.Overloaded.String(), message)
}

// failed tells that the history could not be read; nothing of no error, or to who is
// gone.
func (s *Server) failed(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil || r.Context().Err() != nil {
		return
	}
	if errors.Is(err, errCutShort) {
		s.quiet.Log(slog.LevelWarn, "an export of the history was cut short", "err", err)
		panic(http.ErrAbortHandler) // so that it is not taken for whole
	}
	s.quiet.Log(slog.LevelWarn, "the history could not be read", "err", err)
	problem(w, http.StatusServiceUnavailable, "no_history", "the history could not be read; the server's log says why")
}

func (s *Server) askedOf(query url.Values, guest *access.Session) (*asked, error) {
	name := query.Get("model")
	d := s.service.Catalog.Now().Find([]byte(name))
	if d == nil || !guest.Grants().Allow(access.Dashboard, d.Spec.Name) {
		return nil, fmt.Errorf("no model is named %.40q; /api/models lists those that are", name)
	}
	return &asked{d: d}, nil
}

// read reads window, by and version.
func (a *asked) read(query url.Values) error {
	a.window = windows[2]
	if name := query.Get("window"); name != "" {
		found := false
		for _, w := range windows {
			if w.name == name {
				a.window, found = w, true
			}
		}
		if !found {
			return fmt.Errorf("window is %.20q; expected 1h, 6h, 1d, 7d, 30d or 1y", name)
		}
	}
	now := time.Now()
	a.query = store.Query{Version: query.Get("version"), From: now.Add(-a.window.length), To: now, Step: a.window.step}
	if a.d != nil {
		a.query.Model = a.d.Spec.Name
	}
	return nil
}

// readBy reads the time that rows are ordered by.
func (a *asked) readBy(query url.Values) error {
	switch by := query.Get("by"); by {
	case "", "prediction":
	case "label":
		a.query.By = store.Label
	default:
		return fmt.Errorf("by is %.20q; expected prediction or label", by)
	}
	return nil
}

// apiOverTime is what a model's labels say over time.
type apiOverTime struct {
	Window   string        `json:"window"`
	By       string        `json:"by"`
	Step     float64       `json:"step_s"`
	Points   []apiPoint    `json:"points"`
	Total    apiFigures    `json:"total"`
	PerClass []apiScore    `json:"per_class"`
	Events   []apiEvent    `json:"events"`
	Who      *apiInfluence `json:"influence"`
}

// apiPoint is one step of time.
type apiPoint struct {
	At string `json:"at"`
	apiFigures
}

// apiFigures are what labels say of a stretch of time.
type apiFigures struct {
	Predicted uint64 `json:"predicted"`
	Labelled  uint64 `json:"labelled"`
	Correct   uint64 `json:"correct"`
	Forgotten uint64 `json:"forgotten"`

	Accuracy *float64    `json:"accuracy"`
	Interval *[2]float64 `json:"interval"`
	Bounds   *[2]float64 `json:"bounds"`
	// Complete says that nearly all labels have come that will.
	Complete bool `json:"complete"`

	LogLoss          *float64 `json:"log_loss"`
	Brier            *float64 `json:"brier"`
	CalibrationError *float64 `json:"calibration_error"`
	CalibrationFloor *float64 `json:"calibration_floor"`
	MeanConfidence   *float64 `json:"mean_confidence"`
	Coverage         *float64 `json:"label_coverage"`
	Estimate         *float64 `json:"estimate"`
	MAE              *float64 `json:"mean_absolute_error"`
	RMSE             *float64 `json:"root_mean_square_error"`
	R2               *float64 `json:"r2"`
	SetCoverage      *float64 `json:"set_coverage"`
	SetSize          *float64 `json:"set_size"`
}

type apiScore struct {
	Class     string  `json:"class"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	Support   uint64  `json:"support"`
}

type apiEvent struct {
	At      string `json:"at"`
	Kind    string `json:"kind"`
	Version string `json:"version"`
	Text    string `json:"text"`
}

// apiInfluence tells how much the accuracy depends on who labels.
type apiInfluence struct {
	Capped float64 `json:"capped_accuracy"`
	Most   string  `json:"most_influential"`
	Moves  float64 `json:"moves"`
}

// overTime reads a model's history.
func (s *Server) overTime(ctx context.Context, a *asked) (*apiOverTime, error) {
	history := s.opt.History
	points, err := history.Points(ctx, a.query)
	if err != nil {
		return nil, err
	}
	told := &apiOverTime{
		Window: a.window.name, By: byName(a.query.By), Step: a.window.each.Seconds(),
		Points: []apiPoint{}, PerClass: []apiScore{}, Events: []apiEvent{},
	}
	ripe := a.ripeAfter()
	var total measure.Tally
	for i := range points {
		total.Merge(&points[i].Tally)
	}
	for i := 0; i < len(points); i++ {
		at, tally := points[i].At, &points[i].Tally
		for ; i+1 < len(points) && points[i+1].At.Equal(at); i++ { // other versions
			tally.Merge(&points[i+1].Tally)
		}
		complete := ripe >= 0 && a.query.To.Sub(a.window.end(at)) >= ripe
		told.Points = append(told.Points, apiPoint{at.UTC().Format(protocol.TimeFormat), figuresOf(tally, &total, complete)})
	}
	told.Total = figuresOf(&total, &total, false)
	if err := s.addClasses(ctx, a, told); err != nil {
		return nil, err
	}
	return told, s.addEvents(ctx, a, told)
}

func byName(by store.By) string {
	if by == store.Label {
		return "label"
	}
	return "prediction"
}

// ripeAfter is the age at which a step has its labels, but for one in a hundred of those
// that ever come: of predictions the 99th percentile of the labels' delay, and below 0
// where no label has come yet. A step of the labels' own time has them when it is over.
func (a *asked) ripeAfter() time.Duration {
	if a.query.By == store.Label {
		return 0
	}
	snapshot := a.d.Series.Snapshot()
	if snapshot.LabelDelay == nil {
		return -1
	}
	return snapshot.LabelDelay.P99
}

// figuresOf is a tally as pages read it. What is estimated is corrected by the labels of
// the whole window, of which there are more.
func figuresOf(t, window *measure.Tally, complete bool) apiFigures {
	p := apiFigures{
		Predicted: t.Predicted, Labelled: t.Labelled, Correct: t.Correct, Forgotten: t.Forgotten,
		Accuracy: t.Accuracy(), Interval: t.Interval(), Bounds: t.Bounds(), Complete: complete,
		LogLoss: t.LogLoss(), Brier: t.Brier(), CalibrationError: t.CalibrationError(), CalibrationFloor: t.CalibrationFloor(), MeanConfidence: t.MeanConfidence(),
		Coverage: t.Coverage(), MAE: t.MAE(), RMSE: t.RMSE(), R2: t.R2(), SetCoverage: t.SetCoverage(), SetSize: t.SetSize(),
	}
	if e := measure.Estimate(t, window); e != nil {
		p.Estimate = &e.Accuracy
	}
	return p
}

func (s *Server) addClasses(ctx context.Context, a *asked, told *apiOverTime) error {
	if a.d.First().Output.Kind != model.Class {
		return nil
	}
	cells, classes, err := s.opt.History.Cells(ctx, a.query)
	if err != nil || len(cells) == 0 {
		return err
	}
	scores, _ := measure.PerClass(cells, classes)
	for _, c := range scores {
		told.PerClass = append(told.PerClass, apiScore{c.Class, c.Precision, c.Recall, c.F1, c.Support})
	}
	return nil
}

func (s *Server) addEvents(ctx context.Context, a *asked, told *apiOverTime) error {
	events, err := s.opt.History.Events(ctx, a.query)
	if err != nil {
		return err
	}
	if len(events) > mostEvents {
		events = events[len(events)-mostEvents:]
	}
	for _, e := range events {
		told.Events = append(told.Events, apiEvent{time.Unix(0, e.At).UTC().Format(protocol.TimeFormat), e.Kind, e.Version, e.Text})
	}
	callers, err := s.opt.History.Callers(ctx, a.query)
	if err != nil {
		return err
	}
	if i := measure.InfluenceOf(callers); i != nil && a.d.Series.Measure() == quality.RightOrWrong {
		told.Who = &apiInfluence{i.Capped, i.Most, i.Moves}
	}
	return nil
}

// mostEvents is how many events a page is told of, the newest.
const mostEvents = 200

// errEnough ends the reading of outcomes.
var errEnough = errors.New("enough")

// mostOutcomes is how many outcomes are looked at one by one for a page, the newest: of
// answers of several numbers, how many numbers.
const mostOutcomes = 100_000

// newest calls do with the newest outcomes of a query.
func (s *Server) newest(ctx context.Context, q store.Query, do func(o *quality.Outcomes, i int)) error {
	left := mostOutcomes
	err := s.opt.History.Outcomes(ctx, q, true, func(o *quality.Outcomes) error {
		for i := o.Len() - 1; i >= 0 && left > 0; i-- {
			do(o, i)
			left -= max(o.Width, 1)
		}
		if left <= 0 {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
