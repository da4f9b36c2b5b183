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
		if none(m.Prediction) {
			return errMissing
		}
		r.rest = &m
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
		if r.told = readTold(b); r.told == nil {
			r.told = &told{Type: m.Type, Code: m.Code, Message: m.Message}
		}
	case "auth_ok", "joined", "left":
		if r.told = readTold(b); r.told != nil {
			r.kind = kindTold
		}
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

// oneOrMany reads one T or an array of them; none for null or nothing.
func oneOrMany[T any](raw json.RawMessage) (values []T, many bool, err error) {
	if none(raw) {
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

// none reports whether a field is missing, or null.
func none(raw json.RawMessage) bool { return len(raw) == 0 || bytes.Equal(raw, []byte("null")) }
