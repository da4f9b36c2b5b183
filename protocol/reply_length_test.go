package protocol_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penstock/protocol"
)

// drawScore draws any float32, and those whose text is longest.
func drawScore() *rapid.Generator[float32] {
	return rapid.OneOf(
		rapid.Map(rapid.Uint32(), math.Float32frombits),
		rapid.SampledFrom([]float32{
			1e-7, -1.17549435e-38, -9.8765432e20, 1.2345679e-6, -1.2345679e-6, 1e21,
			float32(math.NaN()), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)),
		}),
	)
}

func drawConfidence() *rapid.Generator[float32] {
	return rapid.OneOf(rapid.Float32Range(0, 1), rapid.SampledFrom([]float32{1.2345679e-6, 1.17549435e-38, 0, 1, float32(math.NaN())}))
}

// drawOutput draws an output with its scores and what is decided of them, over rows.
func drawOutput(t *rapid.T, name string, rows int) (protocol.NamedFormat, protocol.Decided, [][]float32) {
	names := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.StringMatching(`[<"\x00]{0,9}`)), 2, 9).Draw(t, "names")
	n := len(names)
	o := protocol.NamedFormat{Name: name, Width: n}
	d := protocol.Decided{ValueWidth: 1}
	value, confidences := drawScore(), true
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		o.Format = protocol.ClassFormat(names, n)
		value = rapid.Map(rapid.IntRange(0, n-1), func(i int) float32 { return float32(i) })
	case 1:
		o.Format, o.Width = protocol.ClassFormat(names[:2], 1), 1
		value = rapid.Map(rapid.IntRange(0, 1), func(i int) float32 { return float32(i) })
	case 2:
		o.Format, d.ValueWidth = protocol.LabelsFormat(names), n
		value = rapid.Map(rapid.IntRange(0, 1), func(i int) float32 { return float32(i) })
	case 3:
		o.Format, d.ValueWidth, confidences = protocol.ValuesFormat(n), n, false
	case 4:
		o.Format, d.ValueWidth, confidences = protocol.VectorFormat(n), 0, false
	}
	d.Values = rapid.SliceOfN(value, rows*d.ValueWidth, rows*d.ValueWidth).Draw(t, "values")
	if confidences {
		d.Confidences = rapid.SliceOfN(drawConfidence(), rows*d.ValueWidth, rows*d.ValueWidth).Draw(t, "confidences")
	}
	score := drawScore()
	if o.Width == 1 {
		score = rapid.Float32Range(0, 1) // its complement is a confidence too
	}
	scores := make([][]float32, rows)
	for row := range scores {
		scores[row] = rapid.SliceOfN(score, o.Width, o.Width).Draw(t, "scores")
	}
	return o, d, scores
}

// drawSets draws sets of some of so many classes, and a radius.
func drawSets(t *rapid.T, classes, rows int) *protocol.Sets {
	s := &protocol.Sets{
		Alpha:  rapid.OneOf(rapid.Float64Range(0, 1), rapid.SampledFrom([]float64{1.2345678901234567e-6, 5e-324, 2.2250738585072014e-308})).Draw(t, "alpha"),
		Radius: max(0, drawScore().Draw(t, "radius")),
	}
	for range rows {
		for class := range classes {
			if rapid.Bool().Draw(t, "in the set") {
				s.Members = append(s.Members, uint16(class))
			}
		}
		s.Ends = append(s.Ends, int32(len(s.Members)))
	}
	return s
}

// drawReply draws a prediction with its format and shape.
func drawReply(t *rapid.T) (f *protocol.ReplyFormat, p *protocol.Prediction, shape protocol.ReplyShape, width int) {
	p = &protocol.Prediction{Rows: 1, Many: rapid.Bool().Draw(t, "many"), ID: []byte(rapid.StringMatching(`([1-9][0-9]{0,4})?`).Draw(t, "id"))}
	if p.Many {
		p.Rows = rapid.IntRange(1, 4).Draw(t, "rows")
	}
	var outputs []protocol.NamedFormat
	var all []protocol.Decided
	scores := make([][]float32, p.Rows)
	for range rapid.IntRange(1, 3).Draw(t, "outputs") {
		o, d, own := drawOutput(t, rapid.String().Draw(t, "name"), p.Rows)
		outputs, all, width = append(outputs, o), append(all, d), width+o.Width
		for row := range scores {
			scores[row] = append(scores[row], own[row]...)
		}
	}
	p.First, p.Scores = all[0], slices.Concat(scores...)
	if rapid.Bool().Draw(t, "all outputs") {
		p.All = all
	}
	p.WithScores, p.Top = rapid.Bool().Draw(t, "with scores"), rapid.IntRange(0, 11).Draw(t, "top")
	if rapid.Bool().Draw(t, "timing") {
		us := rapid.Int64().Draw(t, "time")
		p.Timing = &protocol.Timing{Queue: time.Duration(us), Compute: time.Duration(us), BatchRows: int(us)}
	}
	if rapid.Bool().Draw(t, "sets") {
		p.Sets = drawSets(t, max(2, outputs[0].Width), p.Rows)
	}
	return protocol.NewReplyFormat("m", `"`, outputs), p, protocol.ReplyShape{
		IDLength: len(p.ID), Rows: p.Rows, Many: p.Many,
		Scores: p.WithScores, Top: p.Top, Sets: p.Sets != nil, Outputs: p.All != nil, Timing: p.Timing != nil,
	}, width
}

func TestRepliesKeepTheirLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, p, shape, width := drawReply(t)
		reply, most := protocol.AppendPrediction(nil, f, p), f.MaxLength(shape)
		if len(reply) > most {
			t.Errorf("%d bytes, more than %d: %s", len(reply), most, reply)
		}
		if !json.Valid(reply) {
			t.Errorf("not JSON: %s", reply)
		}
		if !shape.Scores {
			width = 0
		}
		if got, want := len(protocol.AppendBinaryPrediction(nil, 1, f, p)), protocol.BinaryReplyLength(p.Rows, width); got != want {
			t.Errorf("%d bytes in binary, not %d", got, want)
		}
	})
}

// The bound is no more than the brackets and commas that a reply may lack.
func TestReplyLengthIsTight(t *testing.T) {
	const rows, outputs = 100, 3
	p := &protocol.Prediction{
		ID: []byte("1234"), Rows: rows, Many: true,
		First:  decided(make([]float32, rows), slices.Repeat([]float32{1.2345679e-6}, rows)),
		Scores: slices.Repeat([]float32{-9.8765432e20}, rows*outputs), WithScores: true, Top: outputs,
	}
	p.Sets = &protocol.Sets{Alpha: 1.2345678901234567e-6}
	for range rows {
		p.Sets.Members = append(p.Sets.Members, 0, 1, 2)
		p.Sets.Ends = append(p.Sets.Ends, int32(len(p.Sets.Members)))
	}
	f := classifier("m", "1", []string{"aaa", "bbb", "c"})
	got := len(protocol.AppendPrediction(nil, f, p))
	most := f.MaxLength(protocol.ReplyShape{IDLength: 4, Rows: rows, Many: true, Scores: true, Top: outputs, Sets: true})
	if slack := most - got; slack < 0 || slack > 4*rows {
		t.Errorf("%d bytes, and the bound is %d", got, most)
	}
}

func TestReplyLengthSaturates(t *testing.T) {
	f := protocol.NewReplyFormat("m", "1", []protocol.NamedFormat{
		{Name: "prediction", Width: 1 << 24, Format: protocol.ClassFormat([]string{string(make([]byte, 1<<20))}, 1<<24)},
	})
	shape := protocol.ReplyShape{Rows: 1 << 20, Many: true, Scores: true, Top: 1 << 20}
	if got := f.MaxLength(shape); got < 1<<48 {
		t.Errorf("the bound of a huge reply is %d", got)
	}
	shape.Rows = math.MaxInt
	if got := f.MaxLength(shape); got != math.MaxInt {
		t.Errorf("the bound of an impossible reply is %d", got)
	}
	if got := protocol.BinaryReplyLength(math.MaxInt/2, 1<<24); got != math.MaxInt {
		t.Errorf("the length of an impossible binary reply is %d", got)
	}
}

// The best classes are those that a stable sort finds.
func TestTopClasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		score := rapid.OneOf(rapid.Float32(), rapid.SampledFrom([]float32{-1, 0, float32(math.Copysign(0, -1)), 1}))
		scores := rapid.SliceOfN(score, 1, 200).Draw(t, "scores")
		top := rapid.IntRange(1, len(scores)+1).Draw(t, "top")
		if rapid.Bool().Draw(t, "ascending") {
			slices.Sort(scores) // the worst that can be
		}
		classes := make([]string, len(scores))
		order := make([]int, len(scores))
		for i := range order {
			order[i], classes[i] = i, fmt.Sprint(i)
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b]+0, scores[a]+0) })
		got := topOf(t, classes, scores, top)
		for i, label := range got {
			if want := fmt.Sprint(order[i]); label != want {
				t.Fatalf("class %d of %d is %s, not %s", i, top, label, want)
			}
		}
		if len(got) != min(top, len(scores)) {
			t.Errorf("%d classes, not %d of %d", len(got), top, len(scores))
		}
	})
}

func topOf(t rapid.TB, classes []string, scores []float32, k int) []string {
	var reply struct{ Top []struct{ Label string } }
	two := append(slices.Clone(classes), "no other")[:max(2, len(classes))] // a class of one is none
	all := append(slices.Clone(scores), float32(math.Inf(-1)))[:len(two)]
	data := protocol.AppendPrediction(nil, classifier("m", "1", two), &protocol.Prediction{
		Rows: 1, First: decided([]float32{0}, []float32{0}), Top: min(k, len(classes)), Scores: all,
	})
	if err := json.Unmarshal(data, &reply); err != nil {
		t.Fatal(err)
	}
	labels := make([]string, 0, len(reply.Top))
	for _, entry := range reply.Top {
		labels = append(labels, entry.Label)
	}
	return labels
}

func BenchmarkTopClasses(b *testing.B) {
	for _, c := range []struct{ classes, top int }{{10, 3}, {1000, 5}, {1000, 1000}} {
		b.Run(fmt.Sprintf("%d of %d", c.top, c.classes), func(b *testing.B) {
			const rows = 64
			scores := make([]float32, c.classes*rows)
			for i := range scores {
				scores[i] = float32(i * 7919 % 10007)
			}
			p := &protocol.Prediction{
				Rows: rows, Many: true, First: decided(make([]float32, rows), make([]float32, rows)),
				Top: c.top, Scores: scores,
			}
			f := classifier("m", "1", make([]string, c.classes))
			var dst []byte
			for b.Loop() {
				dst = protocol.AppendPrediction(dst[:0], f, p)
			}
		})
	}
}
