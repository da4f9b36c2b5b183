package protocol

import (
	"slices"
	"strings"
	"time"

	"penstock/protocol/decimal"
)

// Decoder reads clients' JSON messages. The zero value has no limits. It is
// not safe for concurrent use.
type Decoder struct {
	// MaxRows bounds the rows of one predict message; zero means no bound.
	MaxRows int
	// MaxLabels is how many labels one row may have; zero means no bound.
	MaxLabels int
	// Default is the kind of a message that has no type and no features; zero is
	// that there is no such message.
	Default Kind
	// MaxFeatures is how many features the widest model takes: those of a wider
	// row are only counted. Width tells how many there are, for whoever knows
	// the model to refuse them, and Features is empty. Zero means no bound.
	MaxFeatures int

	s          scanner
	m          *Ask
	seen       fieldSet
	unknown    keySet
	details    int
	labelTexts strings.Builder // the texts of the message's labels, one after the other
	featuresAt int             // where the message's features begin
	named      bool            // they are objects
	hole       *Error          // what is wrong with the first entry that is no number, where the model takes no such; nil: all are numbers
	tooWide    bool            // no model takes the first row
	given      []uint32        // of a row by names, 1 + the last row that had the feature
	invalid    *Error          // the first thing that is JSON, but not a message
}

// longestName is longer than any name that a message may have, so that one with
// escapes is compared without memory for it.
const longestName = 16

// fieldSet remembers which known fields a message has had.
type fieldSet uint16

const (
	fieldType fieldSet = 1 << iota
	fieldID
	fieldFeatures
	fieldModel
	fieldDeadline
	fieldDetail
	fieldTopK
	fieldLabel
	fieldLabels
	fieldToken
	fieldGroup
	fieldAlpha
)

// Decode reads one message into m. The frame must be valid UTF-8.
//
// When it fails, m.ID still holds the request_id if that could be read, so
// that the error finds its request. Time and memory are linear in the frame.
func (d *Decoder) Decode(frame []byte, m *Ask) *Error {
	m.reset()
	d.m, d.s = m, scanner{b: frame}
	d.seen, d.details, d.tooWide, d.invalid = 0, 0, false, nil
	d.named, d.hole = false, nil
	d.unknown.keys = d.unknown.keys[:0]
	d.labelTexts.Reset()

	i := d.s.space(0)
	if d.s.peek(i) != '{' {
		if hasMark(frame) {
			return errMark()
		}
		if i = d.s.skip(i, 0); i >= 0 {
			d.reject(BadMessage, "a message is a JSON object, such as {\"features\":[…],\"request_id\":1}")
		}
	} else {
		i = d.s.object(i, d.field)
	}
	if i >= 0 && d.s.space(i) != len(frame) {
		d.s.broken(i, "data after the message; send one JSON object in a message")
	}
	if d.s.fail != nil {
		return d.s.fail
	}
	if d.invalid != nil {
		return d.invalid
	}
	return d.complete()
}

// Forget lets go of the last message's memory.
func (d *Decoder) Forget() {
	d.m, d.s, d.invalid, d.hole, d.given = nil, scanner{}, nil, nil, nil
	d.unknown.forget()
	d.labelTexts.Reset()
}

// reject records the first semantic error; reading goes on, to find the
// request_id and to make sure that the rest is JSON.
func (d *Decoder) reject(code Code, format string, args ...any) {
	if d.invalid == nil {
		d.invalid = Errorf(code, format, args...)
	}
}

// field reads the member key whose value is at i.
func (d *Decoder) field(key text, i int) int {
	var buf [longestName]byte
	name := d.s.name(key, buf[:])
	switch string(name) {
	case "features":
		return d.once(fieldFeatures, name, i, d.features)
	case "request_id":
		return d.once(fieldID, name, i, d.requestID)
	case "type":
		return d.once(fieldType, name, i, d.kind)
	case "model":
		return d.once(fieldModel, name, i, d.model)
	case "deadline_ms":
		return d.once(fieldDeadline, name, i, d.deadline)
	case "detail":
		return d.once(fieldDetail, name, i, d.detail)
	case "top_k":
		return d.once(fieldTopK, name, i, d.topK)
	case "alpha":
		return d.once(fieldAlpha, name, i, d.alpha)
	case "label":
		return d.once(fieldLabel, name, i, d.label)
	case "labels":
		return d.once(fieldLabels, name, i, d.labels)
	case "token":
		return d.once(fieldToken, name, i, d.token)
	case "group":
		return d.once(fieldGroup, name, i, d.group)
	}
	return d.unknownField(key, i)
}

// unknownField leaves a field alone: a newer client may send some.
func (d *Decoder) unknownField(key text, i int) int {
	switch {
	case len(d.unknown.keys) == MaxUnknownFields:
		d.reject(BadMessage, "more than %d unknown fields", MaxUnknownFields)
	case !d.unknown.add(&d.s, key):
		return d.s.broken(key.start, "the same key twice")
	}
	return d.s.skip(i, 1)
}

func (d *Decoder) once(f fieldSet, name []byte, i int, read func(int) int) int {
	if d.seen&f != 0 {
		return d.s.broken(i, "the key "+string(name)+" twice")
	}
	d.seen |= f
	return read(i)
}

// complete checks what only the whole message tells.
func (d *Decoder) complete() *Error {
	m := d.m
	if m.Kind == 0 {
		if m.Kind = d.Default; m.Kind == 0 && d.seen&fieldFeatures == 0 {
			return Errorf(BadMessage, "the message has neither type nor features; send {\"features\":[…]} or a type")
		}
		if d.seen&fieldFeatures != 0 {
			m.Kind = KindPredict
		}
	}
	switch m.Kind {
	case KindPredict:
		if d.seen&fieldFeatures == 0 {
			return Errorf(BadFeatures, "a predict message needs features: one row [..] or many [[..],[..]]")
		}
		if m.Alpha != 0 && !m.Set {
			return Errorf(BadMessage, "alpha is of a set, which this message does not ask for; send \"detail\":[\"set\"] with it, or leave it out")
		}
	case KindFeedback:
		if len(m.ID) == 0 {
			return Errorf(BadRequestID, "feedback needs the request_id of the prediction that it is about")
		}
		if d.seen&(fieldLabel|fieldLabels) == 0 {
			return Errorf(BadLabel, "feedback needs label, or labels with one entry per row")
		}
		if d.seen&fieldLabel != 0 && d.seen&fieldLabels != 0 {
			return Errorf(BadLabel, "feedback takes label or labels, not both")
		}
	case KindCancel:
		if len(m.ID) == 0 {
			return Errorf(BadRequestID, "cancel needs the request_id of the request to cancel")
		}
	case KindJoin, KindLeave:
		if !ValidGroup(string(m.Group)) {
			return Errorf(BadMessage, "%s needs group, %s", m.Kind, expectedGroup)
		}
	}
	return nil
}

func (d *Decoder) kind(i int) int {
	if d.s.peek(i) != '"' {
		d.reject(BadMessage, "type must be a string")
		return d.s.skip(i, 1)
	}
	t, next := d.s.stringAt(i)
	if next < 0 {
		return next
	}
	var buf [longestName]byte
	name := d.s.name(t, buf[:])
	for k := KindPredict; int(k) < len(kindNames); k++ {
		if kindNames[k] == string(name) {
			d.m.Kind = k
			return next
		}
	}
	d.reject(BadMessage, "unknown type %q; expected predict, feedback, cancel, auth, join, leave, ping or hello", shorten(name))
	return next
}

// stringField reads a string, or leaves out alone for null.
func (d *Decoder) stringField(name string, i int, out *[]byte) int {
	if d.s.peek(i) == '"' {
		t, next := d.s.stringAt(i)
		if next >= 0 {
			*out = d.s.bytesOf(t)
		}
		return next
	}
	if !d.s.isNull(i) {
		d.reject(BadMessage, "%s must be a string", name)
	}
	return d.s.skip(i, 1)
}

func (d *Decoder) model(i int) int { return d.stringField("model", i, &d.m.Model) }
func (d *Decoder) token(i int) int { return d.stringField("token", i, &d.m.Token) }

// group leaves alone what is no string: only some messages have a group, and they say
// so when it is not there.
func (d *Decoder) group(i int) int {
	if d.s.peek(i) != '"' {
		return d.s.skip(i, 1)
	}
	return d.stringField("group", i, &d.m.Group)
}

func (d *Decoder) deadline(i int) int {
	if d.s.isNull(i) {
		return d.s.skip(i, 1)
	}
	ms, next, ok := d.number(i)
	if next < 0 {
		return next
	}
	const longest = 24 * 60 * 60 * 1000
	if !ok || !(ms > 0) || ms > longest {
		d.reject(BadMessage, "deadline_ms must be a number above 0 and at most %d", longest)
		return next
	}
	d.m.Deadline = max(time.Duration(ms*float64(time.Millisecond)), 1)
	return next
}

func (d *Decoder) topK(i int) int {
	if d.s.isNull(i) {
		return d.s.skip(i, 1)
	}
	k, next, ok := d.number(i)
	if next < 0 {
		return next
	}
	if !ok || k < 1 || k > MaxTopK || k != float64(int(k)) {
		d.reject(BadMessage, "top_k must be a whole number, 1 to %d", MaxTopK)
		return next
	}
	d.m.TopK = int(k)
	return next
}

func (d *Decoder) alpha(i int) int {
	if d.s.isNull(i) {
		return d.s.skip(i, 1)
	}
	alpha, next, ok := d.number(i)
	if next < 0 {
		return next
	}
	if !ok || !(alpha > 0 && alpha < 1) {
		d.reject(BadMessage, "alpha must be a number above 0 and below 1, such as 0.1 for sets that hold the truth 90 times in 100")
		return next
	}
	d.m.Alpha = alpha
	return next
}

// number reads a float64; ok is false when the value is of another kind or
// out of range.
func (d *Decoder) number(i int) (f float64, next int, ok bool) {
	if c := d.s.peek(i); c != '-' && c-'0' >= 10 {
		return 0, d.s.skip(i, 1), false
	}
	next = d.s.numberAt(i)
	if next < 0 {
		return 0, next, false
	}
	f, ok = decimal.Float64(d.s.b[i:next])
	return f, next, ok
}

func (d *Decoder) detail(i int) int {
	if d.s.isNull(i) {
		return d.s.skip(i, 1)
	}
	if d.s.peek(i) != '[' {
		d.reject(BadMessage, expectedDetail)
		return d.s.skip(i, 1)
	}
	return d.list(i, d.oneDetail)
}

const (
	expectedDetail = "detail must be an array of \"scores\", \"outputs\", \"set\" and \"timing\""
	maxDetails     = 8
)

func (d *Decoder) oneDetail(i int) int {
	if d.details++; d.details > maxDetails {
		d.reject(BadMessage, expectedDetail+"; it has more than %d entries", maxDetails)
		return d.s.skip(i, 2)
	}
	if d.s.peek(i) != '"' {
		d.reject(BadMessage, expectedDetail)
		return d.s.skip(i, 2)
	}
	t, next := d.s.stringAt(i)
	var buf [longestName]byte
	switch string(d.s.name(t, buf[:])) {
	case "scores":
		d.m.Scores = true
	case "timing":
		d.m.Timing = true
	case "outputs":
		d.m.Outputs = true
	case "set":
		d.m.Set = true
	default:
		d.reject(BadMessage, expectedDetail)
	}
	return next
}

// list calls each with the position of every element of the array at i, until
// the message is refused: from there the rest is only checked.
func (d *Decoder) list(i int, each func(i int) int) int {
	return d.s.array(i, 1, func(i int) (int, bool) {
		next := each(i)
		return next, d.invalid == nil
	})
}

// shorten keeps what a client sent from filling an error message.
func shorten(b []byte) []byte {
	const most = 64
	if len(b) <= most {
		return b
	}
	return append(slices.Clone(b[:most]), "…"...)
}
