package server_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"penstock/inference"
	"penstock/model"
	"penstock/model/modeltest"
	"penstock/monitor"
	"penstock/serving"
)

// ask reads an answer of the API, which must be JSON that nobody keeps.
func ask[T any](r *rig, path string) T {
	r.t.Helper()
	response, body := r.get(path)
	h := response.Header
	if response.StatusCode != http.StatusOK || h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != "no-store" {
		r.t.Fatalf("%s: %s, %v: %s", path, response.Status, h, body)
	}
	return decode[T](r.t, body)
}

func TestModelsAPI(t *testing.T) {
	facts := map[string]serving.Facts{
		"oracle": {File: "model.safetensors", Bytes: 12, SHA256: "abc", GoldenRows: 4, GoldenMaxDiff: 1e-7, GoldenTolerance: 1e-4, GoldenDuration: 1500 * time.Microsecond},
		"second": {File: "other.safetensors", Bytes: 34, SHA256: "def"},
	}
	second := named{&modeltest.Oracle{Features: 1}, "second"}
	for name, c := range map[string]struct {
		facts map[string]serving.Facts
		want  []string
	}{
		"told": {facts, []string{
			`"default":true,"task":"classification","features":3,"classes":["0",`, `"outputs":[{"name":"prediction","kind":"class","width":10,"classes":["0",`, `"columns":[],"missing":false,"engine":"oracle"`, `"max_batch":8`,
			`"file":"model.safetensors","bytes":12,"sha256":"abc","golden":{"rows":4,"max_diff":1e-7,"tolerance":0.0001,"duration_ms":1.5}`,
			`"name":"second"`, `"default":false,"task":"regression","features":1,"classes":[],"outputs":[{"name":"prediction","kind":"values","width":1}]`, `"sha256":"def","golden":null`,
		}},
		"not told": {nil, []string{`"file":null,"bytes":null,"sha256":null,"golden":null`}},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, setup{
				more: []model.Model{second}, pool: inference.Options{MaxBatch: 8}, facts: c.facts,
			})
			_, body := r.get("/api/models")
			for _, want := range c.want {
				if !strings.Contains(body, want) {
					t.Errorf("%s\nhas no %s", body, want)
				}
			}
		})
	}
}

type qualityAnswer struct {
	Models []struct {
		Name               string
		Predicted          int
		Labelled           int
		Accuracy           *float64
		AccuracyInterval   *[2]float64 `json:"accuracy_interval"`
		LabelCoverage      *float64    `json:"label_coverage"`
		Forgotten          *int
		Completeness       *float64
		Confusion          [][]int
		Calibration        []map[string]any
		LabelDelay         *struct{ P50, Max float64 } `json:"label_delay_ms"`
		MeanAbsoluteError  *float64                    `json:"mean_absolute_error"`
		RootMeanSquaredErr *float64                    `json:"root_mean_square_error"`
	}
}

// TestQualityAPI: nothing is told before there are labels, and what they add up
// to after a second at most.
func TestQualityAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true, more: []model.Model{named{&modeltest.Oracle{Features: 1}, "second"}}})
		before := ask[qualityAnswer](r, "/api/quality").Models[0]
		if before.Accuracy != nil || before.AccuracyInterval != nil || before.Confusion != nil || before.LabelDelay != nil || before.Completeness != nil {
			t.Errorf("something was measured without labels: %+v", before)
		}
		p := r.connect("/ws/predict")
		p.ask(r.request("1", 7), r.prediction("1", 7))
		p.ask(r.request("2", 8), r.prediction("2", 8))
		time.Sleep(2 * time.Second)
		p.ask(`{"type":"feedback","request_id":1,"label":"7"}`, `{"type":"feedback_ok","request_id":1,"correct":true}`)
		p.ask(`{"type":"feedback","request_id":2,"label":"3"}`, `{"type":"feedback_ok","request_id":2,"correct":false}`)
		p.ask(`{"features":[4],"model":"second","request_id":3}`, `{"type":"prediction","request_id":3,…}`)
		p.ask(`{"type":"feedback","request_id":3,"label":0.5}`, `{"type":"feedback_ok","request_id":3,"correct":null}`)
		time.Sleep(1100 * time.Millisecond)
		after := ask[qualityAnswer](r, "/api/quality")
		if len(after.Models) != 2 {
			t.Fatalf("%+v", after)
		}
		m, second := after.Models[0], after.Models[1]
		if m.Accuracy == nil || *m.Accuracy != 0.5 || m.Labelled != 2 || m.Predicted != 2 || *m.LabelCoverage != 1 ||
			m.Forgotten == nil || *m.Forgotten != 0 || m.Completeness == nil || *m.Completeness != 1 {
			t.Errorf("%+v", m)
		}
		if m.Confusion[7][7] != 1 || m.Confusion[3][8] != 1 || len(m.Calibration) != 15 {
			t.Errorf("confusion %v, %d bins", m.Confusion, len(m.Calibration))
		}
		if d := m.LabelDelay; d == nil || d.P50 < 1900 || d.Max > 2100 {
			t.Errorf("label delay %+v; want 2 s", d)
		}
		if second.Name != "second" || second.Accuracy != nil || second.MeanAbsoluteError == nil || second.RootMeanSquaredErr == nil {
			t.Errorf("%+v", second)
		}
		p.leave()
	})
}

// TestQualityAPIIsMadeOncePerSecond, however many ask.
func TestQualityAPIIsMadeOncePerSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		ask[qualityAnswer](r, "/api/quality")
		p := r.connect("/ws/predict")
		p.ask(r.request("1", 7), r.prediction("1", 7))
		if got := ask[qualityAnswer](r, "/api/quality").Models[0].Predicted; got != 0 {
			t.Errorf("%d predictions within the second; want the first answer again", got)
		}
		time.Sleep(1100 * time.Millisecond)
		if got := ask[qualityAnswer](r, "/api/quality").Models[0].Predicted; got != 1 {
			t.Errorf("%d predictions after the second; want 1", got)
		}
		p.leave()
	})
}

// TestAlertsAPI tells those who come late what fired.
func TestAlertsAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true, monitor: func(o *monitor.Options) {
			o.Thresholds = monitor.Thresholds{ErrorRate: monitor.Level{Warning: 0.5}, FireAfter: time.Second, ResolveAfter: time.Second}
		}})
		type answer struct{ Alerts []map[string]any }
		if got := ask[answer](r, "/api/alerts"); got.Alerts == nil || len(got.Alerts) != 0 {
			t.Errorf("%v; want an empty list", got)
		}
		p := r.connect("/ws/predict")
		for range 20 {
			p.ask(`{"features":[]}`, `{"type":"error",…}`)
		}
		time.Sleep(20 * time.Second)
		got := ask[answer](r, "/api/alerts").Alerts
		if len(got) != 2 || got[0]["state"] != "firing" || got[1]["state"] != "resolved" || got[0]["metric"] != "error_rate" || got[0]["since"] != got[1]["since"] {
			t.Fatalf("%v; want one that fired and resolved", got)
		}
		if fired, resolved := got[0]["seq"].(float64), got[1]["seq"].(float64); fired < 1 || resolved <= fired {
			t.Errorf("fired with frame %v, resolved with %v", fired, resolved)
		}
		p.leave()
	})
}
