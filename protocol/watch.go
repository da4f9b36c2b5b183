package protocol

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TimeFormat is RFC 3339 with milliseconds, for times in UTC.
const TimeFormat = "2006-01-02T15:04:05.000Z07:00"

// MaxNote is the longest note in characters.
const MaxNote = 500

// Note is a remark on the timeline, sent to every dashboard.
type Note struct {
	Type   string `json:"type"` // "note"
	Text   string `json:"text"`
	Author string `json:"author"`
	Time   string `json:"time"` // RFC 3339
}

// Typing tells that somebody writes a note.
type Typing struct {
	Type string `json:"type"` // "typing"
	User string `json:"user"`
}

// Presence says who watches the dashboard.
type Presence struct {
	Type     string        `json:"type"` // "presence"
	Watching int           `json:"watching"`
	Users    []PresentUser `json:"users"` // by name, the first hundred
}

// PresentUser is one user and on how many sockets they watch.
type PresentUser struct {
	User    string `json:"user"`
	Sockets int    `json:"sockets"`
}

// WatchMessage is a message from a client on /ws/dashboard.
type WatchMessage struct {
	Type string `json:"type"` // subscribe, note, typing, ping, auth, hello
	// Metrics and Models name what a subscription wants of each frame; nil is
	// everything. IntervalMS is the least time between two frames.
	Metrics    []string `json:"metrics"`
	Models     []string `json:"models"`
	IntervalMS int      `json:"interval_ms"`
	Text       string   `json:"text"`
}

// DecodeWatch reads a message of a dashboard client. The frame must be valid
// UTF-8.
func DecodeWatch(frame []byte) (WatchMessage, *Error) {
	var m WatchMessage
	if err := strictObject(frame); err != nil {
		return m, err
	}
	if err := json.Unmarshal(frame, &m); err != nil {
		return m, Errorf(BadMessage, "a field has the wrong kind of value: %s", err)
	}
	switch m.Type {
	case "note":
		m.Text = strings.TrimSpace(m.Text)
		if n := utf8.RuneCountInString(m.Text); n == 0 || n > MaxNote {
			return m, WrongCount(BadMessage, MaxNote, n, "a note has 1 to 500 characters of text")
		}
		if strings.ContainsFunc(m.Text, unicode.IsControl) {
			return m, Errorf(BadMessage, "a note has no control characters")
		}
	case "subscribe":
		if m.IntervalMS < 0 || m.IntervalMS > 60_000 {
			return m, Errorf(BadMessage, "interval_ms must be 0 to 60000")
		}
	case "typing", "ping", "auth", "hello":
	default:
		return m, Errorf(BadMessage, "unknown type %q; expected subscribe, note, typing or ping", shorten([]byte(m.Type)))
	}
	return m, nil
}

// strictObject checks that a frame is one JSON object without duplicate keys,
// which encoding/json would let pass.
func strictObject(frame []byte) *Error {
	s := scanner{b: frame}
	i := s.space(0)
	if s.peek(i) != '{' {
		return Errorf(BadMessage, "a message is a JSON object")
	}
	keys := make(map[string]bool)
	i = s.object(i, func(key text, i int) int {
		name := string(s.bytesOf(key))
		if keys[name] {
			return s.broken(i, "the same key twice")
		}
		keys[name] = true
		return s.skip(i, 1)
	})
	if i >= 0 && s.space(i) != len(frame) {
		s.broken(i, "data after the message")
	}
	return s.fail
}
