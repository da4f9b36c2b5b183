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

// drawReply draws a prediction with its format and shape.
func drawReply(t *rapid.T) (*protocol.ReplyFormat, *protocol.Prediction, protocol.ReplyShape) {
	classes := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.StringMatching(`[<"\x00]{0,9}`)), 0, 9).Draw(t, "classes")
	outputs, rows := max(len(classes), 1), 1
	p := &protocol.Prediction{Many: rapid.Bool().Draw(t, "many"), ID: []byte(rapid.StringMatching(`[0-9]{0,5}`).Draw(t, "id"))}
	if p.Many {
		rows = rapid.IntRange(1, 4).Draw(t, "rows")
	}
	p.Rows = rows
	value := drawScore()
	if len(classes) > 0 {
		value = rapid.Map(rapid.IntRange(0, len(classes)-1), func(i int) float32 { return float32(i) })
	}
	p.Values = rapid.SliceOfN(value, rows, rows).Draw(t, "values")
	p.Confidences = rapid.SliceOfN(drawConfidence(), rows, rows).Draw(t, "confidences")
	scores := rapid.SliceOfN(drawScore(), rows*outputs, rows*outputs).Draw(t, "scores")
	if rapid.Bool().Draw(t, "with scores") {
		p.Scores = scores
	}
	p.Top, p.TopScores = rapid.IntRange(0, outputs+1).Draw(t, "top"), scores
	if rapid.Bool().Draw(t, "timing") {
		us := rapid.Int64().Draw(t, "time")
		p.Timing = &protocol.Timing{Queue: time.Duration(us), Compute: time.Duration(us), BatchRows: int(us)}
	}
	return protocol.NewReplyFormat("m", `"`, classes), p, protocol.ReplyShape{
		IDLength: len(p.ID), Rows: rows, Many: p.Many, Outputs: outputs,
		Scores: p.Scores != nil, Top: p.Top, Timing: p.Timing != nil,
	}
}

func TestRepliesKeepTheirLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, p, shape := drawReply(t)
		reply, most := protocol.AppendPrediction(nil, f, p), f.MaxLength(shape)
		if len(reply) > most {
			t.Errorf("%d bytes, more than %d: %s", len(reply), most, reply)
		}
		outputs := shape.Outputs
		if !shape.Scores {
			outputs = 0
		}
		if got, want := len(protocol.AppendBinaryPrediction(nil, 1, p)), protocol.BinaryReplyLength(p.Rows, outputs); got != want {
			t.Errorf("%d bytes in binary, not %d", got, want)
		}
	})
}

// The bound is no more than the brackets and commas that a reply may lack.
func TestReplyLengthIsTight(t *testing.T) {
	const rows, outputs = 100, 3
	scores := slices.Repeat([]float32{-9.8765432e20}, rows*outputs)
	p := &protocol.Prediction{
		ID: []byte("1234"), Rows: rows, Many: true, Values: make([]float32, rows),
		Confidences: slices.Repeat([]float32{1.2345679e-6}, rows),
		Scores:      scores, Top: outputs, TopScores: scores,
	}
	f := protocol.NewReplyFormat("m", "1", []string{"aaa", "bbb", "c"})
	got := len(protocol.AppendPrediction(nil, f, p))
	most := f.MaxLength(protocol.ReplyShape{IDLength: 4, Rows: rows, Many: true, Outputs: outputs, Scores: true, Top: outputs})
	if slack := most - got; slack < 0 || slack > 3*rows {
		t.Errorf("%d bytes, and the bound is %d", got, most)
	}
}

func TestReplyLengthSaturates(t *testing.T) {
	f := protocol.NewReplyFormat("m", "1", []string{string(make([]byte, 1<<20))})
	shape := protocol.ReplyShape{Rows: 1 << 20, Outputs: 1 << 24, Many: true, Scores: true, Top: 1 << 20}
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
		got := topOf(t, protocol.NewReplyFormat("m", "1", classes), scores, top)
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

func topOf(t rapid.TB, f *protocol.ReplyFormat, scores []float32, k int) []string {
	var reply struct{ Top []struct{ Label string } }
	data := protocol.AppendPrediction(nil, f, &protocol.Prediction{
		Rows: 1, Values: []float32{0}, Confidences: []float32{0}, Top: k, TopScores: scores,
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
				Rows: rows, Many: true, Values: make([]float32, rows), Confidences: make([]float32, rows),
				Top: c.top, TopScores: scores,
			}
			f := protocol.NewReplyFormat("m", "1", make([]string, c.classes))
			var dst []byte
			for b.Loop() {
				dst = protocol.AppendPrediction(dst[:0], f, p)
			}
		})
	}
}
