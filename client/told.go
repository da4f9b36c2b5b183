package client

import (
	"encoding/json"
	"time"

	"penstock/protocol"
)

// told is what the server says besides answers to requests. Which of its fields
// are set, Type and Code tell.
type told struct {
	Type         string // auth_ok, joined, left, notice or error
	Code         string // of a notice or an error
	Message      string
	Expires      string // of auth_ok and of the notice token_expiring
	Group        string
	Data         json.RawMessage // this and what follows: of the notice notification
	Time         string
	From         string
	RetryAfterMS int64 `json:"retry_after_ms"`
}

// Codes of notices that the client acts on.
const (
	noticeGoingAway    = "going_away"
	noticeExpiring     = "token_expiring"
	noticeNotification = "notification"
)

// readTold reads a message once more, for the fields that few messages have. It
// returns nil for one whose fields are of other kinds: what a newer server means by
// them is not known.
func readTold(b []byte) *told {
	t := new(told)
	if json.Unmarshal(b, t) != nil {
		return nil
	}
	return t
}

// moment reads a time of the wire; zero for null, and for what is no time.
func moment(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// failure is what an error says.
func (t *told) failure() *protocol.Error {
	return readError(&protocol.Reply{Code: t.Code, Message: t.Message, RetryAfterMS: t.RetryAfterMS})
}
