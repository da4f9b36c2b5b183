package protocol_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"penstock/protocol"
)

var digits = classifier("digits", "1", []string{"zero", `<"one">`})

// classifier and regression are the formats of models with one output.
func classifier(model, version string, classes []string) *protocol.ReplyFormat {
	return protocol.NewReplyFormat(model, version, []protocol.NamedFormat{
		{Name: "prediction", Width: len(classes), Format: protocol.ClassFormat(classes, len(classes))},
	})
}

func regression(model, version string) *protocol.ReplyFormat {
	return protocol.NewReplyFormat(model, version, []protocol.NamedFormat{
		{Name: "prediction", Width: 1, Format: protocol.ValuesFormat(1)},
	})
}

// decided is of rows with one value each.
func decided(values, confidences []float32) protocol.Decided {
	return protocol.Decided{Values: values, Confidences: confidences, ValueWidth: 1}
}

// severalOutputs is the format of a model with one output of each kind, or with the nth
// of them alone.
func severalOutputs(nth int) *protocol.ReplyFormat {
	all := []protocol.NamedFormat{
		{Name: "sure", Width: 1, Format: protocol.ClassFormat([]string{"no", "yes"}, 1)},
		{Name: "tags", Width: 3, Format: protocol.LabelsFormat([]string{"a", "b", "c"})},
		{Name: "size", Width: 2, Format: protocol.ValuesFormat(2)},
		{Name: "place", Width: 2, Format: protocol.VectorFormat(2)},
	}
	if nth > 0 {
		all = all[nth-1 : nth]
	}
	return protocol.NewReplyFormat("m", "1", all)
}

// replyCases are the replies of a server, to the byte.
var replyCases = []struct {
	name string
	got  []byte
	want string
}{
	{"one row", protocol.AppendPrediction(nil, digits, &protocol.Prediction{
		ID: id("1732212000123"), Rows: 1, First: decided([]float32{0}, []float32{0.75}), Scores: []float32{0.75, 0.25},
	}), `{"type":"prediction","request_id":1732212000123,"prediction":"zero","confidence":0.75,"model":"digits","version":"1"}`},
	{"no id, hostile label", protocol.AppendPrediction(nil, digits, &protocol.Prediction{
		Rows: 1, First: decided([]float32{1}, []float32{1}), Scores: []float32{0, 1},
	}), `{"type":"prediction","request_id":null,"prediction":"\u003c\"one\"\u003e","confidence":1,"model":"digits","version":"1"}`},
	{"many rows with everything", protocol.AppendPrediction(nil, digits, &protocol.Prediction{
		ID: id(`"a"`), Rows: 2, Many: true, First: decided([]float32{0, 1}, []float32{0.75, 1}),
		Scores: []float32{0.75, 0.25, 0, 1}, WithScores: true, Top: 1,
		Timing: &protocol.Timing{Queue: 12 * time.Microsecond, Compute: 3 * time.Millisecond, BatchRows: 7},
	}), `{"type":"prediction","request_id":"a","prediction":["zero","\u003c\"one\"\u003e"],"confidence":[0.75,1],"model":"digits","version":"1",` +
		`"scores":[[0.75,0.25],[0,1]],"top":[[{"label":"zero","confidence":0.75}],[{"label":"\u003c\"one\"\u003e","confidence":1}]],` +
		`"timing":{"queue_us":12,"compute_us":3000,"batch_rows":7}}`},
	{"regression", protocol.AppendPrediction(nil, regression("price", "2"), &protocol.Prediction{
		ID: id("1"), Rows: 1, First: decided([]float32{-1e-7}, nil), Scores: []float32{-1e-7},
	}), `{"type":"prediction","request_id":1,"prediction":-1e-07,"confidence":null,"model":"price","version":"2"}`},
	{"a class of two from one score", protocol.AppendPrediction(nil, severalOutputs(1), &protocol.Prediction{
		ID: id("2"), Rows: 1, First: decided([]float32{1}, []float32{0.75}), Scores: []float32{0.75}, WithScores: true, Top: 2,
	}), `{"type":"prediction","request_id":2,"prediction":"yes","confidence":0.75,"model":"m","version":"1","scores":[0.75],` +
		`"top":[{"label":"yes","confidence":0.75},{"label":"no","confidence":0.25}]}`},
	{"labels", protocol.AppendPrediction(nil, severalOutputs(2), &protocol.Prediction{
		ID: id("3"), Rows: 2, Many: true, Scores: []float32{0.25, 0.5, 0.75, 0, 0.125, 0}, Top: 1,
		First: protocol.Decided{Values: []float32{0, 1, 1, 0, 0, 0}, Confidences: []float32{0.25, 0.5, 0.75, 0, 0.125, 0}, ValueWidth: 3},
	}), `{"type":"prediction","request_id":3,"prediction":[["b","c"],[]],"confidence":[[0.5,0.75],[]],"model":"m","version":"1"}`},
	{"several values", protocol.AppendPrediction(nil, severalOutputs(3), &protocol.Prediction{
		ID: id("4"), Rows: 1, Scores: []float32{1.5, -2}, First: protocol.Decided{Values: []float32{1.5, -2}, ValueWidth: 2},
	}), `{"type":"prediction","request_id":4,"prediction":[1.5,-2],"confidence":null,"model":"m","version":"1"}`},
	{"a vector", protocol.AppendPrediction(nil, severalOutputs(4), &protocol.Prediction{
		ID: id("5"), Rows: 2, Many: true, Scores: []float32{1, 2, 3, 4},
	}), `{"type":"prediction","request_id":5,"prediction":[[1,2],[3,4]],"confidence":[null,null],"model":"m","version":"1"}`},
	{"all outputs", protocol.AppendPrediction(nil, severalOutputs(0), &protocol.Prediction{
		ID: id("6"), Rows: 1, Scores: []float32{0.75, 0.25, 0.5, 0.75, 1.5, -2, 1, 2}, WithScores: true,
		First: decided([]float32{1}, []float32{0.75}),
		All: []protocol.Decided{
			decided([]float32{1}, []float32{0.75}),
			{Values: []float32{0, 1, 1}, Confidences: []float32{0.25, 0.5, 0.75}, ValueWidth: 3},
			{Values: []float32{1.5, -2}, ValueWidth: 2}, {},
		},
	}), `{"type":"prediction","request_id":6,"prediction":"yes","confidence":0.75,"model":"m","version":"1","scores":[0.75,0.25,0.5,0.75,1.5,-2,1,2],` +
		`"outputs":{"sure":{"prediction":"yes","confidence":0.75,"scores":[0.75]},"tags":{"prediction":["b","c"],"confidence":[0.5,0.75],"scores":[0.25,0.5,0.75]},` +
		`"size":{"prediction":[1.5,-2],"confidence":null,"scores":[1.5,-2]},"place":{"prediction":[1,2],"confidence":null,"scores":[1,2]}}}`},
	{"a set", protocol.AppendPrediction(nil, digits, &protocol.Prediction{
		ID: id("7"), Rows: 1, First: decided([]float32{0}, []float32{0.75}), Scores: []float32{0.75, 0.25}, Top: 1,
		Sets: &protocol.Sets{Alpha: 0.1, Members: []uint16{0, 1}, Ends: []int32{2}},
	}), `{"type":"prediction","request_id":7,"prediction":"zero","confidence":0.75,"model":"digits","version":"1",` +
		`"top":[{"label":"zero","confidence":0.75}],"set":["zero","\u003c\"one\"\u003e"],"alpha":0.1}`},
	{"sets of many rows, one of them empty", protocol.AppendPrediction(nil, severalOutputs(1), &protocol.Prediction{
		ID: id("8"), Rows: 3, Many: true, First: decided([]float32{1, 0, 1}, []float32{0.75, 1, 0.5}), Scores: []float32{0.75, 0, 0.5},
		Sets:   &protocol.Sets{Alpha: 1e-7, Members: []uint16{1, 0, 1}, Ends: []int32{1, 1, 3}},
		Timing: &protocol.Timing{},
	}), `{"type":"prediction","request_id":8,"prediction":["yes","no","yes"],"confidence":[0.75,1,0.5],"model":"m","version":"1",` +
		`"set":[["yes"],[],["no","yes"]],"alpha":1e-07,"timing":{"queue_us":0,"compute_us":0,"batch_rows":0}}`},
	{"an interval", protocol.AppendPrediction(nil, regression("price", "2"), &protocol.Prediction{
		ID: id("9"), Rows: 1, First: decided([]float32{1.5}, nil), Scores: []float32{1.5}, Sets: &protocol.Sets{Alpha: 0.05, Radius: 0.25},
	}), `{"type":"prediction","request_id":9,"prediction":1.5,"confidence":null,"model":"price","version":"2","interval":[1.25,1.75],"alpha":0.05}`},
	{"an interval to the end of float32", protocol.AppendPrediction(nil, regression("price", "2"), &protocol.Prediction{
		ID: id("9"), Rows: 2, Many: true, First: decided([]float32{3e38, 0}, nil), Scores: []float32{3e38, 0}, Sets: &protocol.Sets{Alpha: 0.05, Radius: 1e38},
	}), `{"type":"prediction","request_id":9,"prediction":[3e+38,0],"confidence":[null,null],"model":"price","version":"2","interval":[[2.0000001e+38,3.4028235e+38],[-1e+38,1e+38]],"alpha":0.05}`},
	{"no interval yet", protocol.AppendPrediction(nil, regression("price", "2"), &protocol.Prediction{
		ID: id("9"), Rows: 2, Many: true, First: decided([]float32{1, 2}, nil), Scores: []float32{1, 2}, Sets: &protocol.Sets{Alpha: 0.5, Radius: float32(math.NaN())},
	}), `{"type":"prediction","request_id":9,"prediction":[1,2],"confidence":[null,null],"model":"price","version":"2","interval":[null,null],"alpha":0.5}`},
	{"intervals of several values", protocol.AppendPrediction(nil, severalOutputs(3), &protocol.Prediction{
		ID: id("9"), Rows: 1, First: protocol.Decided{Values: []float32{1.5, -2}, ValueWidth: 2}, Scores: []float32{1.5, -2}, Sets: &protocol.Sets{Alpha: 0.5, Radius: 1},
	}), `{"type":"prediction","request_id":9,"prediction":[1.5,-2],"confidence":null,"model":"m","version":"1","interval":[[0.5,2.5],[-3,-1]],"alpha":0.5}`},
	{"intervals of several values and rows", protocol.AppendPrediction(nil, severalOutputs(3), &protocol.Prediction{
		ID: id("9"), Rows: 2, Many: true, First: protocol.Decided{Values: []float32{1.5, -2, 0, 8}, ValueWidth: 2}, Scores: []float32{1.5, -2, 0, 8}, Sets: &protocol.Sets{Alpha: 0.5, Radius: 1},
	}), `{"type":"prediction","request_id":9,"prediction":[[1.5,-2],[0,8]],"confidence":[null,null],"model":"m","version":"1","interval":[[[0.5,2.5],[-3,-1]],[[-1,1],[7,9]]],"alpha":0.5}`},
	{"a set of labels, which have none", protocol.AppendPrediction(nil, severalOutputs(2), &protocol.Prediction{
		ID: id("9"), Rows: 1, Scores: []float32{0.25, 0.5, 0.75}, Sets: &protocol.Sets{Alpha: 0.1},
		First: protocol.Decided{Values: []float32{0, 1, 1}, Confidences: []float32{0.25, 0.5, 0.75}, ValueWidth: 3},
	}), `{"type":"prediction","request_id":9,"prediction":["b","c"],"confidence":[0.5,0.75],"model":"m","version":"1"}`},
	{"error", protocol.AppendError(nil, id("1"), &protocol.Error{
		Code: protocol.Overloaded, Message: "full \u2028", RetryAfter: 1500 * time.Microsecond,
	}), `{"type":"error","request_id":1,"code":"overloaded","message":"full \u2028","retryable":true,"retry_after_ms":2}`},
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
	p := protocol.Prediction{ID: id("1"), Rows: 1, First: decided([]float32{0}, []float32{0.98765}), Scores: []float32{0.98765, 0.01235}}
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
	p := protocol.Prediction{ID: id("1732212000123"), Rows: 1, First: decided([]float32{0}, []float32{0.98765}), Scores: []float32{0.98765, 0.01235}}
	dst := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		dst = protocol.AppendPrediction(dst[:0], digits, &p)
	}
}
