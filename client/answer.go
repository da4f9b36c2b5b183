package client

import (
	"fmt"

	"github.com/coder/websocket"

	"penstock/protocol"
)

// read answers calls until the connection ends. Callbacks run here, without a
// lock.
func (l *link) read() error {
	replies := newReplyReader()
	var r reply
	for {
		kind, b, err := l.s.read()
		if err != nil {
			return err
		}
		if kind != websocket.MessageText {
			continue // we asked for none; a newer server may know why
		}
		if err := replies.read(b, &r); err != nil {
			return &ConnError{CloseCode: abnormal, Err: err}
		}
		l.handle(&r)
	}
}

func (l *link) handle(r *reply) {
	switch r.kind {
	case kindPrediction, kindFeedbackOK, kindError:
		l.answer(r)
	case kindNotice:
		switch r.notice.Code {
		case "going_away":
			l.c.detach(l, &ConnError{CloseCode: protocol.CloseGoingAway, Reason: r.notice.Message})
			l.flight.close() // after detach, so that who comes now finds no link
			poke(l.leaving)
		case "token_expiring":
			poke(l.renew)
		}
		l.c.notice(r.notice)
	}
}

func (l *link) answer(r *reply) {
	c, ok := l.flight.land(r.id)
	switch {
	case !ok && r.kind == kindError && r.id.IsZero():
		l.c.notice(protocol.Notice{Type: "error", Code: r.err.Code.String(), Message: r.err.Message})
	case !ok:
		// A cancel that crossed with its reply, or a reply to nobody.
	case r.kind == kindError:
		c.fail(r.id, r.err)
	case r.kind == kindPrediction && c.kind == predictCall:
		c.predicted(r.prediction, nil)
	case r.kind == kindFeedbackOK && c.kind == feedbackCall:
		c.labelled(r.correct, nil)
	default:
		c.fail(r.id, &ConnError{CloseCode: abnormal, Reason: fmt.Sprintf("the reply to %s is of another kind", r.id)})
	}
}

func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
