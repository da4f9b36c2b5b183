package client

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"penstock/protocol"
)

func TestLabelsOfEveryKindAreReadByTheServer(t *testing.T) {
	list := func(labels ...protocol.Label) protocol.Label { return protocol.Label{IsList: true, List: labels} }
	number := func(text string, value float64) protocol.Label { return protocol.Label{Text: text, Number: value} }
	for _, test := range []struct {
		labels []protocol.Label
		wire   string
		want   []protocol.Label
	}{
		{[]protocol.Label{Class("a")}, `"label":"a"`, []protocol.Label{Class("a")}},
		{[]protocol.Label{Labels("a", "b")}, `"label":["a","b"]`, []protocol.Label{list(Class("a"), Class("b"))}},
		{[]protocol.Label{Labels()}, `"label":[]`, []protocol.Label{list()}},
		{[]protocol.Label{Labels("a"), Labels()}, `"labels":[["a"],[]]`, []protocol.Label{list(Class("a")), list()}},
		{[]protocol.Label{Numbers(1, 2.5)}, `"label":[1,2.5]`, []protocol.Label{list(number("1", 1), number("2.5", 2.5))}},
		{[]protocol.Label{Numbers(1), Numbers(2)}, `"labels":[[1],[2]]`, []protocol.Label{list(number("1", 1)), list(number("2", 2))}},
	} {
		b, err := appendFeedback(nil, NumberID(7), test.labels)
		if want := `{"type":"feedback","request_id":7,` + test.wire + `}`; err != nil || string(b) != want {
			t.Errorf("%v: %s, want %s", err, b, want)
		}
		var d protocol.Decoder
		var a protocol.Ask
		if e := d.Decode(b, &a); e != nil || a.ManyLabels != (len(test.labels) > 1) {
			t.Errorf("%s: %v", b, e)
		}
		if d := cmp.Diff(test.want, a.Labels); d != "" {
			t.Errorf("%s: %s", b, d)
		}
	}
	if _, err := appendFeedback(nil, NumberID(7), []protocol.Label{Numbers(1, math.NaN())}); !isCode(err, protocol.BadLabel) {
		t.Error(err)
	}
}

func TestSeveralLabelsByBinaryFrames(t *testing.T) {
	got := make(chan []float32, 1)
	c := newFakeServer(t, func(c *fakeConn) {
		c.greet(8)
		for {
			_, b, err := c.ws.Read(context.Background())
			if err != nil {
				return
			}
			var d protocol.Decoder
			var a protocol.Ask
			if e := d.DecodeBinary(b, 0, &a); e != nil || a.Kind != protocol.KindFeedback {
				t.Errorf("%+v, %v", a, e)
			}
			got <- a.Floats()
			_ = c.ws.Write(context.Background(), websocket.MessageBinary, protocol.AppendBinaryFeedbackOK(nil, a.Number, a.Rows, []bool{true, false}))
		}
	}).client(Options{})
	correct, err := c.FeedbackBinaryRows(t.Context(), NumberID(7), []float32{1, 0, 1}, []float32{0, 0, 1})
	if err != nil || !slices.Equal(correct, []bool{true, false}) {
		t.Errorf("%v, %v", correct, err)
	}
	if labels := <-got; !slices.Equal(labels, []float32{1, 0, 1, 0, 0, 1}) {
		t.Errorf("sent as %v", labels)
	}
	for name, rows := range map[string][][]float32{"none": {}, "empty": {{}}, "ragged": {{1}, {1, 2}}, "NaN": {{float32(math.NaN())}}} {
		if err := c.SubmitFeedbackBinaryRows(t.Context(), NumberID(7), rows, nil); !isCode(err, protocol.BadLabel) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.SubmitFeedbackBinaryRows(t.Context(), StringID("x"), [][]float32{{1}}, nil); !isCode(err, protocol.BadRequestID) {
		t.Error(err)
	}
}

// An engine that is away comes back: the same request may be sent again.
func TestUnavailableMayBeSentAgain(t *testing.T) {
	c := newFakeServer(t, func(c *fakeConn) {
		c.greet(8)
		c.each(func(m fakeMessage) {
			c.send(`{"type":"error","request_id":%s,"code":"unavailable","message":"the engine is away","retryable":true}`, m.ID)
		})
	}).client(Options{})
	if _, err := c.Predict(t.Context(), []float32{1}); !isCode(err, protocol.Unavailable) || !Retryable(err) {
		t.Error(err)
	}
}
