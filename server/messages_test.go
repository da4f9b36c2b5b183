package server_test

import (
	"strings"
	"testing"

	"github.com/coder/websocket"

	"penstock/model"
	"penstock/model/modeltest"
)

// TestMessages sends every message of the protocol to a plain client's socket,
// all to the same one: typed errors leave it open. In a message, «n» is the
// row of nonce n; in a reply likewise «class n» and «confidence n».
func TestMessages(t *testing.T) {
	second := named{&modeltest.Oracle{Features: 1}, "second"}
	r := start(t, setup{more: []model.Model{second}})
	cases := []struct{ name, sent, want string }{
		{"no type", `{"features":«7»,"request_id":1732212000123}`, r.prediction("1732212000123", 7)},
		{"no id", `{"features":«7»}`, r.prediction("null", 7)},
		{"null id", `{"features":«7»,"request_id":null}`, r.prediction("null", 7)},
		{"typed", `{"type":"predict","features":«8»,"request_id":"a"}`, r.prediction(`"a"`, 8)},
		{"spaces and other fields", ` { "request_id" : 1 , "sent_at" : {"s":[1,2]} , "features" : «9» } `, r.prediction("1", 9)},
		{"many rows", `{"features":[«1»,«2»,«13»],"request_id":2}`,
			`{"type":"prediction","request_id":2,"prediction":["1","2","3"],"confidence":[«confidence 1»,«confidence 2»,«confidence 13»],"model":"oracle","version":"1"}`},
		{"one row among many", `{"features":[«4»],"request_id":3}`,
			`{"type":"prediction","request_id":3,"prediction":["4"],"confidence":[«confidence 4»],"model":"oracle","version":"1"}`},
		{"scores", `{"features":«5»,"detail":["scores"]}`, `{…"version":"1","scores":[«scores 5»]}`},
		{"scores of many", `{"features":[«5»,«6»],"detail":["scores"]}`, `{…"scores":[[«scores 5»],[«scores 6»]]}`},
		{"timing", `{"features":«5»,"detail":["timing"]}`, `{…"version":"1","timing":{"queue_us":#,"compute_us":#,"batch_rows":1}}`},
		{"all detail", `{"features":«5»,"detail":["timing","scores"]}`, `{…"scores":[…],"timing":{…}}`},
		{"no detail", `{"features":«5»,"detail":[]}`, r.prediction("null", 5)},
		{"top", `{"features":«5»,"top_k":2}`, `{…"top":[{"label":"5","confidence":«confidence 5»},{"label":"0","confidence":0.…}]}`},
		{"top of many", `{"features":[«5»],"top_k":1}`, `{…"top":[[{"label":"5","confidence":«confidence 5»}]]}`},
		{"more than all classes", `{"features":«5»,"top_k":1000}`, `{…"top":[{"label":"5",…},{"label":"9",…}]}`},
		{"a deadline that holds", `{"features":«5»,"deadline_ms":10000}`, r.prediction("null", 5)},
		{"model by name", `{"features":«5»,"model":"oracle"}`, r.prediction("null", 5)},
		{"other model, a regression", `{"features":[5],"model":"second","request_id":5,"top_k":3}`,
			`{"type":"prediction","request_id":5,"prediction":` + float(second.Want(5)[0]) + `,"confidence":null,"model":"second","version":"1"}`},
		{"unknown model", `{"features":«5»,"model":"third","request_id":6}`, typedError("6", "unknown_model")},
		{"the other model's width", `{"features":«5»,"model":"second","request_id":6}`, `{…"code":"bad_features",…"expected":1,"got":3}`},

		{"text ping", `ping`, `pong`},
		{"ping", `{"type":"ping"}`, `{"type":"pong"}`},
		{"auth", `{"type":"auth","token":"whatever"}`, `{"type":"auth_ok","user":"anonymous"}`},
		{"hello", `{"type":"hello"}`, `{"type":"hello","session":"","models":[{"name":"oracle","version":"1","task":"classification","features":3,"classes":["0",…"9"],"outputs":[{"name":"prediction","kind":"class","width":10,"classes":["0",…"9"]}],"columns":[],"missing":false},{"name":"second","version":"1","task":"regression","features":1,"classes":[],"outputs":[{"name":"prediction","kind":"values","width":1}],"columns":[],"missing":false}],"limits":{"window":1024,"max_rows":1024,"max_bytes":1048576}}`},
		{"cancel of nothing", `{"type":"cancel","request_id":99}`, typedError("99", "unknown_request")},
		{"cancel without id", `{"type":"cancel"}`, typedError("null", "bad_request_id")},

		{"not JSON", `{"features":[1,2,3]`, typedError("null", "bad_json")},
		{"nothing", ``, typedError("null", "bad_json")},
		{"not an object", `[1,2,3]`, typedError("null", "bad_message")},
		{"neither type nor features", `{"request_id":1}`, typedError("1", "bad_message")},
		{"unknown type", `{"type":"dance","request_id":1}`, typedError("1", "bad_message")},
		{"no features", `{"type":"predict","request_id":1}`, typedError("1", "bad_features")},
		{"unknown detail", `{"features":«5»,"request_id":1,"detail":["colour"]}`, typedError("1", "bad_message")},
		{"top_k 0", `{"features":«5»,"request_id":1,"top_k":0}`, typedError("1", "bad_message")},
		{"an alpha of no set", `{"features":«5»,"request_id":1,"alpha":0.1}`, typedError("1", "bad_message")},
		{"alpha 1", `{"features":«5»,"request_id":1,"detail":["set"],"alpha":1}`, typedError("1", "bad_message")},
		{"deadline 0", `{"features":«5»,"request_id":1,"deadline_ms":0}`, typedError("1", "bad_message")},
		{"still served", `{"features":«7»,"request_id":1732212000123}`, r.prediction("1732212000123", 7)},
	}
	p := r.connect("/ws/predict")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p.t = t
			p.ask(r.fill(c.sent), r.fill(c.want))
		})
	}
	p.t = t
	p.leave()
}

// fill puts the oracle's rows and answers in their places.
func (r *rig) fill(text string) string {
	for nonce := range uint32(20) {
		n := float(float32(nonce))
		scores := make([]string, 0, r.oracle.Classes)
		for _, s := range r.oracle.Want(nonce) {
			scores = append(scores, float(s))
		}
		text = strings.NewReplacer("«"+n+"»", r.row(nonce), "«confidence "+n+"»", r.confidence(nonce),
			"«scores "+n+"»", strings.Join(scores, ",")).Replace(text)
	}
	return text
}

func TestRequestIDsComeBackAsTheyWere(t *testing.T) {
	r := start(t, setup{})
	p := r.connect("/ws/predict")
	for _, id := range []string{
		`0`, `-0`, `1`, `1.0`, `1e3`, `1E+2`, `18446744073709551616`, `0.1000000000000000055`, `-12345678901234567890`,
		`""`, `"a"`, `"1"`, `"a b"`, `"\u00e9"`, `"é"`, `"\"\\\/\n"`, `"😀"`, `"\ud83d\ude00"`, `"<script>"`,
		`"` + strings.Repeat("x", 128) + `"`,
	} {
		switch got := p.answer(r.request(id, 7)); {
		case id == `"\"\\\/\n"`: // has a control character
			if !matches(got, typedError("null", "bad_request_id")) {
				t.Errorf("%s: %s; want bad_request_id", id, got)
			}
		case got != r.prediction(id, 7):
			t.Errorf("%s: %s; want the same id", id, got)
		}
	}
}

// answer sends a message and returns the next one.
func (p *peer) answer(text string) string {
	p.t.Helper()
	p.send(text)
	return p.receive()
}

// TestPlainClientIsNotGreeted: nothing may come before the answer to the first
// message.
func TestPlainClientIsNotGreeted(t *testing.T) {
	r := start(t, setup{})
	p := r.connect("/ws/predict")
	p.ask(r.request("1", 3), r.prediction("1", 3))
	if got := p.ws.Subprotocol(); got != "" {
		t.Errorf("the subprotocol is %q; want none", got)
	}
}

func TestSubprotocolIsGreeted(t *testing.T) {
	r := start(t, setup{})
	for query, session := range map[string]string{"": "…", "?session=my-session_0123456789": "my-session_0123456789"} {
		p := r.connect("/ws/predict"+query, "other", "penstock.v1")
		if got := p.ws.Subprotocol(); got != "penstock.v1" {
			t.Fatalf("the subprotocol is %q", got)
		}
		p.expect(`{"type":"hello","session":"` + session + `","models":[{"name":"oracle",…`)
		p.ask(r.request("1", 3), r.prediction("1", 3))
	}
}

// TestDashboardsTakeNoBinary: no kind of binary message was agreed on there.
func TestDashboardsTakeNoBinary(t *testing.T) {
	p := start(t, setup{}).connect("/ws/dashboard")
	p.write(websocket.MessageBinary, []byte{1, 2, 3})
	p.expectClose(websocket.StatusUnsupportedData, "…")
}
