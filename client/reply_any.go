package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"penstock/protocol"
)

// readAny reads any message with encoding/json.
func (rr *replyReader) readAny(b []byte, r *reply) error {
	if !utf8.Valid(b) {
		return errors.New("the server sent text that is not UTF-8")
	}
	var m protocol.Reply
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("the server sent what is not a message: %w", err)
	}
	r.id, _ = parseID(m.RequestID)
	switch m.Type {
	case "prediction":
		r.kind = kindPrediction
		r.prediction.ID = r.id
		r.prediction.Model, r.prediction.Version = m.Model, m.Version
		return readPrediction(&m, &r.prediction)
	case "feedback_ok":
		r.kind = kindFeedbackOK
		correct, _, err := oneOrMany[bool](m.Correct)
		r.correct = correct
		return err
	case "error":
		r.kind = kindError
		r.err = readError(&m)
	case "notice":
		r.kind = kindNotice
		r.notice = protocol.Notice{Type: m.Type, Code: m.Code, Message: m.Message}
	case "hello":
		r.kind = kindHello
		r.hello = &protocol.Hello{Type: m.Type, Session: m.Session, Models: m.Models}
		if m.Limits != nil {
			r.hello.Limits = *m.Limits
		}
	}
	return nil
}

func readError(m *protocol.Reply) *protocol.Error {
	e := &protocol.Error{Code: protocol.ParseCode(m.Code), Message: m.Message,
		RetryAfter: times(m.RetryAfterMS, time.Millisecond)}
	if e.Code == 0 { // a newer server's
		e.Message = m.Code + ": " + m.Message
	}
	if m.Expected != nil && m.Got != nil {
		e.HasCounts, e.Expected, e.Got = true, *m.Expected, *m.Got
	}
	return e
}

// readPrediction fills p with one row, or with as many as the reply has.
func readPrediction(m *protocol.Reply, p *Prediction) error {
	values, many, err := oneOrMany[json.RawMessage](m.Prediction)
	if err != nil || values == nil {
		return fmt.Errorf("a prediction without its value: %w", errors.Join(err, errMissing))
	}
	rows := make([]Row, len(values))
	for i, value := range values {
		if len(value) > 0 && value[0] == '"' {
			err = json.Unmarshal(value, &rows[i].Label)
		} else {
			err = json.Unmarshal(value, &rows[i].Value)
		}
		if err != nil {
			return fmt.Errorf("a prediction that is neither a label nor a number: %w", err)
		}
	}
	err = errors.Join(
		eachRow(m.Confidence, many, rows, func(row *Row, c *float64) { row.Confidence = c }),
		eachRow(m.Scores, many, rows, func(row *Row, s []float32) { row.Scores = s }),
		eachRow(m.Top, many, rows, func(row *Row, t []protocol.TopClass) { row.Top = t }),
	)
	if len(rows) > 0 {
		p.Row = rows[0]
	}
	if many {
		p.Rows = rows
	}
	if m.Timing != nil {
		p.Timing = &Timing{
			Queue:     times(m.Timing.QueueUS, time.Microsecond),
			Compute:   times(m.Timing.ComputeUS, time.Microsecond),
			BatchRows: m.Timing.BatchRows,
		}
	}
	return err
}

var errMissing = errors.New("the field is missing or null")

// oneOrMany reads one T or an array of them; none for null or nothing.
func oneOrMany[T any](raw json.RawMessage) (values []T, many bool, err error) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, false, nil
	}
	if raw[0] == '[' {
		err = json.Unmarshal(raw, &values)
		return values, true, err
	}
	values = make([]T, 1)
	err = json.Unmarshal(raw, &values[0])
	return values, false, err
}

// eachRow spreads a detail over the rows: itself for one row, its entries for
// many.
func eachRow[T any](raw json.RawMessage, many bool, rows []Row, set func(*Row, T)) error {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	values := make([]T, 1)
	var err error
	if many {
		err = json.Unmarshal(raw, &values)
	} else {
		err = json.Unmarshal(raw, &values[0])
	}
	if err != nil {
		return err
	}
	if len(values) != len(rows) {
		return fmt.Errorf("a detail with %d entries for %d rows", len(values), len(rows))
	}
	for i := range rows {
		set(&rows[i], values[i])
	}
	return nil
}
