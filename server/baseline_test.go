package server_test

import (
	"strconv"
	"testing"
	"testing/synctest"

	"penstock/monitor"
	"penstock/protocol"
)

// labelled asks for predictions of class 7 and sends their labels.
func (p *peer) labelled(r *rig, first, n int, label string) {
	p.t.Helper()
	for i := range n {
		id := strconv.Itoa(first + i)
		p.ask(r.request(id, 7), r.prediction(id, 7))
		p.ask(`{"type":"feedback","request_id":`+id+`,"label":"`+label+`"}`, `{"type":"feedback_ok",…}`)
	}
}

// A dashboard sees that a model fell, and accepts its error as the new baseline.
func TestBaselineIsAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true, monitor: func(o *monitor.Options) { o.Thresholds = monitor.DefaultThresholds() }})
		d, p := r.connect("/ws/dashboard"), r.connect("/ws/predict")
		p.labelled(r, 0, 1200, "7")
		p.labelled(r, 1200, 30, "8")
		fired := d.accuracyAlert()
		if fired.ID != "model_accuracy:oracle" || fired.Model != "oracle" || fired.State != "firing" || fired.Value != 0 {
			t.Errorf("%+v", fired)
		}
		d.send(`{"type":"accept_baseline","model":"oracle"}`)
		if over := d.accuracyAlert(); over.ID != fired.ID || over.State != "resolved" || over.Worst != 0 {
			t.Errorf("%+v", over)
		}
		d.leave()
		p.leave()
	})
}

func (p *peer) accuracyAlert() protocol.Alert {
	p.t.Helper()
	for {
		if a := p.alert(); a.Metric == monitor.Accuracy {
			return a
		}
	}
}

func TestBaselinesThatCannotBeAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		d := r.connect("/ws/dashboard")
		d.expect(`{"type":"history",…`)
		for sent, code := range map[string]string{
			`{"type":"accept_baseline"}`:                                   "bad_message",
			`{"type":"accept_baseline","model":7}`:                         "bad_message",
			`{"type":"accept_baseline","model":"nobody"}`:                  "unknown_model",
			`{"type":"freeze_calibration","model":"oracle"}`:               "bad_message",
			`{"type":"freeze_calibration","model":"nobody","frozen":true}`: "unknown_model",
		} {
			d.send(sent)
			d.skipTo(typedError("null", code))
		}
		for range 5 { // those of unknown models were two of five
			d.send(`{"type":"accept_baseline","model":"oracle"}`)
		}
		d.skipTo(typedError("null", "rate_limited"))
		d.leave()
	})
}
