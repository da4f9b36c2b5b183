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
	outputs []output
	width   int    // scores of a row
	tail    []byte // ,"model":…,"version":…
}

// output is one of a model's, with where its scores lie in a row.
type output struct {
	NamedFormat
	first int
	key   []byte // "name":
}

// NewReplyFormat prepares the replies of a model, whose outputs are at least one; the
// first is the prediction.
func NewReplyFormat(model, version string, outputs []NamedFormat) *ReplyFormat {
	f := &ReplyFormat{}
	for _, o := range outputs {
		f.outputs = append(f.outputs, output{o, f.width, append(quote(o.Name), ':')})
		f.width += o.Width
	}
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
	// First is what was decided of the first output.
	First Decided
	// All is what was decided of every output, where all are to be sent; else nil.
	All []Decided
	// Scores holds rows × width scores, those of all outputs one after the other.
	Scores     []float32
	WithScores bool // they are to be sent
	// Top, when above zero, asks for that many best classes of each row.
	Top int
	// Sets are what is likely enough of the first output, where that is to be sent; else
	// nil.
	Sets   *Sets
	Timing *Timing
}

// AppendPrediction appends the JSON of a prediction to dst.
func AppendPrediction(dst []byte, f *ReplyFormat, p *Prediction) []byte {
	first := &f.outputs[0]
	dst = append(dst, `{"type":"prediction","request_id":`...)
	dst = appendID(dst, p.ID)
	dst = f.appendDecided(append(dst, ','), first, p, &p.First)
	dst = append(dst, f.tail...)
	if p.WithScores {
		dst = append(dst, `,"scores":`...)
		dst = p.appendRows(dst, func(dst []byte, row int) []byte { return appendFloats(dst, f.scores(p, row)) })
	}
	if p.Top > 0 {
		dst = f.appendTop(dst, first, p)
	}
	if p.Sets != nil {
		dst = f.appendSets(dst, p)
	}
	if p.All != nil {
		dst = f.appendOutputs(dst, p)
	}
	if p.Timing != nil {
		dst = appendTiming(dst, p.Timing)
	}
	return append(dst, '}')
}

// scores are those of a row, of all outputs.
func (f *ReplyFormat) scores(p *Prediction, row int) []float32 {
	return p.Scores[row*f.width : (row+1)*f.width]
}

// own are those of a row's scores that are the output's.
func (o *output) own(scores []float32) []float32 { return scores[o.first : o.first+o.Width] }

// appendDecided appends the prediction and the confidence of one output.
func (f *ReplyFormat) appendDecided(dst []byte, o *output, p *Prediction, d *Decided) []byte {
	dst = append(dst, `"prediction":`...)
	dst = p.appendRows(dst, func(dst []byte, row int) []byte {
		values, confidences := d.row(row)
		return o.Format.AppendPrediction(dst, values, confidences, o.own(f.scores(p, row)))
	})
	dst = append(dst, `,"confidence":`...)
	return p.appendRows(dst, func(dst []byte, row int) []byte {
		values, confidences := d.row(row)
		return o.Format.AppendConfidence(dst, values, confidences, o.own(f.scores(p, row)))
	})
}

// appendTop appends the best classes of an output that has some.
func (f *ReplyFormat) appendTop(dst []byte, o *output, p *Prediction) []byte {
	if o.Format.LongestTop(1) == 0 {
		return dst
	}
	dst = append(dst, `,"top":`...)
	var few [topBuffer]uint64
	buffer := few[:]
	return p.appendRows(dst, func(dst []byte, row int) []byte {
		dst, _ = o.Format.AppendTop(dst, o.own(f.scores(p, row)), p.Top, &buffer)
		return dst
	})
}

// appendOutputs appends what every output says, by name.
func (f *ReplyFormat) appendOutputs(dst []byte, p *Prediction) []byte {
	dst = append(dst, `,"outputs":{`...)
	for i := range f.outputs {
		o := &f.outputs[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, o.key...), '{')
		dst = f.appendDecided(dst, o, p, &p.All[i])
		if p.WithScores {
			dst = append(dst, `,"scores":`...)
			dst = p.appendRows(dst, func(dst []byte, row int) []byte { return appendFloats(dst, o.own(f.scores(p, row))) })
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// appendRows appends one value per row: alone, or in an array when the request
// had one.
func (p *Prediction) appendRows(dst []byte, each func(dst []byte, row int) []byte) []byte {
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
		dst = strconv.AppendInt(dst, e.retryMilliseconds(), 10)
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
// entry per row and is nil where no answer is simply right or wrong, as of numbers:
// null on the wire.
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
