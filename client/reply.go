package client

import (
	"strconv"
	"unsafe"

	"penstock/protocol"
)

// reply is one message from the server, read.
type reply struct {
	kind replyKind
	id   ID // zero when the message has none

	prediction Prediction      // kindPrediction; without its rows where rest is given
	rest       *protocol.Reply // kindPrediction that was not plain: the call tells what it means
	correct    []bool          // kindFeedbackOK; nil for a regression
	err        *protocol.Error // kindError
	told       *told           // kindNotice and kindTold
	hello      *protocol.Hello // kindHello

	frame []byte // of a binary answer, valid until the next read
}

type replyKind uint8

const (
	kindOther replyKind = iota // a newer server's, or pong
	kindPrediction
	kindFeedbackOK
	kindError
	kindNotice
	kindHello
	kindTold // an answer without an ID: auth_ok, joined, left
)

// replyReader reads the server's messages. The plain prediction, one row
// without details, takes a scan that does not allocate but for the confidence;
// everything else goes through encoding/json. It is not safe for concurrent
// use.
type replyReader struct {
	// names holds the labels, models and versions seen, so that each is one
	// string. A server has few; a strange one is bounded by maxNames.
	names map[string]string
}

const maxNames = 4096

func newReplyReader() *replyReader { return &replyReader{names: make(map[string]string)} }

func (rr *replyReader) intern(b []byte) string {
	if s, ok := rr.names[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(rr.names) < maxNames {
		rr.names[s] = s
	}
	return s
}

// read reads one message into r.
func (rr *replyReader) read(b []byte, r *reply) error {
	*r = reply{}
	if rr.readPlain(b, r) {
		return nil
	}
	*r = reply{}
	return rr.readAny(b, r)
}

// readPlain reads a prediction of one row without details, written without
// spaces and escapes. It reports false, with r in any state, for all else.
func (rr *replyReader) readPlain(b []byte, r *reply) bool {
	const head = `{"type":"prediction","request_id":`
	if len(b) <= len(head) || string(b[:len(head)]) != head {
		return false
	}
	value, i := plainValue(b, len(head))
	var ok bool
	if r.id, ok = parseID(value); !ok {
		return false
	}
	r.kind, r.prediction.ID = kindPrediction, r.id
	answered := false
	for {
		switch {
		case i < 0 || i >= len(b):
			return false
		case b[i] == '}':
			return answered && i == len(b)-1
		case b[i] != ',':
			return false
		}
		var key []byte
		key, i = plainValue(b, i+1)
		if i < 0 || i >= len(b) || b[i] != ':' {
			return false
		}
		value, i = plainValue(b, i+1)
		if i < 0 || !rr.member(key, value, &r.prediction) {
			return false
		}
		answered = answered || string(key) == `"prediction"`
	}
}

// member stores one member of a plain prediction.
func (rr *replyReader) member(key, value []byte, p *Prediction) bool {
	switch string(key) {
	case `"prediction"`:
		return rr.name(value, &p.Label) || parseFloat(value, &p.Value)
	case `"confidence"`:
		if string(value) == "null" {
			return true
		}
		p.Confidence = new(float64)
		return parseFloat(value, p.Confidence)
	case `"model"`:
		return rr.name(value, &p.Model)
	case `"version"`:
		return rr.name(value, &p.Version)
	}
	return false
}

func (rr *replyReader) name(value []byte, out *string) bool {
	if value[0] != '"' {
		return false
	}
	*out = rr.intern(value[1 : len(value)-1])
	return true
}

func parseFloat(b []byte, out *float64) bool {
	f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(b), len(b)), 64)
	*out = f
	return err == nil
}

// plainValue returns the string with its quotes, or the number or word, that
// starts at i, and the position after it; −1 when it is anything else, or has
// escapes or characters beyond ASCII.
func plainValue(b []byte, i int) ([]byte, int) {
	if i >= len(b) {
		return nil, -1
	}
	start := i
	if b[i] == '"' {
		for i++; i < len(b); i++ {
			switch c := b[i]; {
			case c == '"':
				return b[start : i+1], i + 1
			case c == '\\', c < ' ', c >= 0x7f:
				return nil, -1
			}
		}
		return nil, -1
	}
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == ',' || c == '}':
			if i-start < 1 || i-start > 32 {
				return nil, -1
			}
			return b[start:i], i
		case c-'0' > 9 && c != '-' && c != '+' && c != '.' && (c < 'a' || c > 'z'):
			return nil, -1
		}
	}
	return nil, -1
}
