package client

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"penstock/protocol"
)

// binaryServer answers every binary request with p, as the request's flags say.
func binaryServer(t *testing.T, models []protocol.HelloItem, format *protocol.ReplyFormat, p *protocol.Prediction) func(*fakeConn) {
	return func(c *fakeConn) {
		c.send(string(protocol.Encode(protocol.Hello{Type: "hello", Models: models, Limits: protocol.HelloLimits{Window: 8}})))
		var d protocol.Decoder
		var a protocol.Ask
		row := protocol.Row{Features: 2, MayMiss: []bool{true, true}}
		for {
			_, b, err := c.ws.Read(context.Background())
			if err != nil {
				return
			}
			e := d.DecodeBinary(b, 0, &a)
			if e == nil {
				e = d.Rows(&a, &row)
			}
			if e != nil {
				t.Error(e)
				return
			}
			answer := *p
			answer.WithScores = a.Scores
			_ = c.ws.Write(context.Background(), websocket.MessageBinary, protocol.AppendBinaryPrediction(nil, a.Number, format, &answer))
		}
	}
}

// columns are of a model that takes rows by name.
var columns = &protocol.Row{Features: 3, MayMiss: []bool{true, true, true}, Columns: protocol.NewColumns([]protocol.Column{
	{Name: "size", Kind: "number", Missing: true},
	{Name: `co"lour`, Kind: "category", Categories: []string{"red", "gr\nün"}, Missing: true},
	{Name: "age", Kind: "number", Missing: true},
})}

// readFeatures is what the server makes of a request.
func readFeatures(r Request, binary bool, row *protocol.Row) (*protocol.Ask, error) {
	var a protocol.Ask
	var d protocol.Decoder
	r.ID = NumberID(1)
	write, read := appendRequest, func(b []byte) *protocol.Error { return d.Decode(b, &a) }
	if binary {
		write, read = appendBinary, func(b []byte) *protocol.Error { return d.DecodeBinary(b, 0, &a) }
	}
	if err := r.check(); err != nil {
		return &a, err
	}
	b, err := write(nil, &r)
	if err != nil {
		return &a, err
	}
	if e := read(b); e != nil {
		return &a, errors.New(string(b) + ": " + e.Message)
	}
	if e := d.Rows(&a, row); e != nil {
		return &a, errors.New(string(b) + ": " + e.Message)
	}
	return &a, nil
}

var sameNaN = cmp.Comparer(func(a, b float32) bool { return a == b || a != a && b != b })

func TestRowsByNameAreReadByTheServer(t *testing.T) {
	type grade string
	type count uint16
	nan, size := math.NaN(), 2.5
	var nobody *float64
	none := float32(nan)
	many := []map[string]any{
		{"size": 1.5, `co"lour`: "red", "age": 3},
		{"size": float32(0.1), `co"lour`: grade("gr\nün"), "age": count(7)},
		{"size": &size, `co"lour`: nil, "age": int64(-1)},
		{"size": nobody, "age": nan},
		{},
	}
	want := []float32{1.5, 0, 3, 0.1, 1, 7, 2.5, none, -1, none, none, none, none, none, none}
	a, err := readFeatures(Request{NamedRows: many}, false, columns)
	if d := cmp.Diff(want, a.Features, sameNaN); err != nil || d != "" || a.Rows != 5 || !a.Many {
		t.Errorf("%v: %s", err, d)
	}
	for i, row := range many {
		a, err := readFeatures(Request{Named: row}, false, columns)
		if d := cmp.Diff(want[3*i:3*i+3], a.Features, sameNaN); err != nil || d != "" || a.Rows != 1 || a.Many {
			t.Errorf("row %d: %v: %s", i, err, d)
		}
	}
	if got := (&Request{NamedRows: many}).rows(); got != 5 {
		t.Errorf("it takes %d rows of the window", got)
	}
}

func TestRowsByNameThatCannotBeSent(t *testing.T) {
	for name, value := range map[string]any{"truth": true, "list": []int{1}, "infinity": math.Inf(1), "time": struct{}{}, "pointers": new(*float64)} {
		if _, err := readFeatures(Request{Named: map[string]any{"size": value}}, false, columns); !isCode(err, protocol.BadFeatures) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := Request{Named: map[string]any{"size": 1}}
	if r.isBinary(true) {
		t.Error("names in a binary frame")
	}
	r.Binary = true
	if err := r.check(); !isCode(err, protocol.BadFeatures) {
		t.Error(err)
	}
	r = Request{Named: map[string]any{}, Features64: []float64{1}}
	if err := r.check(); !isCode(err, protocol.BadFeatures) {
		t.Error(err)
	}
}

// NaN is what is missing, in every kind of row and both forms of the wire.
func TestWhatIsMissingIsReadByTheServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width, n := rapid.IntRange(1, 5).Draw(t, "width"), rapid.IntRange(1, 3).Draw(t, "rows")
		entry := rapid.OneOf(rapid.Float32(), rapid.Just(float32(math.NaN())))
		rows := rapid.SliceOfN(rapid.SliceOfN(entry, width, width), n, n).Draw(t, "features")
		row := &protocol.Row{Features: width, MayMiss: make([]bool, width)}
		var want []float32
		rows64 := make([][]float64, n)
		for i := range rows {
			want = append(want, rows[i]...)
			for _, f := range rows[i] {
				rows64[i] = append(rows64[i], float64(f))
			}
		}
		for i := range row.MayMiss {
			row.MayMiss[i] = true
		}
		requests := []Request{{Rows: rows}, {Rows64: rows64}}
		if n == 1 {
			requests = append(requests, Request{Features: rows[0]}, Request{Features64: rows64[0]})
		}
		for _, r := range requests {
			for _, binary := range []bool{false, true} {
				a, err := readFeatures(r, binary, row)
				if d := cmp.Diff(want, a.Features, sameNaN); err != nil || d != "" || a.Rows != n || r.rows() != n {
					t.Fatalf("binary %v: %v: %s", binary, err, d)
				}
			}
		}
	})
}

// A number that is large beside its differences keeps them, as JSON.
func TestEveryDigitIsSent(t *testing.T) {
	row := &protocol.Row{Features: 1, Shift: []float64{1.7e9}}
	a, err := readFeatures(Request{Features64: []float64{1.7e9 + 0.25}}, false, row)
	if err != nil || a.Features[0] != 0.25 {
		t.Errorf("%v, %v", a.Features, err)
	}
	for _, r := range []Request{{Features64: []float64{1e300}}, {Rows64: [][]float64{{1}, {math.Inf(1)}}}, {Rows64: [][]float64{{1}, {1, 2}}}} {
		if _, err := readFeatures(r, true, row); !isCode(err, protocol.BadFeatures) {
			t.Errorf("%v", err)
		}
	}
	if _, err := readFeatures(Request{Rows64: [][]float64{{math.Inf(-1)}}}, false, row); !isCode(err, protocol.BadFeatures) {
		t.Error(err)
	}
}

func TestDetailsAreReadByTheServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Request{Features: []float32{1}, Scores: rapid.Bool().Draw(t, "scores"), Timing: rapid.Bool().Draw(t, "timing"), Outputs: rapid.Bool().Draw(t, "outputs")}
		a, err := readFeatures(r, false, &protocol.Row{Features: 1})
		if err != nil || a.Scores != r.Scores || a.Timing != r.Timing || a.Outputs != r.Outputs {
			t.Fatalf("%+v was read as %+v, %v", r, a, err)
		}
	})
}
