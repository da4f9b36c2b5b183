package server

import (
	"math"
	"net/http"
	"strings"
	"time"

	"penstock/access"
	"penstock/lockorder"
	"penstock/model"
	"penstock/protocol"
	"penstock/serving"
)

// apiModel is a model in the answer of /api/models.
type apiModel struct {
	Name     string            `json:"name"`
	Version  string            `json:"version"`
	Default  bool              `json:"default"`
	Task     string            `json:"task"`
	Features int               `json:"features"`
	Classes  []string          `json:"classes"`
	Outputs  []protocol.Output `json:"outputs"`
	Columns  []protocol.Column `json:"columns"`
	Missing  bool              `json:"missing"`
	Engine   string            `json:"engine"`
	Workers  int               `json:"workers"`
	MaxBatch int               `json:"max_batch"`
	File     *string           `json:"file"`
	Bytes    *int64            `json:"bytes"`
	SHA256   *string           `json:"sha256"`
	Golden   *apiGolden        `json:"golden"`

	Source    *model.Source `json:"source"`
	Processes []apiProcess  `json:"processes"`
	Reference *apiReference `json:"reference"`
}

// apiProcess is a process that runs a model.
type apiProcess struct {
	PID      int    `json:"pid"`
	State    string `json:"state"`
	Restarts uint64 `json:"restarts"`
	Bytes    int64  `json:"memory_bytes"`
}

// apiReference is what rows of a model usually hold.
type apiReference struct {
	Rows     int        `json:"rows"`
	Features []apiRange `json:"features"`
}

// apiRange is model.Range with null in place of NaN.
type apiRange struct {
	Min     *float64 `json:"min"`
	Median  *float64 `json:"median"`
	Max     *float64 `json:"max"`
	Missing float64  `json:"missing"`
	Counts  []int    `json:"counts"`
}

type apiGolden struct {
	Rows      int     `json:"rows"`
	MaxDiff   float64 `json:"max_diff"`
	Tolerance float64 `json:"tolerance"`
	Duration  float64 `json:"duration_ms"`
}

// serveModels says what is served, of what the guest may know.
func (s *Server) serveModels(w http.ResponseWriter, _ *http.Request, guest *access.Session) {
	answer := struct {
		Models []apiModel `json:"models"`
	}{Models: []apiModel{}}
	grants := guest.Grants()
	for _, d := range s.service.Catalog.Now().Deployments {
		if !grants.Knows(d.Spec.Name) {
			continue
		}
		spec, pool := &d.Spec, d.Pool.Options()
		a := apiModel{
			Name: spec.Name, Version: spec.Version, Default: len(answer.Models) == 0, Task: d.Task(),
			Features: spec.Features, Classes: notNil(spec.First().Classes),
			Outputs: outputsOf(spec), Columns: columnsOf(spec), Missing: spec.AnyMissing(),
			Engine: spec.Engine, Workers: pool.Workers, MaxBatch: pool.MaxBatch,
		}
		a.add(&d.Facts)
		answer.Models = append(answer.Models, a)
	}
	writeJSON(w, protocol.Encode(answer))
}

func (a *apiModel) add(f *serving.Facts) {
	if f.File != "" {
		a.File, a.Bytes, a.SHA256 = &f.File, &f.Bytes, &f.SHA256
	}
	if f.Source != (model.Source{}) {
		a.Source = &f.Source
	}
	a.Processes = []apiProcess{}
	if f.Processes != nil {
		for _, p := range f.Processes.Processes() {
			a.Processes = append(a.Processes, apiProcess(p))
		}
	}
	if f.Reference != nil {
		a.Reference = referenceOf(f.Reference, len(a.Columns) > 0)
	}
	if f.GoldenRows > 0 {
		a.Golden = &apiGolden{
			Rows: f.GoldenRows, MaxDiff: f.GoldenMaxDiff, Tolerance: f.GoldenTolerance, Duration: milliseconds(f.GoldenDuration),
		}
	}
}

// mostRanges is how many features without names are told of: those of an image say
// nothing to anybody one by one, and every page that opens reads this.
const mostRanges = 128

func referenceOf(r *model.Reference, named bool) *apiReference {
	if !named && len(r.Features) > mostRanges {
		return &apiReference{Rows: r.Rows, Features: []apiRange{}}
	}
	told := &apiReference{Rows: r.Rows, Features: make([]apiRange, len(r.Features))}
	for i, of := range r.Features {
		told.Features[i] = apiRange{known(of.Min), known(of.Median), known(of.Max), of.Missing, of.Counts}
	}
	return told
}

// known is nil for NaN.
func known(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}

// apiAlert is an alert with the number of the metrics frame that it came with,
// whose timestamp says when it fired, changed or resolved.
type apiAlert struct {
	Seq uint64 `json:"seq"`
	*protocol.Alert
}

// serveAlerts tells the last ten times that an alert fired, changed or
// resolved, oldest first, to dashboards that were not there.
func (s *Server) serveAlerts(w http.ResponseWriter, _ *http.Request, guest *access.Session) {
	answer := struct {
		Alerts []apiAlert `json:"alerts"`
	}{Alerts: []apiAlert{}}
	for _, u := range s.opt.Monitor.State().Recent() {
		name, _, _ := strings.Cut(u.Alert.Model, "@")
		if name != "" && !guest.Grants().Allow(access.Dashboard, name) {
			continue
		}
		answer.Alerts = append(answer.Alerts, apiAlert{u.Seq, u.Alert})
	}
	writeJSON(w, protocol.Encode(answer))
}

// fresh keeps what is dear to make for a second, so that what many dashboards ask for
// is made once.
type fresh[T any] struct {
	mu    lockorder.Mutex[lockorder.Answer]
	until time.Time
	value T
}

func (f *fresh[T]) get(build func() T) T {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); now.After(f.until) {
		f.value, f.until = build(), now.Add(time.Second)
	}
	return f.value
}

func writeJSON(w http.ResponseWriter, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(body) //nolint:gosec // escaped JSON, and declared as such
}

func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
