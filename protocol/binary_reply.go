package protocol

import (
	"encoding/binary"
	"fmt"
	"math"
)

// AppendBinaryPrediction appends the binary frame of a prediction to dst: p's
// ID, Many, Top, Sets and All mean nothing here.
func AppendBinaryPrediction(dst []byte, id uint64, f *ReplyFormat, p *Prediction) []byte {
	var flags uint16
	var queue, compute uint32
	if p.WithScores {
		flags |= FlagScores
	}
	if p.Timing != nil {
		flags |= FlagTiming
		queue = uint32(min(p.Timing.Queue.Microseconds(), math.MaxUint32))
		compute = uint32(min(p.Timing.Compute.Microseconds(), math.MaxUint32))
	}
	dst = appendBinaryHeader(dst, BinaryPrediction, 0, flags, uint32(p.Rows), id)
	dst = binary.LittleEndian.AppendUint32(dst, queue)
	dst = binary.LittleEndian.AppendUint32(dst, compute)
	first := &f.outputs[0]
	for row := range p.Rows {
		values, confidences := p.First.row(row)
		value, confidence := first.Format.Pair(values, confidences, first.own(f.scores(p, row)))
		both := uint64(math.Float32bits(value)) | uint64(math.Float32bits(confidence))<<32
		dst = binary.LittleEndian.AppendUint64(dst, both)
	}
	if p.WithScores {
		for _, score := range p.Scores {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(score))
		}
	}
	return dst
}

// AppendBinaryError appends the binary frame of a typed error to dst. Counts,
// which have no place of their own in it, stand in the message.
func AppendBinaryError(dst []byte, id uint64, e *Error) []byte {
	var flags uint16
	if e.Code.Retryable() {
		flags |= FlagRetryable
	}
	retry := uint32(min(e.retryMilliseconds(), math.MaxUint32))
	dst = appendBinaryHeader(dst, BinaryError, byte(e.Code), flags, retry, id)
	dst = append(dst, e.Message...)
	if e.HasCounts {
		dst = fmt.Appendf(dst, " (expected %d, got %d)", e.Expected, e.Got)
	}
	return dst
}

// AppendBinaryFeedbackOK appends the binary frame that acknowledges labels. A
// regression, where right and wrong mean nothing, has zeros.
func AppendBinaryFeedbackOK(dst []byte, id uint64, rows int, correct []bool) []byte {
	dst = appendBinaryHeader(dst, BinaryFeedbackOK, 0, 0, uint32(rows), id)
	for row := range rows {
		right := byte(0)
		if correct != nil && correct[row] {
			right = 1
		}
		dst = append(dst, right)
	}
	return dst
}

func appendBinaryHeader(dst []byte, kind, second byte, flags uint16, word uint32, id uint64) []byte {
	dst = append(dst, kind, second)
	dst = binary.LittleEndian.AppendUint16(dst, flags)
	dst = binary.LittleEndian.AppendUint32(dst, word)
	return binary.LittleEndian.AppendUint64(dst, id)
}
