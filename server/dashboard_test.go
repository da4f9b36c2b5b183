package server_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"penstock/model"
	"penstock/model/modeltest"
	"penstock/monitor"
	"penstock/protocol"
)

// metricsFields are those of docs/protocol.md, as the wire spells them.
const metricsFields = "accuracy_interval active_connections active_users batch_rows cpu_usage error_rate firing label_coverage labelled largest_labeller " +
	"latency_ms memory_bytes model_accuracy models predictions_per_second process_cpu_usage quality queue_depth queue_ms requests_per_second seq " +
	"shed_per_second timestamp type workers_busy"

func keys[V any](m map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), " ")
}

// TestDashboard follows a server from its start: history first, then a frame
// a second with every field, null where nothing was measured.
func TestDashboard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		d, p := r.connect("/ws/dashboard"), r.connect("/ws/predict")
		d.expect(`{"type":"history","points":[]}`)
		d.expect(`{"type":"presence","watching":1,"users":[{"user":"anonymous","sockets":1}]}`)
		began := time.Now()
		var frame string
		for n := range 3 {
			frame = d.receive()
			if late := time.Since(began) - time.Duration(n+1)*time.Second; late < -time.Millisecond || late > time.Millisecond {
				t.Errorf("frame %d came %v late", n+1, late)
			}
		}
		fields := decode[map[string]json.RawMessage](t, frame)
		if got := keys(fields); got != metricsFields {
			t.Errorf("fields\n%s; want\n%s", got, metricsFields)
		}
		if got := keys(decode[map[string]any](t, string(fields["latency_ms"]))); got != "max p50 p95 p99" {
			t.Errorf("latency_ms has %s", got)
		}
		if got := keys(decode[map[string]any](t, string(fields["queue_ms"]))); got != "p50 p99" {
			t.Errorf("queue_ms has %s", got)
		}
		for field, want := range map[string]string{
			"seq": "3", "type": `"metrics"`, "active_connections": "2", "active_users": "1", "requests_per_second": "0", "error_rate": "0",
			"model_accuracy": "null", "accuracy_interval": "null", "label_coverage": "null", "batch_rows": "null", "labelled": "0",
		} {
			if got := string(fields[field]); got != want {
				t.Errorf("%s is %s; want %s", field, got, want)
			}
		}
		if _, err := time.Parse(time.RFC3339, decode[string](t, string(fields["timestamp"]))); err != nil {
			t.Error(err)
		}

		for id, label := range map[string]string{"1": `"7"`, "2": `"7"`, "3": `"7"`, "4": `"8"`} {
			p.ask(r.request(id, 7), r.prediction(id, 7))
			p.ask(`{"type":"feedback","request_id":`+id+`,"label":`+label+`}`, `{"type":"feedback_ok",…}`)
		}
		p.ask("nonsense", typedError("null", "bad_json"))
		m := decode[protocol.Metrics](t, d.receive())
		if m.RequestsPerSecond != 5 || m.PredictionsPerSecond != 4 || m.ErrorRate != 0.2 || m.Labelled != 4 ||
			m.ModelAccuracy == nil || *m.ModelAccuracy != 0.75 || m.LatencyMS.P99 == nil || m.BatchRows == nil || *m.BatchRows != 1 {
			t.Errorf("%+v; want 5 requests, one of them an error, 4 predictions and labels, 3 of them right", m)
		}
		if one := m.Models["oracle"]; one.Version != "1" || one.PredictionsPerSecond != 4 || one.ModelAccuracy == nil || *one.ModelAccuracy != 0.75 {
			t.Errorf("the model's share is %+v", one)
		}

		later := r.connect("/ws/dashboard")
		history := decode[protocol.History](t, later.receive())
		if len(history.Points) != 4 || string(history.Points[2]) != frame {
			t.Errorf("the history has %d points; want the 4 frames that were sent", len(history.Points))
		}
		d.leave()
		later.leave()
		p.leave()
	})
}

// TestAlertsReachDashboards as they fire and clear, and whoever joins
// meanwhile.
func TestAlertsReachDashboards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true, monitor: func(o *monitor.Options) {
			o.Thresholds = monitor.Thresholds{ErrorRate: monitor.Level{Warning: 0.5}}
		}})
		d, p := r.connect("/ws/dashboard"), r.connect("/ws/predict")
		for range 20 {
			p.ask("nonsense", typedError("null", "bad_json"))
		}
		firing := d.alert()
		if firing.State != "firing" || firing.Severity != "warning" || firing.Metric != "error_rate" || firing.Value != 1 ||
			firing.Threshold != 0.5 || firing.Message == "" || firing.Since == "" {
			t.Errorf("%+v; want error_rate firing at 1, beyond 0.5", firing)
		}
		later := r.connect("/ws/dashboard")
		if again := later.alert(); again != firing {
			t.Errorf("who joins later is told %+v; want %+v", again, firing)
		}
		later.leave()
		if resolved := d.alert(); resolved.State != "resolved" || resolved.Metric != "error_rate" {
			t.Errorf("%+v; want error_rate resolved", resolved)
		}
		d.leave()
		p.leave()
	})
}

// alert reads up to the next alert.
func (p *peer) alert() (a protocol.Alert) {
	p.t.Helper()
	for a.Type != "alert" {
		a = decode[protocol.Alert](p.t, p.receive())
	}
	return a
}

// skipTo reads up to the first message that matches, and returns it.
func (p *peer) skipTo(want string) string {
	p.t.Helper()
	for range 1000 {
		if text := p.receive(); matches(text, want) {
			return text
		}
	}
	p.t.Fatalf("%s did not come", want)
	return ""
}

func TestSubscribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		second := named{&modeltest.Oracle{Features: 1}, "second"}
		r := start(t, setup{inMemory: true, more: []model.Model{second}})
		d := r.connect("/ws/dashboard")
		d.expect(`{"type":"history",…`)
		d.expect(`{"type":"presence",…`)
		next := func(subscription string) map[string]json.RawMessage {
			t.Helper()
			d.send(subscription)
			synctest.Wait()
			return decode[map[string]json.RawMessage](t, d.receive())
		}
		if got := keys(next(`{"type":"subscribe","metrics":["error_rate","models"]}`)); got != "error_rate models seq timestamp type" {
			t.Errorf("fields %s; want those subscribed and type, seq, timestamp", got)
		}
		both := next(`{"type":"subscribe","metrics":["models"],"models":["second","third"]}`)
		if got := keys(decode[map[string]any](t, string(both["models"]))); got != "second" {
			t.Errorf("models %s; want second", got)
		}
		if got := keys(next(`{"type":"subscribe","models":[]}`)); got != metricsFields {
			t.Errorf("fields %s; want all", got)
		}
		_ = next(`{"type":"subscribe","interval_ms":3000}`)
		began := time.Now()
		_ = d.receive()
		if wait := time.Since(began); wait != 3*time.Second {
			t.Errorf("the next frame came after %v; want 3 s", wait)
		}
		if got := keys(next(`{"type":"subscribe"}`)); got != metricsFields {
			t.Errorf("fields %s; want all again", got)
		}
		d.leave()
	})
}

// TestDashboardMessages that are answered, rightly or with a typed error; none
// closes the socket.
func TestDashboardMessages(t *testing.T) {
	r := start(t, setup{})
	d := r.connect("/ws/dashboard")
	d.expect(`{"type":"history",…`)
	for _, c := range []struct{ name, sent, want string }{
		{"text ping", `ping`, `pong`},
		{"ping", `{"type":"ping"}`, `{"type":"pong"}`},
		{"auth", `{"type":"auth","token":"x"}`, `{"type":"auth_ok","user":"anonymous"}`},
		{"hello", `{"type":"hello"}`, `{"type":"hello",…}`},
		{"unknown metric", `{"type":"subscribe","metrics":["password"]}`, typedError("null", "bad_message")},
		{"metrics of the wrong kind", `{"type":"subscribe","metrics":"all"}`, typedError("null", "bad_message")},
		{"negative interval", `{"type":"subscribe","interval_ms":-1}`, typedError("null", "bad_message")},
		{"an hour's interval", `{"type":"subscribe","interval_ms":3600000}`, typedError("null", "bad_message")},
		{"empty note", `{"type":"note","text":"  "}`, typedError("null", "bad_message")},
		{"long note", `{"type":"note","text":"` + strings.Repeat("é", 501) + `"}`, `{…"code":"bad_message",…"expected":500,"got":501}`},
		{"note with control", `{"type":"note","text":"a\u001bb"}`, typedError("null", "bad_message")},
		{"predict", `{"features":[1,2,3]}`, typedError("null", "bad_message")},
		{"unknown type", `{"type":"dance"}`, typedError("null", "bad_message")},
		{"not JSON", `{`, typedError("null", "bad_json")},
		{"a key twice", `{"type":"ping","type":"ping"}`, typedError("null", "bad_json")},
		{"deep", strings.Repeat("[", 60_000), typedError("null", "bad_…")},
		{"still served", `ping`, `pong`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.t = t
			d.send(c.sent)
			d.skipTo(c.want)
		})
	}
	if l := r.Traffic(); l.Received != 0 {
		t.Errorf("what dashboards send stands in the ledger of requests: %+v", l)
	}
}

// TestHistoryIsFirst also for a client that writes before it reads.
func TestHistoryIsFirst(t *testing.T) {
	r := start(t, setup{})
	for range 50 {
		w := r.open()
		request := strings.Replace(upgrade, "%s", "/ws/dashboard", 1)
		w.mustWrite([]byte(request), frame(fin|text, "ping"))
		if _, err := w.in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		for line := "-"; line != "\r\n"; {
			var err error
			if line, err = w.in.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		w.expect(`{"type":"history",…`)
		_ = w.Close()
	}
}

// TestDashboardsTakeTurns: frames for many are not written all at once.
func TestDashboardsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		var all []*peer
		for range 4 {
			d := r.connect("/ws/dashboard")
			d.skipTo(`{"type":"presence",…`)
			all = append(all, d)
		}
		began := time.Now()
		for i, d := range all {
			d.skipTo(`{"type":"metrics",…`)
			if i == 0 {
				began = time.Now()
			}
			if late := time.Since(began); late != time.Duration(i)*time.Millisecond {
				t.Errorf("dashboard %d got its frame %v after the first", i, late)
			}
		}
		for _, d := range all {
			d.leave()
		}
	})
}
