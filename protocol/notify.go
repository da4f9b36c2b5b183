package protocol

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a notification.
const (
	// MaxNotification is the longest text in characters.
	MaxNotification = 1000
	// MaxNotificationData is the longest data in bytes, without white space.
	MaxNotificationData = 4 << 10
	// MaxNotifyBytes is the largest body, with room for all of it to be escaped.
	MaxNotifyBytes = 32 << 10
)

// maxNotifyText is the longest text in bytes that is looked at, with room to say how
// much one of a few pages is too long.
const maxNotifyText = 2 * longestEscape * MaxNotification

// maxNotifyUser is the longest name of a user in bytes that is looked at.
const maxNotifyUser = 256

// Notify is the body of POST /v1/notify.
type Notify struct {
	User  string // either of User and Group is set
	Group string
	Text  string
	Data  json.RawMessage // any JSON, compact; nil where there is none
}

// DecodeNotify reads the body of POST /v1/notify, which must be valid UTF-8. Nothing of
// what it returns points into it. Fields that are not known are refused: an operator who
// misspells one is told.
func DecodeNotify(body []byte) (Notify, *Error) {
	r := notifyReader{watchReader: watchReader{s: scanner{b: body}}}
	i := r.s.space(0)
	if r.s.peek(i) != '{' {
		if hasMark(body) {
			return Notify{}, errMark()
		}
		return Notify{}, Errorf(BadMessage, expectedNotify)
	}
	i = r.s.object(i, r.field)
	if i >= 0 && r.s.space(i) != len(body) {
		r.s.broken(i, "data after the message")
	}
	err := r.s.fail
	if err == nil {
		err = r.invalid
	}
	if err == nil {
		err = r.m.check()
	}
	if err != nil {
		return Notify{}, err
	}
	return r.m, nil
}

const expectedNotify = `expected a JSON object, {"user": NAME, "text": TEXT} or {"group": NAME, "text": TEXT}, with "data" if there is more to say`

// check is about what only the whole message tells.
func (n *Notify) check() *Error {
	switch count := utf8.RuneCountInString(n.Text); {
	case (n.User == "") == (n.Group == ""):
		return Errorf(BadMessage, "expected either user or group, who is notified")
	case n.Group != "" && !ValidGroup(n.Group):
		return Errorf(BadMessage, "group must be %s", expectedGroup)
	case strings.TrimSpace(n.Text) == "":
		return Errorf(BadMessage, "text is missing, or all spaces; a notification has 1 to 1000 characters of it")
	case count > MaxNotification:
		return WrongCount(BadMessage, MaxNotification, count, "a notification has 1 to 1000 characters of text")
	case strings.ContainsFunc(n.Text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }):
		return Errorf(BadMessage, "text has no control characters but line breaks, \\n")
	case len(n.Data) > MaxNotificationData:
		return WrongCount(BadMessage, MaxNotificationData, len(n.Data), "data has at most 4096 bytes")
	}
	return nil
}

// notifyReader reads one body, with the means of a watchReader.
type notifyReader struct {
	watchReader
	m Notify
}

func (r *notifyReader) field(key text, i int) int {
	if len(r.seen.keys) == MaxUnknownFields {
		r.reject("more than %d fields", MaxUnknownFields)
		return r.s.skip(i, 1)
	}
	if !r.seen.add(&r.s, key) {
		return r.s.broken(key.start, "the same key twice")
	}
	if r.invalid != nil {
		return r.s.skip(i, 1)
	}
	var buf [longestName]byte
	switch name := r.s.name(key, buf[:]); string(name) {
	case "user":
		return r.text("user", i, maxNotifyUser, &r.m.User)
	case "group":
		return r.text("group", i, maxNotifyUser, &r.m.Group)
	case "text":
		return r.text("text", i, maxNotifyText, &r.m.Text)
	case "data":
		return r.data(i)
	default:
		r.reject("unknown field %q; expected user or group, text and data", shorten(name))
	}
	return r.s.skip(i, 1)
}

// data keeps a value of any kind as it was written, without white space.
func (r *notifyReader) data(i int) int {
	next := r.s.skip(i, 1)
	if next < 0 {
		return next
	}
	var out bytes.Buffer
	if err := json.Compact(&out, r.s.b[i:next]); err != nil { // the scanner is the stricter one
		return r.s.broken(i, "data is no JSON")
	}
	r.m.Data = out.Bytes()
	return next
}
