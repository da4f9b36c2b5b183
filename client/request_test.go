package client

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penstock/protocol"
)

// What the client writes, the server's decoder reads, bit by bit.
func TestRequestsAreReadByTheServer(t *testing.T) {
	var decoder protocol.Decoder
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 9).Draw(t, "width")
		rows := rapid.SliceOfN(rapid.SliceOfN(rapid.Float32(), width, width), 1, 4).Draw(t, "rows")
		r := Request{ID: NumberID(rapid.Uint64Min(1).Draw(t, "id")), Rows: rows, Model: rapid.StringMatching(`[ -~]{0,9}`).Draw(t, "model"),
			Deadline: time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "deadline")),
			Scores:   rapid.Bool().Draw(t, "scores"), Timing: rapid.Bool().Draw(t, "timing"), Top: rapid.IntRange(0, 9).Draw(t, "top"), Set: rapid.Bool().Draw(t, "set")}
		if r.Set && rapid.Bool().Draw(t, "with its alpha") {
			r.Alpha = rapid.Float64Range(math.SmallestNonzeroFloat64, math.Nextafter(1, 0)).Draw(t, "alpha")
		}
		frame, err := appendRequest(nil, &r)
		if err != nil {
			t.Fatal(err)
		}
		var m protocol.Ask
		if e := decoder.Decode(frame, &m); e != nil {
			t.Fatalf("%s: %v", frame, e)
		}
		id, _ := parseID(m.ID)
		if m.Kind != protocol.KindPredict || id != r.ID || m.Rows != len(rows) || m.Width != width || string(m.Model) != r.Model ||
			m.Scores != r.Scores || m.Timing != r.Timing || m.TopK != r.Top || m.Set != r.Set || m.Alpha != r.Alpha || (m.Deadline-r.Deadline).Abs() > time.Microsecond {
			t.Fatalf("%s was read as %+v", frame, m)
		}
		for i, f := range m.Features {
			if math.Float32bits(f) != math.Float32bits(rows[i/width][i%width]) {
				t.Fatalf("feature %d: %v was read as %v", i, rows[i/width][i%width], f)
			}
		}
	})
}

func TestFeedbackIsReadByTheServer(t *testing.T) {
	var decoder protocol.Decoder
	var m protocol.Ask
	frame, err := appendFeedback(nil, StringID("x"), []protocol.Label{Class("a"), Number(0.1)})
	if err != nil {
		t.Fatal(err)
	}
	if e := decoder.Decode(frame, &m); e != nil || m.Kind != protocol.KindFeedback || len(m.Labels) != 2 ||
		m.Labels[0].Text != "a" || m.Labels[1].Number != 0.1 {
		t.Errorf("%s was read as %+v, %v", frame, m, e)
	}
	if e := decoder.Decode(appendCancel(nil, NumberID(3)), &m); e != nil || m.Kind != protocol.KindCancel || string(m.ID) != "3" {
		t.Errorf("cancel was read as %+v, %v", m, e)
	}
}

func TestEncodedRowsAreTheSame(t *testing.T) {
	rows := [][]float32{{1, 0}, {0.25, -3}}
	encoded, err := EncodeRows(rows)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := appendRequest(nil, &Request{ID: NumberID(1), Rows: rows})
	b, _ := appendRequest(nil, &Request{ID: NumberID(1), Encoded: encoded})
	if string(a) != string(b) {
		t.Errorf("%s and %s", a, b)
	}
}
