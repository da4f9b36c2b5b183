package protocol_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"penstock/protocol"
)

var digits = protocol.NewReplyFormat("digits", "1", []string{"zero", `<"one">`})

// replyCases are the replies of a server, to the byte.
var replyCases = []struct {
	name string
	got  []byte
	want string
}{
	{"one row", protocol.AppendPrediction(nil, digits, &protocol.Prediction{
		ID: id("1732212000123"), Rows: 1, Values: []float32{0}, Confidences: []float32{0.75},
	}), `{"type":"prediction","request_id":1732212000123,"prediction":"zero","confidence":0.75,"model":"digits","version":"1"}`},
	{"no id, hostile label", protocol.AppendPrediction(nil, digits, &protocol.Prediction{
		Rows: 1, Values: []float32{1}, Confidences: []float32{1},
	}), `{"type":"prediction","request_id":null,"prediction":"\u003c\"one\"\u003e","confidence":1,"model":"digits","version":"1"}`},
	{"many rows with everything", protocol.AppendPrediction(nil, digits, &protocol.Prediction{
		ID: id(`"a"`), Rows: 2, Many: true, Values: []float32{0, 1}, Confidences: []float32{0.75, 1},
		Scores: []float32{0.75, 0.25, 0, 1}, Top: 1, TopScores: []float32{0.75, 0.25, 0, 1},
		Timing: &protocol.Timing{Queue: 12 * time.Microsecond, Compute: 3 * time.Millisecond, BatchRows: 7},
	}), `{"type":"prediction","request_id":"a","prediction":["zero","\u003c\"one\"\u003e"],"confidence":[0.75,1],"model":"digits","version":"1",` +
		`"scores":[[0.75,0.25],[0,1]],"top":[[{"label":"zero","confidence":0.75}],[{"label":"\u003c\"one\"\u003e","confidence":1}]],` +
		`"timing":{"queue_us":12,"compute_us":3000,"batch_rows":7}}`},
	{"regression", protocol.AppendPrediction(nil, protocol.NewReplyFormat("price", "2", nil), &protocol.Prediction{
		ID: id("1"), Rows: 1, Values: []float32{-1e-7}, Confidences: []float32{float32(math.NaN())},
	}), `{"type":"prediction","request_id":1,"prediction":-1e-07,"confidence":null,"model":"price","version":"2"}`},
	{"error", protocol.AppendError(nil, id("1"), &protocol.Error{
		Code: protocol.Overloaded, Message: "full \u2028", RetryAfter: 1500 * time.Microsecond,
	}), `{"type":"error","request_id":1,"code":"overloaded","message":"full \u2028","retryable":true,"retry_after_ms":1}`},
	{"error with counts", protocol.AppendError(nil, nil, protocol.WrongCount(protocol.BadFeatures, 784, 0, "wrong")),
		`{"type":"error","request_id":null,"code":"bad_features","message":"wrong","retryable":false,"expected":784,"got":0}`},
	{"feedback", protocol.AppendFeedbackOK(nil, id("1"), []bool{true}, false), `{"type":"feedback_ok","request_id":1,"correct":true}`},
	{"feedback for rows", protocol.AppendFeedbackOK(nil, id("1"), []bool{true, false}, true), `{"type":"feedback_ok","request_id":1,"correct":[true,false]}`},
	{"feedback for a regression", protocol.AppendFeedbackOK(nil, id("1"), nil, false), `{"type":"feedback_ok","request_id":1,"correct":null}`},
}

func TestReplies(t *testing.T) {
	for _, c := range replyCases {
		t.Run(c.name, func(t *testing.T) {
			if string(c.got) != c.want {
				t.Errorf("got  %s\nwant %s", c.got, c.want)
			}
			if !json.Valid(c.got) {
				t.Error("not JSON")
			}
		})
	}
}

// A reply can be read with the types that clients use.
func TestRepliesAreReadBack(t *testing.T) {
	for _, c := range replyCases {
		var r protocol.Reply
		if err := json.Unmarshal(c.got, &r); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if r.Type == "" || len(r.RequestID) == 0 {
			t.Errorf("%s was read as %+v", c.name, r)
		}
	}
}

func TestAppendPredictionDoesNotAllocate(t *testing.T) {
	p := protocol.Prediction{ID: id("1"), Rows: 1, Values: []float32{0}, Confidences: []float32{0.98765}}
	dst := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { dst = protocol.AppendPrediction(dst[:0], digits, &p) }); n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
}

func TestCodesHaveNamesOnce(t *testing.T) {
	seen := make(map[string]bool)
	for i, code := range protocol.Codes() {
		if int(code) != i+1 || seen[code.String()] || protocol.ParseCode(code.String()) != code {
			t.Errorf("code %d is %q", code, code)
		}
		seen[code.String()] = true
	}
	if protocol.ParseCode("no_such_code") != 0 {
		t.Error("an unknown name has a code")
	}
}

func BenchmarkAppendPrediction(b *testing.B) {
	p := protocol.Prediction{ID: id("1732212000123"), Rows: 1, Values: []float32{0}, Confidences: []float32{0.98765}}
	dst := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		dst = protocol.AppendPrediction(dst[:0], digits, &p)
	}
}
