package server_test

import (
	"testing"

	"penstock/model"
	"penstock/model/modeltest"
)

func TestFeedback(t *testing.T) {
	r := start(t, setup{more: []model.Model{named{&modeltest.Oracle{Features: 1}, "second"}}})
	p := r.connect("/ws/predict")
	p.ask(r.request("1", 7), r.prediction("1", 7))
	p.ask(r.request(`"1"`, 8), r.prediction(`"1"`, 8))
	p.ask(r.fill(`{"features":[«1»,«2»,«3»],"request_id":2}`), `{"type":"prediction","request_id":2,…}`)
	p.ask(`{"features":[4],"model":"second","request_id":3}`, `{"type":"prediction","request_id":3,…}`)
	p.ask(r.fill(`{"features":[«1»,«2»],"request_id":4}`), `{"type":"prediction","request_id":4,…}`)
	p.ask(r.request("5", 5), r.prediction("5", 5))
	for _, c := range []struct{ name, sent, want string }{
		{"right", `{"type":"feedback","request_id":1,"label":"7"}`, `{"type":"feedback_ok","request_id":1,"correct":true}`},
		{"again", `{"type":"feedback","request_id":1,"label":"7"}`, typedError("1", "duplicate_feedback")},
		{"again, otherwise", `{"type":"feedback","request_id":1,"label":"8"}`, typedError("1", "duplicate_feedback")},
		{"wrong, and the id is a string", `{"type":"feedback","request_id":"1","label":7}`, `{"type":"feedback_ok","request_id":"1","correct":false}`},
		{"many", `{"type":"feedback","request_id":2,"labels":["1",2,"9"]}`, `{"type":"feedback_ok","request_id":2,"correct":[true,true,false]}`},
		{"regression", `{"type":"feedback","request_id":3,"label":0.5}`, `{"type":"feedback_ok","request_id":3,"correct":null}`},
		{"no such class", `{"type":"feedback","request_id":5,"label":"cat"}`, typedError("5", "bad_label")},
		{"a class beyond the last", `{"type":"feedback","request_id":5,"label":10}`, typedError("5", "bad_label")},
		{"a number beyond float64", `{"type":"feedback","request_id":5,"label":1e400}`, typedError("5", "bad_label")},
		{"null", `{"type":"feedback","request_id":5,"label":null}`, typedError("5", "bad_label")},
		{"too few labels", `{"type":"feedback","request_id":4,"labels":["1"]}`, typedError("4", "bad_label")},
		{"one label for many rows", `{"type":"feedback","request_id":4,"label":"1"}`, typedError("4", "bad_label")},
		{"no label", `{"type":"feedback","request_id":5}`, typedError("5", "bad_label")},
		{"both", `{"type":"feedback","request_id":5,"label":1,"labels":[1]}`, typedError("5", "bad_label")},
		{"a bad label leaves the place for a good one", `{"type":"feedback","request_id":5,"label":5}`, `{"type":"feedback_ok","request_id":5,"correct":true}`},
		{"unknown", `{"type":"feedback","request_id":77,"label":"1"}`, typedError("77", "unknown_request")},
		{"no id", `{"type":"feedback","label":"1"}`, typedError("null", "bad_request_id")},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.t = t
			p.ask(c.sent, c.want)
		})
	}
	p.t = t
	counts := r.quality.Counts(nil)
	if c := counts[0]; c.Labelled != 6 || c.Correct != 4 {
		t.Errorf("%d of %d labels were right; want 4 of 6, each counted once", c.Correct, c.Labelled)
	}
	if l := r.Traffic(); l.Received != 6 || l.Errors != 0 {
		t.Errorf("labels stand in the ledger of requests: %+v", l)
	}
}

const session = "?session=a-session_0123456"

// TestFeedbackFindsItsPredictionAfterReconnect: the session outlives a socket.
func TestFeedbackFindsItsPredictionAfterReconnect(t *testing.T) {
	r := start(t, setup{})
	p := r.connect("/ws/predict" + session)
	p.ask(r.request("1", 7), r.prediction("1", 7))
	p.leave()
	p = r.connect("/ws/predict" + session)
	p.ask(`{"type":"feedback","request_id":1,"label":"7"}`, `{"type":"feedback_ok","request_id":1,"correct":true}`)
	p.leave()
	p = r.connect("/ws/predict" + session)
	p.ask(`{"type":"feedback","request_id":1,"label":"7"}`, typedError("1", "duplicate_feedback"))
}

// TestFeedbackForSomebodyElse: an id belongs to its session, or else to its
// connection; who guesses it learns nothing.
func TestFeedbackForSomebodyElse(t *testing.T) {
	r := start(t, setup{})
	const label, unknown = `{"type":"feedback","request_id":1,"label":"7"}`, `{"type":"error","request_id":1,"code":"unknown_request",…`
	inSession, plain := r.connect("/ws/predict"+session), r.connect("/ws/predict")
	inSession.ask(r.request("1", 7), r.prediction("1", 7))
	r.connect("/ws/predict?session=b-session_0123456").ask(label, unknown)
	r.connect("/ws/predict").ask(label, unknown)
	plain.ask(label, unknown)
	plain.ask(r.request("1", 8), r.prediction("1", 8))
	r.connect("/ws/predict").ask(label, unknown)
	inSession.ask(label, `{"type":"feedback_ok","request_id":1,"correct":true}`)
	plain.ask(label, `{"type":"feedback_ok","request_id":1,"correct":false}`)
}

// TestFeedbackBeforeThePrediction: there is nothing to compare a label with yet,
// and whoever sends both at once is told so.
func TestFeedbackBeforeThePrediction(t *testing.T) {
	o, open := gate()
	r := start(t, setup{oracle: o, pool: oneByOne})
	p := r.connect("/ws/predict")
	const label = `{"type":"feedback","request_id":1,"label":"7"}`
	p.send(r.request("1", 1001))
	p.ask(label, `{"type":"error","request_id":1,"code":"unknown_request","message":"the request with this request_id has no prediction yet; …`)
	open()
	p.expect(r.prediction("1", 1001))
	p.ask(label, `{"type":"feedback_ok","request_id":1,…`)
}
