package protocol

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"
)

// ReplyFormat holds what every prediction of one model has in common, encoded
// once.
type ReplyFormat struct {
	labels  [][]byte // each class as a JSON string; nil for a regression
	longest []int    // at k, the bytes of the k longest labels
	tail    []byte   // ,"model":…,"version":…
}

// NewReplyFormat prepares the replies of a model. Without classes it is a
// regression.
func NewReplyFormat(model, version string, classes []string) *ReplyFormat {
	f := &ReplyFormat{}
	for _, class := range classes {
		f.labels = append(f.labels, quote(class))
	}
	f.longest = longestLabels(f.labels)
	f.tail = slices.Concat([]byte(`,"model":`), quote(model), []byte(`,"version":`), quote(version))
	return f
}

// Timing is the "timing" detail of a reply.
type Timing struct {
	Queue, Compute time.Duration
	BatchRows      int // rows of the batch that the request's last row was in
}

// Prediction is what a reply says, before it is encoded.
type Prediction struct {
	ID   []byte // as it was sent; empty becomes null
	Rows int
	Many bool
	// Values holds per row the class's index, or the value of a regression.
	Values []float32
	// Confidences holds per row a number in [0,1], or NaN where the model gives
	// none (a regression): null on the wire.
	Confidences []float32
	// Scores, when not nil, holds rows × outputs scores to send.
	Scores []float32
	// Top, when above zero, asks for that many best classes of each row, from
	// TopScores.
	Top       int
	TopScores []float32
	Timing    *Timing
}

// AppendPrediction appends the JSON of a prediction to dst.
func AppendPrediction(dst []byte, f *ReplyFormat, p *Prediction) []byte {
	dst = append(dst, `{"type":"prediction","request_id":`...)
	dst = appendID(dst, p.ID)
	dst = append(dst, `,"prediction":`...)
	dst = appendRows(dst, p, func(dst []byte, row int) []byte { return f.appendValue(dst, p.Values[row]) })
	dst = append(dst, `,"confidence":`...)
	dst = appendRows(dst, p, func(dst []byte, row int) []byte { return appendFloat(dst, p.Confidences[row]) })
	dst = append(dst, f.tail...)
	if p.Scores != nil {
		dst = append(dst, `,"scores":`...)
		dst = appendRows(dst, p, func(dst []byte, row int) []byte { return appendFloats(dst, rowOf(p.Scores, p.Rows, row)) })
	}
	if p.Top > 0 && f.labels != nil {
		dst = append(dst, `,"top":`...)
		var few [topBuffer]uint64
		buffer := few[:]
		dst = appendRows(dst, p, func(dst []byte, row int) []byte {
			return f.appendTop(dst, rowOf(p.TopScores, p.Rows, row), p.Top, &buffer)
		})
	}
	if p.Timing != nil {
		dst = appendTiming(dst, p.Timing)
	}
	return append(dst, '}')
}

// appendRows appends one value per row: alone, or in an array when the request
// had one.
func appendRows(dst []byte, p *Prediction, each func(dst []byte, row int) []byte) []byte {
	if !p.Many {
		return each(dst, 0)
	}
	dst = append(dst, '[')
	for row := range p.Rows {
		if row > 0 {
			dst = append(dst, ',')
		}
		dst = each(dst, row)
	}
	return append(dst, ']')
}

func rowOf(values []float32, rows, row int) []float32 {
	width := len(values) / rows
	return values[row*width : (row+1)*width]
}

func (f *ReplyFormat) appendValue(dst []byte, value float32) []byte {
	if f.labels == nil {
		return appendFloat(dst, value)
	}
	return append(dst, f.labels[int(value)]...)
}

func appendTiming(dst []byte, t *Timing) []byte {
	dst = append(dst, `,"timing":{"queue_us":`...)
	dst = strconv.AppendInt(dst, t.Queue.Microseconds(), 10)
	dst = append(dst, `,"compute_us":`...)
	dst = strconv.AppendInt(dst, t.Compute.Microseconds(), 10)
	dst = append(dst, `,"batch_rows":`...)
	dst = strconv.AppendInt(dst, int64(t.BatchRows), 10)
	return append(dst, '}')
}

// AppendError appends the JSON of a typed error to dst.
func AppendError(dst []byte, id []byte, e *Error) []byte {
	dst = append(dst, `{"type":"error","request_id":`...)
	dst = appendID(dst, id)
	dst = append(dst, `,"code":"`...)
	dst = append(dst, e.Code.String()...)
	dst = append(dst, `","message":`...)
	dst = append(dst, quote(e.Message)...)
	dst = append(dst, `,"retryable":`...)
	dst = strconv.AppendBool(dst, e.Code.Retryable())
	if e.RetryAfter > 0 {
		dst = append(dst, `,"retry_after_ms":`...)
		dst = strconv.AppendInt(dst, max(e.RetryAfter.Milliseconds(), 1), 10)
	}
	if e.HasCounts {
		dst = append(dst, `,"expected":`...)
		dst = strconv.AppendInt(dst, int64(e.Expected), 10)
		dst = append(dst, `,"got":`...)
		dst = strconv.AppendInt(dst, int64(e.Got), 10)
	}
	return append(dst, '}')
}

// AppendFeedbackOK appends the JSON that acknowledges labels. correct has one
// entry per row and is nil for a regression, where right and wrong mean
// nothing: null on the wire.
func AppendFeedbackOK(dst []byte, id []byte, correct []bool, many bool) []byte {
	dst = append(dst, `{"type":"feedback_ok","request_id":`...)
	dst = appendID(dst, id)
	dst = append(dst, `,"correct":`...)
	switch {
	case correct == nil:
		dst = append(dst, "null"...)
	case !many:
		dst = strconv.AppendBool(dst, correct[0])
	default:
		dst = append(dst, '[')
		for i, ok := range correct {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendBool(dst, ok)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func appendID(dst, id []byte) []byte {
	if len(id) == 0 {
		return append(dst, "null"...)
	}
	return append(dst, id...)
}

func appendFloats(dst []byte, values []float32) []byte {
	dst = append(dst, '[')
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFloat(dst, v)
	}
	return append(dst, ']')
}

// appendFloat appends the shortest decimal that reads back as v. JSON has no
// NaN or infinity: they become null.
func appendFloat(dst []byte, v float32) []byte {
	f := float64(v)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, 32)
}

// quote returns s as a JSON string.
func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return b
}
