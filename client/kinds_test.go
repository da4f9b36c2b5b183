package client

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"penstock/protocol"
)

// allKinds are outputs of which there is one of each kind.
var allKinds = []protocol.Output{
	{Name: "tags", Kind: "labels", Width: 3, Classes: []string{"x", "y", "z"}, Thresholds: []float64{0.25, 0.5, 0.75}},
	{Name: "kind", Kind: "class", Width: 3, Classes: []string{"a", "b", "c"}},
	{Name: "fraud", Kind: "class", Width: 1, Classes: []string{"no", "yes"}},
	{Name: "price", Kind: "values", Width: 1},
	{Name: "size", Kind: "values", Width: 2},
	{Name: "place", Kind: "vector", Width: 2},
}

// formatOf writes an output, and decidedOf is what a server decides of one of its
// rows, both in the plainest way.
func formatOf(o protocol.Output) protocol.NamedFormat {
	f := protocol.NamedFormat{Name: o.Name, Width: o.Width}
	switch o.Kind {
	case "class":
		f.Format = protocol.ClassFormat(o.Classes, o.Width)
	case "labels":
		f.Format = protocol.LabelsFormat(o.Classes)
	case "values":
		f.Format = protocol.ValuesFormat(o.Width)
	default:
		f.Format = protocol.VectorFormat(o.Width)
	}
	return f
}

func decidedOf(o protocol.Output, scores []float32) (values, confidences []float32) {
	switch o.Kind {
	case "class":
		if o.Width == 1 {
			scores = []float32{1 - scores[0], scores[0]}
		}
		class := slices.Index(scores, slices.Max(scores))
		return []float32{float32(class)}, []float32{scores[class]}
	case "labels":
		for i, p := range scores {
			is := float32(0)
			if float64(p) >= o.Thresholds[i] {
				is = 1
			}
			values = append(values, is)
		}
		return values, scores
	case "values":
		return scores, nil
	}
	return nil, nil
}

// predictionOf is a prediction of rows of scores, from which everything is decided.
func predictionOf(outputs []protocol.Output, rows [][]float32) *protocol.Prediction {
	p := &protocol.Prediction{Rows: len(rows), ID: []byte("9"), All: make([]protocol.Decided, len(outputs)), Scores: slices.Concat(rows...)}
	for _, scores := range rows {
		for i, o := range outputs {
			values, confidences := decidedOf(o, scores[:o.Width])
			scores = scores[o.Width:]
			d := &p.All[i]
			d.ValueWidth = len(values)
			d.Values, d.Confidences = append(d.Values, values...), append(d.Confidences, confidences...)
		}
	}
	p.First = p.All[0]
	return p
}

// likeFloat32 compares numbers that one side has read from decimals.
var likeFloat32 = cmp.Options{cmp.AllowUnexported(ID{}),
	cmp.Comparer(func(a, b float64) bool { return float32(a) == float32(b) })}

// Whatever kind is the first, one row or many: both forms of the wire say the same.
func TestBothFormsSayTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		outputs := rapid.Permutation(allKinds).Draw(t, "outputs")[:rapid.IntRange(1, len(allKinds)).Draw(t, "how many")]
		width := 0
		var formats []protocol.NamedFormat
		for _, o := range outputs {
			width += o.Width
			formats = append(formats, formatOf(o))
		}
		c := call{rows: rapid.IntRange(1, 3).Draw(t, "rows"), frame: &frame{binary: true},
			scores: rapid.Bool().Draw(t, "scores"), outputs: rapid.Bool().Draw(t, "all outputs")}
		c.many = c.rows > 1 || rapid.Bool().Draw(t, "many")
		p := predictionOf(outputs, rapid.SliceOfN(rapid.SliceOfN(rapid.Float32Range(0, 1), width, width), c.rows, c.rows).Draw(t, "scores"))
		p.Many, p.WithScores = c.many, c.scores
		all := p.All
		if !c.outputs {
			p.All = nil
		}
		format := protocol.NewReplyFormat("m", "1", formats)
		var r reply
		if err := readWhole(newReplyReader().read, protocol.AppendPrediction(nil, format, p), c.many, &r, outputs...); err != nil {
			t.Fatal(err)
		}
		byJSON := r.prediction
		p.WithScores = c.scores || c.outputs || needsScores(&outputs[0])
		l := &link{hello: &protocol.Hello{Models: []protocol.HelloItem{{Name: "m", Version: "1", Outputs: outputs, Classes: outputs[0].Classes}}}}
		if err := readBinary(protocol.AppendBinaryPrediction(nil, 9, format, p), &r); err != nil {
			t.Fatal(err)
		}
		byBinary, err := l.binaryPrediction(r.frame, r.id, &c)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(byJSON, byBinary, likeFloat32); d != "" {
			t.Fatalf("by JSON (-) and binary (+), of %+v: %s", all, d)
		}
	})
}

func TestAnswersOfEveryKind(t *testing.T) {
	rows := [][]float32{{0.5, 0.25, 0.75, 0.125, 0.75, 0.125, 0.5, 7, 1, 2, 3, 4}, {0, 0, 0, 0.5, 0.5, 0, 0.75, -7, 0, 0, -3, 0}}
	p := predictionOf(allKinds, rows)
	p.Many = true
	var formats []protocol.NamedFormat
	for _, o := range allKinds {
		formats = append(formats, formatOf(o))
	}
	var r reply
	if err := readWhole(newReplyReader().read, protocol.AppendPrediction(nil, protocol.NewReplyFormat("m", "1", formats), p), true, &r, allKinds...); err != nil {
		t.Fatal(err)
	}
	first := []TrueLabel{{"x", 0.5}, {"z", 0.75}}
	want := []Row{
		{Labels: first, Outputs: map[string]Row{"tags": {Labels: first},
			"kind": {Label: "b", Confidence: number(0.75)}, "fraud": {Label: "no", Confidence: number(0.5)},
			"price": {Value: 7}, "size": {Value: 1, Values: []float64{1, 2}}, "place": {Vector: []float32{3, 4}}}},
		{Labels: []TrueLabel{}, Outputs: map[string]Row{"tags": {Labels: []TrueLabel{}},
			"kind": {Label: "a", Confidence: number(0.5)}, "fraud": {Label: "yes", Confidence: number(0.75)},
			"price": {Value: -7}, "size": {Values: []float64{0, 0}}, "place": {Vector: []float32{-3, 0}}}},
	}
	if d := cmp.Diff(want, r.prediction.Rows); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want[0], r.prediction.Row); d != "" {
		t.Error(d)
	}
}

// A model that no hello has told of is read by the form of its answers.
func TestAnswersOfAnUnknownModel(t *testing.T) {
	for _, test := range []struct {
		message string
		many    bool
		want    []Row
	}{
		{`"prediction":["a","b"],"confidence":[0.5,1]`, false, []Row{{Labels: []TrueLabel{{"a", 0.5}, {"b", 1}}}}},
		{`"prediction":["a","b"],"confidence":[0.5,1]`, true, []Row{{Label: "a", Confidence: number(0.5)}, {Label: "b", Confidence: number(1)}}},
		{`"prediction":[],"confidence":[]`, false, []Row{{Labels: []TrueLabel{}}}},
		{`"prediction":[["a"],[]],"confidence":[[1],[]]`, true, []Row{{Labels: []TrueLabel{{"a", 1}}}, {Labels: []TrueLabel{}}}},
		{`"prediction":[1,2],"confidence":null`, false, []Row{{Value: 1, Values: []float64{1, 2}}}},
		{`"prediction":[[1,2]],"confidence":[null]`, true, []Row{{Value: 1, Values: []float64{1, 2}}}},
	} {
		var r reply
		err := readWhole(newReplyReader().read, []byte(`{"type":"prediction","request_id":7,`+test.message+`,"model":"m","version":"1"}`), test.many, &r)
		rows := r.prediction.Rows
		if !test.many {
			rows = []Row{r.prediction.Row}
		}
		if d := cmp.Diff(test.want, rows); d != "" || err != nil {
			t.Errorf("%s: %v, %s", test.message, err, d)
		}
	}
}

func TestAnswersThatFitNothing(t *testing.T) {
	for _, message := range []string{
		`"prediction":["a","b"],"confidence":[0.5]`,
		`"prediction":["a",1],"confidence":[0.5,1]`,
		`"prediction":[1,null],"confidence":null`,
		`"prediction":[[1],[2]],"confidence":null`,
		`"prediction":true,"confidence":null`,
		`"prediction":1,"outputs":[]`,
		`"prediction":1,"outputs":{"a":{"confidence":1}}`,
		`"prediction":1,"outputs":{"a":{"prediction":1,"scores":3}}`,
	} {
		err := readWhole(newReplyReader().read, []byte(`{"type":"prediction","request_id":7,`+message+`}`), false, new(reply))
		if err == nil {
			t.Errorf("%s was taken", message)
		}
	}
	// Scores that are not those of the outputs in hello.
	for name, outputs := range map[string][]protocol.Output{
		"too few scores":   {{Name: "o", Kind: "vector", Width: 3}},
		"negative width":   {{Name: "o", Kind: "vector", Width: -1}},
		"labels":           {{Name: "o", Kind: "labels", Width: 2, Classes: []string{"a"}}},
		"thresholds":       {{Name: "o", Kind: "labels", Width: 2, Classes: []string{"a", "b"}, Thresholds: []float64{1}}},
		"a nameless class": {{Name: "o", Kind: "values", Width: 1}, {Name: "c", Kind: "class", Width: 1, Classes: []string{"a"}}},
	} {
		row := Row{Scores: []float32{1, 1}}
		if err := decideRows(outputs, []Row{row}, &call{outputs: true}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// Asked for by binary frames, over a connection: a model whose answer is in its scores
// is asked for these, and what was not asked for is not told.
func TestKindsByBinaryFrames(t *testing.T) {
	rows := [][]float32{{0.5, 0.25, 0.75, 0, 1, 0, 0.5, 7, 1, 2, 3, 4}}
	var formats []protocol.NamedFormat
	for _, o := range allKinds {
		formats = append(formats, formatOf(o))
	}
	models := []protocol.HelloItem{{Name: "m", Version: "1", Task: "labels", Features: 2, Classes: allKinds[0].Classes, Outputs: allKinds,
		Columns: []protocol.Column{{Name: "size", Kind: "number", Missing: true}, {Name: "colour", Kind: "category", Categories: []string{"red"}}}, Missing: true}, {Name: "old"}}
	c := newFakeServer(t, binaryServer(t, models, protocol.NewReplyFormat("m", "1", formats), predictionOf(allKinds, rows))).client(Options{Binary: true})
	if d := cmp.Diff(models, c.Hello().Models, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("hello: %s", d)
	}
	want := []TrueLabel{{"x", 0.5}, {"z", 0.75}}
	p, err := c.Predict(t.Context(), []float32{1, float32(math.NaN())})
	if d := cmp.Diff(want, p.Labels); err != nil || d != "" || p.Scores != nil || p.Outputs != nil || p.Confidence != nil || p.Label != "" || p.Value != 0 {
		t.Errorf("%v, %+v: %s", err, p, d)
	}
	p, err = c.Predict(t.Context(), []float32{1, 2}, WithOutputs())
	if err != nil || len(p.Outputs) != len(allKinds) || p.Outputs["kind"].Label != "b" || p.Outputs["kind"].Scores != nil || p.Scores != nil {
		t.Errorf("%v, %+v", err, p)
	}
	p, err = c.Predict(t.Context(), []float32{1, 2}, WithOutputs(), WithScores())
	if err != nil || len(p.Scores) != len(rows[0]) || !slices.Equal(p.Outputs["size"].Scores, []float32{1, 2}) {
		t.Errorf("%v, %+v", err, p)
	}
	if _, err = c.Predict(t.Context(), []float32{1, 2}, WithOutputs(), WithModel("old")); !isCode(err, protocol.BadMessage) {
		t.Errorf("outputs that hello does not tell: %v", err)
	}
}
