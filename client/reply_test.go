package client

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"penstock/protocol"
)

func number(f float64) *float64 { return &f }

// replyCases drive both readers and seed the fuzzer.
var replyCases = []struct {
	name, message string
	plain         bool // the fast reader takes it
	want          reply
}{
	{"class", `{"type":"prediction","request_id":7,"prediction":"cat","confidence":0.5,"model":"m","version":"1"}`, true,
		reply{kind: kindPrediction, id: NumberID(7), prediction: Prediction{ID: NumberID(7),
			Row: Row{Label: "cat", Confidence: number(0.5)}, Model: "m", Version: "1"}}},
	{"regression", `{"type":"prediction","request_id":"a-1","prediction":-2.5e-3,"confidence":null,"model":"m","version":"1"}`, true,
		reply{kind: kindPrediction, id: StringID("a-1"), prediction: Prediction{ID: StringID("a-1"),
			Row: Row{Value: -2.5e-3}, Model: "m", Version: "1"}}},
	{"label beyond ASCII", `{"type":"prediction","request_id":7,"prediction":"café","confidence":1,"model":"m","version":"1"}`, false,
		reply{kind: kindPrediction, id: NumberID(7), prediction: Prediction{ID: NumberID(7),
			Row: Row{Label: "café", Confidence: number(1)}, Model: "m", Version: "1"}}},
	{"escaped label", `{"type":"prediction","request_id":7,"prediction":"a\"b","confidence":1,"model":"m","version":"1"}`, false,
		reply{kind: kindPrediction, id: NumberID(7), prediction: Prediction{ID: NumberID(7),
			Row: Row{Label: `a"b`, Confidence: number(1)}, Model: "m", Version: "1"}}},
	{"details", `{"type":"prediction","request_id":7,"prediction":"b","confidence":0.75,"model":"m","version":"1",` +
		`"scores":[0.25,0.75],"top":[{"label":"b","confidence":0.75}],"timing":{"queue_us":5,"compute_us":9,"batch_rows":3}}`, false,
		reply{kind: kindPrediction, id: NumberID(7), prediction: Prediction{ID: NumberID(7), Model: "m", Version: "1",
			Row: Row{Label: "b", Confidence: number(0.75), Scores: []float32{0.25, 0.75},
				Top: []protocol.TopClass{{Label: "b", Confidence: 0.75}}},
			Timing: &Timing{Queue: 5 * time.Microsecond, Compute: 9 * time.Microsecond, BatchRows: 3}}}},
	{"many rows", `{"type":"prediction","request_id":7,"prediction":["b","a"],"confidence":[0.75,null],"model":"m","version":"1",` +
		`"scores":[[0.25,0.75],[1,0]]}`, false,
		reply{kind: kindPrediction, id: NumberID(7), prediction: Prediction{ID: NumberID(7), Model: "m", Version: "1",
			Row: Row{Label: "b", Confidence: number(0.75), Scores: []float32{0.25, 0.75}},
			Rows: []Row{{Label: "b", Confidence: number(0.75), Scores: []float32{0.25, 0.75}},
				{Label: "a", Scores: []float32{1, 0}}}}}},
	{"a set", `{"type":"prediction","request_id":7,"prediction":"b","confidence":0.75,"model":"m","version":"1","set":["a","b"],"alpha":0.1}`, false,
		reply{kind: kindPrediction, id: NumberID(7), prediction: Prediction{ID: NumberID(7), Model: "m", Version: "1", Alpha: 0.1,
			Row: Row{Label: "b", Confidence: number(0.75), Set: []string{"a", "b"}}}}},
	{"sets of many rows", `{"type":"prediction","request_id":7,"prediction":["b","a"],"confidence":[0.75,1],"model":"m","version":"1","set":[["b"],[]],"alpha":0.1}`, false,
		reply{kind: kindPrediction, id: NumberID(7), prediction: Prediction{ID: NumberID(7), Model: "m", Version: "1", Alpha: 0.1,
			Row:  Row{Label: "b", Confidence: number(0.75), Set: []string{"b"}},
			Rows: []Row{{Label: "b", Confidence: number(0.75), Set: []string{"b"}}, {Label: "a", Confidence: number(1), Set: []string{}}}}}},
	{"an interval", `{"type":"prediction","request_id":7,"prediction":1.5,"confidence":null,"model":"m","version":"1","interval":[1.25,1.75],"alpha":0.05}`, false,
		reply{kind: kindPrediction, id: NumberID(7), prediction: Prediction{ID: NumberID(7), Model: "m", Version: "1", Alpha: 0.05,
			Row: Row{Value: 1.5, Interval: &Interval{1.25, 1.75}}}}},
	{"no interval yet", `{"type":"prediction","request_id":7,"prediction":1.5,"confidence":null,"model":"m","version":"1","interval":null,"alpha":0.05}`, false,
		reply{kind: kindPrediction, id: NumberID(7), prediction: Prediction{ID: NumberID(7), Model: "m", Version: "1", Alpha: 0.05, Row: Row{Value: 1.5}}}},
	{"intervals of several values", `{"type":"prediction","request_id":7,"prediction":[1.5,2],"confidence":null,"model":"m","version":"1","interval":[[1,2],[1.5,2.5]],"alpha":0.5}`, false,
		reply{kind: kindPrediction, id: NumberID(7), prediction: Prediction{ID: NumberID(7), Model: "m", Version: "1", Alpha: 0.5,
			Row: Row{Value: 1.5, Values: []float64{1.5, 2}, Interval: &Interval{1, 2}, Intervals: []Interval{{1, 2}, {1.5, 2.5}}}}}},
	{"intervals of many rows", `{"type":"prediction","request_id":7,"prediction":[1.5,2],"confidence":[null,null],"model":"m","version":"1","interval":[[1,2],null],"alpha":0.5}`, false,
		reply{kind: kindPrediction, id: NumberID(7), prediction: Prediction{ID: NumberID(7), Model: "m", Version: "1", Alpha: 0.5,
			Row:  Row{Value: 1.5, Interval: &Interval{1, 2}},
			Rows: []Row{{Value: 1.5, Interval: &Interval{1, 2}}, {Value: 2}}}}},
	{"error", `{"type":"error","request_id":7,"code":"bad_features","message":"short","retryable":false,"expected":784,"got":3}`, false,
		reply{kind: kindError, id: NumberID(7), err: &protocol.Error{Code: protocol.BadFeatures, Message: "short",
			HasCounts: true, Expected: 784, Got: 3}}},
	{"error to nobody", `{"type":"error","request_id":null,"code":"bad_json","message":"what","retryable":false}`, false,
		reply{kind: kindError, err: &protocol.Error{Code: protocol.BadJSON, Message: "what"}}},
	{"unknown error", `{"type":"error","request_id":7,"code":"too_rainy","message":"wait","retryable":true}`, false,
		reply{kind: kindError, id: NumberID(7), err: &protocol.Error{Message: "too_rainy: wait"}}},
	{"feedback", `{"type":"feedback_ok","request_id":7,"correct":true}`, false,
		reply{kind: kindFeedbackOK, id: NumberID(7), correct: []bool{true}}},
	{"feedback of a regression", `{"type":"feedback_ok","request_id":7,"correct":null}`, false,
		reply{kind: kindFeedbackOK, id: NumberID(7)}},
	{"feedback to many rows", `{"type":"feedback_ok","request_id":7,"correct":[true,false]}`, false,
		reply{kind: kindFeedbackOK, id: NumberID(7), correct: []bool{true, false}}},
	{"notice", `{"type":"notice","code":"going_away","message":"bye"}`, false,
		reply{kind: kindNotice, told: &told{Type: "notice", Code: "going_away", Message: "bye"}}},
	{"newer kind", `{"type":"weather","request_id":7}`, false, reply{id: NumberID(7)}},
}

// readWhole reads a message, and of a prediction what the call has to tell first: that
// it was of many rows, and what the model's outputs are.
func readWhole(read func([]byte, *reply) error, b []byte, many bool, r *reply, outputs ...protocol.Output) error {
	if err := read(b, r); err != nil || r.rest == nil {
		return err
	}
	l := &link{hello: &protocol.Hello{Models: []protocol.HelloItem{{Name: r.prediction.Model, Outputs: outputs}}}}
	p, err := l.jsonPrediction(r, &call{many: many})
	r.prediction, r.rest = p, nil
	return err
}

var compareReplies = cmp.AllowUnexported(reply{}, ID{})

func TestReadReply(t *testing.T) {
	for _, test := range replyCases {
		rr := newReplyReader()
		var got reply
		if err := readWhole(rr.read, []byte(test.message), test.want.prediction.Rows != nil, &got); err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if d := cmp.Diff(test.want, got, compareReplies); d != "" {
			t.Errorf("%s: %s", test.name, d)
		}
		if got := rr.readPlain([]byte(test.message), new(reply)); got != test.plain {
			t.Errorf("%s: read by the fast reader: %v", test.name, got)
		}
	}
}

func TestBadReplies(t *testing.T) {
	for _, message := range []string{
		"", "null x", "{", "\xff", `{"type":"prediction","request_id":7}`,
		`{"type":"prediction","request_id":7,"prediction":{}}`,
		`{"type":"prediction","request_id":7,"prediction":["a","b"],"confidence":[1]}`,
		`{"type":"prediction","request_id":7,"prediction":1,"confidence":null,"interval":[1]}`,
		`{"type":"prediction","request_id":7,"prediction":1,"confidence":null,"interval":[1,null]}`,
		`{"type":"prediction","request_id":7,"prediction":[1,2],"confidence":null,"interval":[[0,2]]}`,
		`{"type":"prediction","request_id":7,"prediction":"a","confidence":1,"set":"a"}`,
	} {
		for _, many := range []bool{false, true} {
			if err := readWhole(newReplyReader().read, []byte(message), many, new(reply)); err == nil {
				t.Errorf("%q was taken, many rows: %v", message, many)
			}
		}
	}
}

// What the server's encoder writes, the client reads back.
func TestServersPredictionsAreRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		classes := rapid.SliceOfNDistinct(rapid.String(), 2, 5, rapid.ID).Draw(t, "classes")
		format := protocol.NewReplyFormat(rapid.String().Draw(t, "model"), "1",
			[]protocol.NamedFormat{{Name: "prediction", Width: len(classes), Format: protocol.ClassFormat(classes, len(classes))}})
		rows := rapid.IntRange(1, 3).Draw(t, "rows")
		p := protocol.Prediction{Rows: rows, Many: rows > 1 || rapid.Bool().Draw(t, "many"), First: protocol.Decided{ValueWidth: 1},
			Scores: make([]float32, rows*len(classes))}
		id := NumberID(rapid.Uint64Min(1).Draw(t, "id"))
		p.ID = appendID(nil, id)
		for range rows {
			p.First.Values = append(p.First.Values, float32(rapid.IntRange(0, len(classes)-1).Draw(t, "class")))
			p.First.Confidences = append(p.First.Confidences, rapid.Float32Range(0, 1).Draw(t, "confidence"))
		}
		var got reply
		if err := readWhole(newReplyReader().read, protocol.AppendPrediction(nil, format, &p), p.Many, &got); err != nil {
			t.Fatal(err)
		}
		results := got.prediction.Rows
		if !p.Many {
			results = []Row{got.prediction.Row}
		}
		if got.id != id || len(results) != rows {
			t.Fatalf("got %+v", got)
		}
		for i, row := range results {
			if want := classes[int(p.First.Values[i])]; row.Label != asJSON(want) || float32(*row.Confidence) != p.First.Confidences[i] {
				t.Fatalf("row %d: got %+v, want %q %v", i, row, want, p.First.Confidences[i])
			}
		}
	})
}

// asJSON is what is left of a string after JSON: UTF-8.
func asJSON(s string) string {
	b, _ := json.Marshal(s)
	_ = json.Unmarshal(b, &s)
	return s
}

// Whatever the fast reader takes, encoding/json reads the same.
func FuzzReadReply(f *testing.F) {
	for _, test := range replyCases {
		f.Add([]byte(test.message))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		rr := newReplyReader()
		var plain, full reply
		if !rr.readPlain(b, &plain) {
			_ = readWhole(rr.readAny, b, len(b)%2 == 0, &full)
			return
		}
		if err := readWhole(rr.readAny, b, false, &full); err != nil {
			return // laxer than encoding/json: the server's fault, not a crash
		}
		if d := cmp.Diff(full, plain, compareReplies); d != "" {
			t.Error(d)
		}
	})
}
