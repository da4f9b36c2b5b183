package client

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"penstock/protocol"
)

var errShort = errors.New("the server sent a binary frame that is shorter than it says")

// readBinary reads one binary frame into r. Of a prediction it reads the
// header: what the rest means, the request tells.
func readBinary(b []byte, r *reply) error {
	*r = reply{}
	if len(b) < shortestBinary {
		return errShort
	}
	word := binary.LittleEndian.Uint32(b[4:])
	r.id = NumberID(binary.LittleEndian.Uint64(b[8:]))
	switch b[0] {
	case protocol.BinaryPrediction:
		if int64(len(b)) < binaryRowsAt+binaryPairBytes*int64(word) {
			return errShort
		}
		r.kind, r.frame = kindPrediction, b
	case protocol.BinaryFeedbackOK:
		if int64(len(b)) != binaryLabelsAt+int64(word) {
			return errShort
		}
		r.kind, r.frame = kindFeedbackOK, b
		r.correct = make([]bool, word)
		for i, right := range b[binaryLabelsAt:] {
			r.correct[i] = right == 1
		}
	case protocol.BinaryError:
		r.kind = kindError
		r.err = &protocol.Error{Code: protocol.Code(b[1]), Message: string(b[binaryLabelsAt:]),
			RetryAfter: times(int64(word), time.Millisecond)}
	}
	return nil
}

// binaryPrediction reads the frame of a prediction that answers c.
func (l *link) binaryPrediction(b []byte, id ID, c *call) (Prediction, error) {
	flags, n := binary.LittleEndian.Uint16(b[2:]), int(binary.LittleEndian.Uint32(b[4:]))
	if !c.frame.binary || n != c.rows || n == 0 {
		return Prediction{}, fmt.Errorf("the reply has %d rows; the request had %d", n, c.rows)
	}
	model := &l.hello.Models[c.model]
	p := Prediction{ID: id, Model: model.Name, Version: model.Version}
	if flags&protocol.FlagTiming != 0 {
		p.Timing = &Timing{
			Queue:   times(int64(binary.LittleEndian.Uint32(b[16:])), time.Microsecond),
			Compute: times(int64(binary.LittleEndian.Uint32(b[20:])), time.Microsecond),
		}
	}
	rows := []Row{{}} // on the stack, unless there are many
	if c.many {
		p.Rows = make([]Row, n)
		rows = p.Rows
	}
	if err := readPairs(b[binaryRowsAt:], model, rows); err != nil {
		return Prediction{}, err
	}
	if flags&protocol.FlagScores != 0 {
		if err := readScores(b[binaryRowsAt+binaryPairBytes*n:], rows); err != nil {
			return Prediction{}, err
		}
		if err := decideRows(model.Outputs, rows, c); err != nil {
			return Prediction{}, err
		}
	}
	p.Row = rows[0]
	return p, nil
}

// readPairs reads each row's class or value, and its confidence. Of other kinds the
// pair says nothing that the scores do not say better.
func readPairs(b []byte, model *protocol.HelloItem, rows []Row) error {
	kind := firstKind(model)
	confidences := make([]float64, len(rows))
	for i := range rows {
		value, confidence := float32At(b, 2*i), float32At(b, 2*i+1)
		switch class := int(value); {
		case kind == kindValues:
			rows[i].Value = float64(value)
		case kind != kindClass:
		case class < 0 || class >= len(model.Classes) || float32(class) != value:
			return fmt.Errorf("the reply's class %v is none of the %d of model %s", value, len(model.Classes), model.Name)
		default:
			rows[i].Label = model.Classes[class]
		}
		if confidence == confidence { // NaN where the model gives none
			confidences[i] = float64(confidence)
			rows[i].Confidence = &confidences[i]
		}
	}
	return nil
}

// readScores spreads the scores over the rows.
func readScores(b []byte, rows []Row) error {
	width := len(b) / binaryFloatBytes / len(rows)
	if len(b) != width*binaryFloatBytes*len(rows) {
		return errShort
	}
	scores := make([]float32, width*len(rows))
	for i := range scores {
		scores[i] = float32At(b, i)
	}
	for i := range rows {
		rows[i].Scores = slices.Clip(scores[i*width : (i+1)*width])
	}
	return nil
}

func float32At(b []byte, i int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(b[binaryFloatBytes*i:]))
}

// regressionsAlone reports whether right and wrong mean nothing to any of the
// server's models: a binary answer to labels cannot say so itself.
func (l *link) regressionsAlone() bool {
	return !slices.ContainsFunc(l.hello.Models, func(m protocol.HelloItem) bool { return len(m.Classes) > 0 })
}
