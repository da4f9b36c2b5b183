package client

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penstock/protocol"
)

// What the client writes, the server's decoder reads, bit by bit.
func TestBinaryRequestsAreReadByTheServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width, n := rapid.IntRange(1, 9).Draw(t, "width"), rapid.IntRange(1, 4).Draw(t, "n")
		r := Request{ID: NumberID(rapid.Uint64Min(1).Draw(t, "id")), Deadline: time.Duration(rapid.Int64Range(0, int64(2*time.Hour)).Draw(t, "deadline")),
			Scores: rapid.Bool().Draw(t, "scores"), Timing: rapid.Bool().Draw(t, "timing")}
		var want []float32
		if rapid.Bool().Draw(t, "bytes") {
			r.ByteRows = rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), width, width), n, n).Draw(t, "rows")
			for _, row := range r.ByteRows {
				for _, b := range row {
					want = append(want, float32(b)*0.5)
				}
			}
		} else {
			r.Rows = rapid.SliceOfN(rapid.SliceOfN(rapid.Float32(), width, width), n, n).Draw(t, "rows")
			for _, row := range r.Rows {
				want = append(want, row...)
			}
		}
		frame, err := appendBinary(nil, &r)
		if err != nil {
			t.Fatal(err)
		}
		var m protocol.Ask
		var d protocol.Decoder
		if e := d.DecodeBinary(frame, 0, &m); e != nil {
			t.Fatal(e)
		}
		if m.Kind != protocol.KindPredict || m.Number != r.ID.number || m.Rows != n || m.Scores != r.Scores || m.Timing != r.Timing ||
			m.ModelIndex != 0 || (m.Deadline == 0) != (r.Deadline == 0) || m.Deadline > max(r.Deadline, time.Microsecond) {
			t.Fatalf("%+v was read as %+v", r, m)
		}
		if e := d.Rows(&m, &protocol.Row{Features: width, Uint8Scale: 0.5}); e != nil {
			t.Fatal(e)
		}
		for i, f := range m.Features {
			if math.Float32bits(f) != math.Float32bits(want[i]) {
				t.Fatalf("feature %d: %v was read as %v", i, want[i], f)
			}
		}
	})
}

// What the server writes, the client reads back.
func TestServersBinaryPredictionsAreRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		classes := rapid.SliceOfNDistinct(rapid.String(), 0, 5, rapid.ID).Draw(t, "classes")
		l := &link{hello: &protocol.Hello{Models: []protocol.HelloItem{{Name: "other"}, {Name: "m", Version: "3", Classes: classes}}}}
		n := rapid.IntRange(1, 3).Draw(t, "rows")
		c := &call{rows: n, many: n > 1, model: 1, frame: &frame{binary: true}}
		p := protocol.Prediction{Rows: n, First: protocol.Decided{ValueWidth: 1}, Scores: rapid.SliceOfN(rapid.Float32(), 2*n, 2*n).Draw(t, "scores"),
			WithScores: rapid.Bool().Draw(t, "with scores")}
		format := protocol.ClassFormat(classes, 2)
		if len(classes) == 0 {
			format = protocol.ValuesFormat(1)
		}
		for range n {
			value, confidence := float32(rapid.IntRange(0, max(len(classes)-1, 0)).Draw(t, "class")), rapid.Float32Range(0, 1).Draw(t, "confidence")
			if len(classes) == 0 {
				value, confidence = rapid.Float32().Draw(t, "value"), float32(math.NaN())
			}
			p.First.Values, p.First.Confidences = append(p.First.Values, value), append(p.First.Confidences, confidence)
		}
		if rapid.Bool().Draw(t, "timing") {
			p.Timing = &protocol.Timing{Queue: 3 * time.Microsecond, Compute: time.Second}
		}
		var r reply
		if err := readBinary(protocol.AppendBinaryPrediction(nil, 9, protocol.NewReplyFormat("m", "3", []protocol.NamedFormat{{Width: 2, Format: format}}), &p), &r); err != nil {
			t.Fatal(err)
		}
		got, err := l.binaryPrediction(r.frame, r.id, c)
		if err != nil {
			t.Fatal(err)
		}
		rows := got.Rows
		if n == 1 {
			rows = []Row{got.Row}
		}
		if got.ID != NumberID(9) || got.Model != "m" || got.Version != "3" || len(rows) != n || (got.Timing != nil) != (p.Timing != nil) {
			t.Fatalf("got %+v", got)
		}
		if got.Timing != nil && *got.Timing != (Timing{Queue: 3 * time.Microsecond, Compute: time.Second}) {
			t.Fatalf("got %+v", *got.Timing)
		}
		for i, row := range rows {
			if len(classes) == 0 && (row.Value != float64(p.First.Values[i]) || row.Confidence != nil) {
				t.Fatalf("row %d: got %+v, want %v", i, row, p.First.Values[i])
			}
			if len(classes) > 0 && (row.Label != classes[int(p.First.Values[i])] || float32(*row.Confidence) != p.First.Confidences[i]) {
				t.Fatalf("row %d: got %+v, want %v", i, row, p.First.Values[i])
			}
			for j, score := range row.Scores {
				if score != p.Scores[2*i+j] {
					t.Fatalf("row %d: scores %v of %v", i, row.Scores, p.Scores)
				}
			}
			if (row.Scores != nil) != p.WithScores {
				t.Fatalf("row %d: scores %v of %v", i, row.Scores, p.Scores)
			}
		}
	})
}

func TestBinaryErrorsAndLabelsAreRead(t *testing.T) {
	for _, code := range protocol.Codes() {
		var r reply
		want := &protocol.Error{Code: code, Message: "why", RetryAfter: 20 * time.Millisecond}
		if err := readBinary(protocol.AppendBinaryError(nil, 7, want), &r); err != nil || r.kind != kindError || r.id != NumberID(7) || *r.err != *want {
			t.Errorf("%v: got %+v, %v", code, r, err)
		}
	}
	var r reply
	err := readBinary(protocol.AppendBinaryFeedbackOK(nil, 7, 3, []bool{true, false, true}), &r)
	if err != nil || r.kind != kindFeedbackOK || len(r.correct) != 3 || !r.correct[0] || r.correct[1] || !r.correct[2] {
		t.Errorf("got %+v, %v", r, err)
	}
	frame, err := appendBinaryFeedback(nil, NumberID(7), []float32{3, 0.5})
	var m protocol.Ask
	var d protocol.Decoder
	if e := d.DecodeBinary(frame, 0, &m); err != nil || e != nil || m.Kind != protocol.KindFeedback || m.Number != 7 || m.Rows != 2 ||
		m.Floats()[0] != 3 || m.Floats()[1] != 0.5 {
		t.Errorf("read as %+v, %v, %v", m, e, err)
	}
}

// Whatever a server sends in a binary frame, it costs no panic.
func FuzzReadBinary(f *testing.F) {
	prediction := decided(1, 1, 0)
	prediction.WithScores = true
	f.Add(protocol.AppendBinaryPrediction(nil, 9, classes("a", "b"), &prediction))
	f.Add(protocol.AppendBinaryFeedbackOK(nil, 9, 2, []bool{true, false}))
	f.Add(protocol.AppendBinaryError(nil, 9, protocol.Errorf(protocol.Draining, "x")))
	l := &link{hello: &protocol.Hello{Models: []protocol.HelloItem{{Classes: []string{"a", "b"}}, {}, {Outputs: allKinds}}}}
	f.Fuzz(func(t *testing.T, b []byte) {
		var r reply
		if readBinary(b, &r) != nil || r.kind != kindPrediction {
			return
		}
		for rows := range 3 {
			for model := range l.hello.Models {
				p, err := l.binaryPrediction(r.frame, r.id, &call{rows: rows, many: true, outputs: true, model: model, frame: &frame{binary: true}})
				if err == nil && len(p.Rows) != rows {
					t.Errorf("%d rows, expected %d", len(p.Rows), rows)
				}
			}
		}
	})
}

func TestRefusedBinaryRequests(t *testing.T) {
	c := newFakeServer(t, honest(8)).client(Options{Binary: true})
	nan := float32(math.NaN())
	encoded, err := EncodeRow([]float32{1})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		r    Request
		want protocol.Code
	}{
		{"infinity in a row", Request{Features: []float32{0, float32(math.Inf(1))}}, protocol.BadFeatures},
		{"infinity", Request{Rows: [][]float32{{0}, {float32(math.Inf(-1))}}}, protocol.BadFeatures},
		{"ragged", Request{Rows: [][]float32{{0, 1}, {0}}}, protocol.BadFeatures},
		{"ragged bytes", Request{ByteRows: [][]byte{{0, 1}, {0}}}, protocol.BadFeatures},
		{"text for an id", Request{Bytes: []byte{0}, ID: StringID("x")}, protocol.BadRequestID},
		{"top", Request{Features: []float32{1}, Binary: true, Top: 2}, protocol.BadMessage},
		{"a set", Request{Features: []float32{1}, Binary: true, Set: true}, protocol.BadMessage},
		{"alpha without a set", Request{Features: []float32{1}, Alpha: 0.1}, protocol.BadMessage},
		{"alpha 1", Request{Features: []float32{1}, Set: true, Alpha: 1}, protocol.BadMessage},
		{"alpha that is none", Request{Features: []float32{1}, Set: true, Alpha: math.NaN()}, protocol.BadMessage},
		{"model", Request{Bytes: []byte{0}, Model: "nobody"}, protocol.UnknownModel},
		{"two kinds of rows", Request{Bytes: []byte{0}, Features: []float32{1}}, protocol.BadFeatures},
		{"encoded as JSON", Request{Encoded: encoded, Binary: true}, protocol.BadFeatures},
		{"negative top", Request{Features: []float32{1}, Top: -1}, protocol.BadMessage},
	} {
		if _, err := c.Do(t.Context(), test.r); !isCode(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
	for name, err := range map[string]error{
		"NaN":            c.SubmitFeedbackBinary(t.Context(), NumberID(1), []float32{nan}, nil),
		"no label":       c.SubmitFeedbackBinary(t.Context(), NumberID(1), nil, nil),
		"no id":          c.SubmitFeedbackBinary(t.Context(), ID{}, []float32{1}, nil),
		"text for an id": c.SubmitFeedbackBinary(t.Context(), StringID("x"), []float32{1}, nil),
	} {
		if err == nil {
			t.Errorf("label with %s was taken", name)
		}
	}
	// What a binary frame cannot say goes as JSON where it was only preferred.
	for _, only := range []Option{WithID(StringID("x")), WithSet()} {
		if p, err := c.Predict(t.Context(), []float32{1}, only); err != nil || p.Label != "a" {
			t.Errorf("got %+v, %v", p, err)
		}
	}
}

// Writing a binary request takes no memory, and reading its answer that of the
// confidences.
func TestBinaryFramesTakeLittleMemory(t *testing.T) {
	request, buffer := &Request{ID: NumberID(1), Features: make([]float32, 784), Model: "m"}, make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buffer, _ = appendBinary(buffer[:0], request) }); n != 0 {
		t.Errorf("writing: %v allocations", n)
	}
	outputs := []protocol.Output{{Name: "prediction", Kind: "class", Width: 2, Classes: []string{"a", "b"}}}
	l := &link{hello: &protocol.Hello{Models: []protocol.HelloItem{{Classes: outputs[0].Classes, Outputs: outputs}}}}
	c := &call{rows: 1, frame: &frame{binary: true}}
	prediction := decided(1, 1)
	message := protocol.AppendBinaryPrediction(nil, 9, classes("a", "b"), &prediction)
	var r reply
	n := testing.AllocsPerRun(100, func() {
		if readBinary(message, &r) != nil {
			t.Error("not read")
		}
		if _, err := l.binaryPrediction(r.frame, r.id, c); err != nil {
			t.Error(err)
		}
	})
	if n > 1 {
		t.Errorf("reading: %v allocations", n)
	}
}
