package server_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"penstock/model"
	"penstock/model/modeltest"
	"penstock/quality"
	"penstock/quality/store"
	"penstock/server"
)

// A set has all classes while nothing is known, and the likely ones when labels have
// come.
func TestSetsFollowLabels(t *testing.T) {
	r := start(t, setup{more: []model.Model{named{&modeltest.Oracle{Features: 1}, "second"}}})
	p := r.connect("/ws/predict")
	sets := func(id string) string {
		return strings.Replace(r.request(id, 7), `"request_id"`, `"detail":["set"],"alpha":0.2,"request_id"`, 1)
	}
	p.ask(sets("0"), `{"type":"prediction",…,"set":["0","1","2","3","4","5","6","7","8","9"],"alpha":0.2}`)
	p.ask(`{"features":[4],"model":"second","detail":["set"],"request_id":1}`, `{"type":"prediction",…,"interval":null,"alpha":0.1}`)
	p.labelled(r, 2, 50, "7")
	p.ask(sets("60"), `{"type":"prediction",…,"set":["7"],"alpha":0.2}`)
	for i := 100; i < 150; i++ {
		p.ask(fmt.Sprintf(`{"features":[4],"model":"second","request_id":%d}`, i), `{"type":"prediction",…}`)
		p.ask(fmt.Sprintf(`{"type":"feedback","request_id":%d,"label":1e6}`, i), `{"type":"feedback_ok",…}`)
	}
	reply := p.answerTo(`{"features":[4],"model":"second","detail":["set"],"request_id":200}`)
	var got struct {
		Prediction float64
		Interval   *[2]float64
	}
	if err := json.Unmarshal([]byte(reply), &got); err != nil || got.Interval == nil {
		t.Fatalf("%s: %v", reply, err)
	}
	if lo, hi := got.Interval[0], got.Interval[1]; lo > got.Prediction || hi < 999_999 || hi > 1_000_001 {
		t.Errorf("%s: the interval is to reach from the prediction's mirror to the labels", reply)
	}
}

// Labels prove that the model is right more often than it says: its confidence rises,
// its scores stay. Frozen, nothing more changes.
func TestConfidenceFollowsLabels(t *testing.T) {
	r := start(t, setup{thawed: true})
	p := r.connect("/ws/predict")
	raw := p.answerTo(r.request("1", 7))
	for i := range 2000 {
		id := fmt.Sprint(i + 10)
		p.answerTo(r.request(id, 7))
		p.ask(`{"type":"feedback","request_id":`+id+`,"label":"7"}`, `{"type":"feedback_ok",…}`)
	}
	calibrated := p.answerTo(strings.Replace(r.request("5", 7), `"request_id"`, `"detail":["scores"],"request_id"`, 1))
	before, after := confidenceOf(t, raw), confidenceOf(t, calibrated)
	if after.Confidence <= before.Confidence || after.Confidence < 0.95 {
		t.Errorf("confidence %v after 2,000 right answers; it was %v before", after.Confidence, before.Confidence)
	}
	if after.Scores[7] != before.Confidence {
		t.Errorf("score %v; want %v, which labels do not change", after.Scores[7], before.Confidence)
	}
	answer := ask[learnedAnswer](r, "/api/quality")
	if c := answer.Models[0].Calibrator; c.Kind == "identity" || c.Adopted == nil || c.ECE > 0.05 || c.RawECE < 0.1 {
		t.Errorf("calibrator %+v", c)
	}
	d := r.connect("/ws/dashboard")
	d.expect(`{"type":"history",…`)
	d.send(`{"type":"freeze_calibration","model":"oracle","frozen":true}`)
	eventually(t, "the calibration to be frozen", func() bool {
		return r.service.Catalog.Now().Deployments[0].Series.Confidences().Frozen
	})
}

type confidence struct {
	Confidence float64
	Scores     []float64
}

func confidenceOf(t *testing.T, reply string) (c confidence) {
	t.Helper()
	if err := json.Unmarshal([]byte(reply), &c); err != nil {
		t.Fatalf("%s: %v", reply, err)
	}
	return c
}

type learnedAnswer struct {
	Models []struct {
		Name       string
		Calibrator struct {
			Kind    string
			Adopted *string
			ECE     float64 `json:"ece"`
			RawECE  float64 `json:"ece_raw"`
		}
		OverTime *struct {
			Points []struct {
				Labelled, Predicted uint64
				Complete            bool
			}
			Total struct{ Labelled, Correct, Predicted uint64 }
		} `json:"over_time"`
	}
}

// answerTo sends a message and returns what comes back.
func (p *peer) answerTo(text string) string {
	p.t.Helper()
	p.send(text)
	return p.receive()
}

// What the history has can be asked for, and nonsense is refused in words.
func TestHistoryIsTold(t *testing.T) {
	history, err := store.Open(store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = history.Close() }()
	r := start(t, setup{server: func(o *server.Options) { o.History = history }})
	p := r.connect("/ws/predict")
	p.labelled(r, 0, 30, "7")
	p.labelled(r, 30, 10, "8")
	var batch quality.Batch
	r.quality.Take(&batch)
	older(&batch, 2)
	if err := history.Write(&batch); err != nil {
		t.Fatal(err)
	}
	for _, by := range []string{"prediction", "label"} {
		answer := ask[learnedAnswer](r, "/api/quality?window=1h&by="+by)
		told := answer.Models[0].OverTime
		if told == nil || told.Total.Labelled != 40 || told.Total.Correct != 30 || by == "prediction" && told.Total.Predicted != 40 {
			t.Errorf("by %s: %+v", by, told)
		}
		for _, point := range told.Points {
			if !point.Complete {
				t.Errorf("by %s: a minute that ended a minute ago, beside labels that come at once: %+v; want it complete", by, point)
			}
		}
	}
	for path, want := range map[string]string{
		"slices?model=oracle&by=class&window=1d":        `"too_few":2`,
		"slices?model=oracle&by=caller":                 `"by":"caller"`,
		"worst?model=oracle&window=1h":                  `"prediction":"7","label":"8"`,
		"residuals?model=oracle":                        `models of values`,
		"curve?model=oracle":                            `two classes`,
		"export?model=oracle&format=csv&window=1h":      "oracle,1,",
		"export?model=oracle&format=xml":                `csv or parquet`,
		"slices?model=oracle&by=colour":                 `version, caller, class or slice`,
		"slices?model=nobody&by=class":                  `no model is named`,
		"worst?model=oracle&window=1h%20or%20so":        `expected 1h, 6h, 1d, 7d, 30d or 1y`,
		"export?model=oracle&format=parquet&window=30d": "PAR1",
	} {
		if body := bodyOf(r, "/api/quality/"+path); !strings.Contains(body, want) {
			t.Errorf("%s: %.300s; want %s", path, body, want)
		}
	}
	if body := bodyOf(r, "/api/quality?window=1h&by=colour"); !strings.Contains(body, "prediction or label") {
		t.Errorf("by=colour: %s", body)
	}
}

// older makes everything in a batch some minutes older.
func older(batch *quality.Batch, minutes int64) {
	for i := range batch.Outcomes {
		for k := range batch.Outcomes[i].Predicted {
			batch.Outcomes[i].Predicted[k] -= minutes * int64(time.Minute)
			batch.Outcomes[i].Labelled[k] -= minutes * int64(time.Minute)
		}
	}
	for i := range batch.Activity {
		batch.Activity[i].Minute -= minutes
	}
}

func bodyOf(r *rig, path string) string {
	_, body := r.get(path)
	return body
}
