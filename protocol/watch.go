package protocol

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"penstock/protocol/decimal"
)

// TimeFormat is RFC 3339 with milliseconds, for times in UTC.
const TimeFormat = "2006-01-02T15:04:05.000Z07:00"

// MaxNote is the longest note in characters.
const MaxNote = 500

// Note is a remark on the timeline, sent to every dashboard, or to those in a group.
type Note struct {
	Type   string `json:"type"` // "note"
	Text   string `json:"text"`
	Author string `json:"author"`
	Time   string `json:"time"`            // RFC 3339
	Group  string `json:"group,omitempty"` // whose members alone are sent it; absent for everybody
}

// Typing tells that somebody writes a note.
type Typing struct {
	Type string `json:"type"` // "typing"
	User string `json:"user"`
}

// Presence says who watches the dashboard, or who of a group does.
type Presence struct {
	Type     string        `json:"type"` // "presence"
	Group    string        `json:"group,omitempty"`
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
	// subscribe, note, typing, accept_baseline, freeze_calibration, join, leave, ping,
	// auth, hello
	Type string `json:"type"`
	// Metrics and Models name what a subscription wants of each frame; nil is
	// everything. IntervalMS is the least time between two frames.
	Metrics    []string `json:"metrics"`
	Models     []string `json:"models"`
	IntervalMS int      `json:"interval_ms"`
	Text       string   `json:"text"`
	Model      string   `json:"model"` // whose baseline is accepted, or calibration frozen
	// Frozen tells whether a model's calibration stays as it is; nil in other messages.
	Frozen *bool  `json:"frozen,omitempty"`
	Token  string `json:"token"` // of auth
	Group  string `json:"group"` // of join, leave and note
}

// Limits of a dashboard's subscription.
const (
	maxWatchedMetrics = 64
	maxWatchedModels  = 256
	maxWatchedName    = 256 // bytes
)

// maxToken is the longest token in bytes that is looked at.
const maxToken = 8 << 10

// maxNoteText is the longest text in bytes that is looked at for a note: with
// room to say how much one of a few pages is too long.
const maxNoteText = 2 * longestEscape * MaxNote

// DecodeWatch reads a message of a dashboard client. The frame must be valid
// UTF-8. Nothing of the message points into it, or takes memory beyond the
// limits of its fields.
func DecodeWatch(frame []byte) (WatchMessage, *Error) {
	w := watchReader{s: scanner{b: frame}}
	i := w.s.space(0)
	if w.s.peek(i) != '{' {
		if hasMark(frame) {
			return w.m, errMark()
		}
		return w.m, Errorf(BadMessage, "a message is a JSON object")
	}
	i = w.s.object(i, w.field)
	if i >= 0 && w.s.space(i) != len(frame) {
		w.s.broken(i, "data after the message")
	}
	if w.s.fail != nil {
		return w.m, w.s.fail
	}
	if w.invalid != nil {
		return w.m, w.invalid
	}
	return w.m, w.m.check()
}

// check is about what only the whole message tells.
func (m *WatchMessage) check() *Error {
	switch m.Type {
	case "note":
		if strings.TrimSpace(m.Text) == "" {
			return Errorf(BadMessage, "a note needs text that is not only spaces")
		}
		if n := utf8.RuneCountInString(m.Text); n > MaxNote {
			return WrongCount(BadMessage, MaxNote, n, "a note has 1 to 500 characters of text")
		}
		if strings.ContainsFunc(m.Text, unicode.IsControl) {
			return Errorf(BadMessage, "a note has no control characters")
		}
		if m.Group != "" && !ValidGroup(m.Group) {
			return Errorf(BadMessage, "the group of a note has %s", expectedGroup)
		}
	case "subscribe":
		if m.IntervalMS < 0 || m.IntervalMS > 60_000 {
			return Errorf(BadMessage, "interval_ms must be 0 to 60000")
		}
	case "accept_baseline":
		if m.Model == "" {
			return Errorf(BadMessage, "accept_baseline needs model, the name of the model whose present error is accepted")
		}
	case "freeze_calibration":
		if m.Model == "" || m.Frozen == nil {
			return Errorf(BadMessage, "freeze_calibration needs model, the name of the model whose calibration is to stay as it is, and frozen, true or false")
		}
	case "join", "leave":
		if !ValidGroup(m.Group) {
			return Errorf(BadMessage, "%s needs group, %s", m.Type, expectedGroup)
		}
	case "typing", "ping", "auth", "hello":
	default:
		return Errorf(BadMessage, "unknown type %q; expected subscribe, note, typing, accept_baseline, freeze_calibration, join, leave or ping", shorten([]byte(m.Type)))
	}
	return nil
}

// watchReader reads one message of a dashboard.
type watchReader struct {
	s       scanner
	m       WatchMessage
	seen    keySet // of known keys too: there are few
	invalid *Error // the first thing that is JSON, but not a message
}

func (w *watchReader) reject(format string, args ...any) {
	if w.invalid == nil {
		w.invalid = Errorf(BadMessage, format, args...)
	}
}

func (w *watchReader) field(key text, i int) int {
	var buf [longestName]byte
	name := w.s.name(key, buf[:])
	if len(w.seen.keys) == MaxUnknownFields {
		w.reject("more than %d fields", MaxUnknownFields)
		return w.s.skip(i, 1)
	}
	if !w.seen.add(&w.s, key) {
		return w.s.broken(key.start, "the same key twice")
	}
	if w.invalid != nil || w.s.isNull(i) {
		return w.s.skip(i, 1)
	}
	switch string(name) {
	case "type":
		return w.text("type", i, 4*longestName, &w.m.Type)
	case "text":
		return w.text("text", i, maxNoteText, &w.m.Text)
	case "model":
		return w.text("model", i, maxWatchedName, &w.m.Model)
	case "frozen":
		return w.frozen(i)
	case "token":
		return w.text("token", i, maxToken, &w.m.Token)
	case "group":
		if next := w.text("group", i, maxWatchedName, &w.m.Group); w.m.Group != "" || w.invalid != nil {
			return next
		}
		w.reject("group is empty; leave it out to mean everybody")
		return w.s.skip(i, 1)
	case "metrics":
		return w.names("metrics", i, maxWatchedMetrics, &w.m.Metrics)
	case "models":
		return w.names("models", i, maxWatchedModels, &w.m.Models)
	case "interval_ms":
		return w.interval(i)
	}
	return w.s.skip(i, 1)
}

// text reads a string of at most so many bytes, however it is escaped.
func (w *watchReader) text(name string, i, most int, out *string) int {
	if w.s.peek(i) != '"' {
		w.reject("%s must be a string", name)
		return w.s.skip(i, 2)
	}
	t, next := w.s.stringAt(i)
	if next < 0 {
		return next
	}
	length := t.end - t.start // as it is sent, which may be all escapes
	if length <= longestEscape*most {
		plain := w.s.bytesOf(t)
		if length = len(plain); length <= most {
			*out = string(plain)
			return next
		}
	}
	w.reject("%s has %d bytes; at most %d are allowed", name, length, most)
	return next
}

// names reads a list of at most so many names.
func (w *watchReader) names(field string, i, most int, out *[]string) int {
	if w.s.peek(i) != '[' {
		w.reject("%s must be an array of names", field)
		return w.s.skip(i, 1)
	}
	*out = []string{}
	return w.s.array(i, 1, func(i int) (int, bool) {
		if len(*out) == most {
			w.reject("%s has more than %d names", field, most)
			return w.s.skip(i, 2), false
		}
		var name string
		next := w.text("a name in "+field, i, maxWatchedName, &name)
		*out = append(*out, name)
		return next, w.invalid == nil
	})
}

// frozen leaves alone what is no boolean: only one message has it, and it says so
// when it is not there.
func (w *watchReader) frozen(i int) int {
	if c := w.s.peek(i); c == 't' || c == 'f' {
		frozen := c == 't'
		w.m.Frozen = &frozen
	}
	return w.s.skip(i, 2)
}

func (w *watchReader) interval(i int) int {
	next := decimal.Skip(w.s.b, i)
	if next == i {
		w.reject("interval_ms must be a number")
		return w.s.skip(i, 1)
	}
	ms, ok := decimal.Float64(w.s.b[i:next])
	if !ok || ms != math.Trunc(ms) || math.Abs(ms) > math.MaxInt32 {
		w.reject("interval_ms must be a whole number, 0 to 60000")
		return next
	}
	w.m.IntervalMS = int(ms)
	return next
}
