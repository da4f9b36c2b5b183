package protocol

import (
	"math"
	"slices"
)

// The longest that appendFloat writes of a float32: 21 digits and a sign, up to
// 1e21; and of a confidence, which is 0 to 1: nine digits
// after 0.0000, or eight after 0.00000, where float32 needs no more.
const (
	longestFloat      = 22
	longestConfidence = 15
)

// ReplyShape is what tells how long a reply can get, before there is one.
type ReplyShape struct {
	IDLength int // of the request_id as it was sent, with its quotes
	Rows     int
	Many     bool
	Scores   bool
	Top      int
	Sets     bool
	Outputs  bool // all of them are to be sent
	Timing   bool
}

// MaxLength returns how many bytes AppendPrediction appends at most for a reply
// of a shape. It takes the same time for all of them, and saturates.
func (f *ReplyFormat) MaxLength(s ReplyShape) int {
	first := &f.outputs[0]
	fixed := len(`{"type":"prediction","request_id":,"prediction":,"confidence":}`) +
		max(s.IDLength, len("null")) + len(f.tail)
	row, brackets := first.longest(), 2
	if s.Scores {
		fixed += len(`,"scores":`)
		row += longestFloats(f.width) + 1
		brackets++
	}
	if top := first.Format.LongestTop(max(s.Top, 0)); s.Top > 0 && first.Format.LongestTop(1) > 0 {
		fixed += len(`,"top":`)
		row += top + 1
		brackets++
	}
	if s.Sets {
		once, each := first.maxSets()
		fixed += once
		row += each
		brackets++
	}
	if s.Outputs {
		fixed += len(`,"outputs":{}`)
		for i := range f.outputs {
			o := &f.outputs[i]
			fixed += len(o.key) + len(`{"prediction":,"confidence":,"scores":},`)
			row += o.longest() + longestFloats(o.Width) + 1
			brackets += 3
		}
	}
	if s.Timing {
		const longestInt = 20
		fixed += len(`,"timing":{"queue_us":,"compute_us":,"batch_rows":}`) + 3*longestInt
	}
	if s.Many {
		fixed += brackets * len("[]")
	}
	return linear(fixed, s.Rows, row)
}

// longest is of a row's prediction and confidence, with commas after them.
func (o *output) longest() int {
	prediction, confidence := o.Format.Longest()
	return prediction + 1 + confidence + 1
}

// longestLabels returns at k the bytes of the k longest labels together.
func longestLabels(labels [][]byte) []int {
	lengths := make([]int, 0, len(labels))
	for _, label := range labels {
		lengths = append(lengths, len(label))
	}
	slices.SortFunc(lengths, func(a, b int) int { return b - a })
	sums := make([]int, 1, len(labels)+1)
	for k, length := range lengths {
		sums = append(sums, sums[k]+length)
	}
	return sums
}

// BinaryReplyLength returns how many bytes AppendBinaryPrediction appends, where
// outputs is zero for a reply without scores. It saturates.
func BinaryReplyLength(rows, outputs int) int {
	const header, valueAndConfidence, score = 24, 8, 4
	return linear(header, rows, valueAndConfidence+score*outputs)
}

// linear returns fixed + n × each, or the largest int where that is larger.
func linear(fixed, n, each int) int {
	if n > 0 && each > (math.MaxInt-fixed)/n {
		return math.MaxInt
	}
	return fixed + n*each
}
