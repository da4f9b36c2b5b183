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
		if kind == websocket.MessageBinary {
			err = readBinary(b, &r)
		} else {
			err = replies.read(b, &r)
		}
		if err != nil {
			return &ConnError{CloseCode: abnormal, Err: err}
		}
		l.handle(&r)
	}
}

func (l *link) handle(r *reply) {
	switch r.kind {
	case kindPrediction, kindFeedbackOK:
		l.answer(r)
	case kindError:
		if !r.id.IsZero() || !l.asking.refuse(r.err) {
			l.answer(r)
		}
	case kindTold:
		if r.told.Type == "auth_ok" {
			l.renewer.learn(r.told)
		}
		l.asking.hear(r.told)
	case kindNotice:
		l.notice(r.told)
	}
}

func (l *link) notice(t *told) {
	switch t.Code {
	case noticeGoingAway:
		l.leave(t.Message)
	case noticeExpiring:
		l.renewer.warn(t)
	case noticeNotification:
		if l.c.inbox != nil {
			l.c.inbox.put(t.notification())
			return
		}
	}
	l.c.notice(protocol.Notice{Type: t.Type, Code: t.Code, Message: t.Message})
}

// leave sends what comes from now on to the next connection, and gives this one
// DrainTimeout to end.
func (l *link) leave(why string) {
	l.c.detach(l, &ConnError{CloseCode: protocol.CloseGoingAway, Reason: why})
	l.flight.close() // after detach, so that who comes now finds no link
	poke(l.leaving)
}

func (l *link) answer(r *reply) {
	c, ok := l.flight.land(r.id)
	if ok && r.kind == kindError && r.err.Code == protocol.Draining && l.sendAgain(r.id, c) {
		return
	}
	l.c.calling.Lock()
	defer l.c.calling.Unlock()
	if ok {
		defer l.c.freeFrame(c.frame)
	}
	switch {
	case !ok && r.kind == kindError && r.id.IsZero():
		l.c.notice(protocol.Notice{Type: "error", Code: r.err.Code.String(), Message: r.err.Message})
	case !ok:
		// A cancel that crossed with its reply, or a reply to nobody.
	case r.kind == kindError:
		c.fail(r.id, r.err)
	case r.kind == kindPrediction && c.kind == predictCall && r.frame != nil:
		p, err := l.binaryPrediction(r.frame, r.id, &c)
		if err != nil {
			c.fail(r.id, &ConnError{CloseCode: abnormal, Err: err})
			return
		}
		c.predicted(p, nil)
	case r.kind == kindPrediction && c.kind == predictCall && r.rest != nil:
		p, err := l.jsonPrediction(r, &c)
		if err != nil {
			c.fail(r.id, &ConnError{CloseCode: abnormal, Err: err})
			return
		}
		c.predicted(p, nil)
	case r.kind == kindPrediction && c.kind == predictCall:
		c.predicted(r.prediction, nil)
	case r.kind == kindFeedbackOK && c.kind == feedbackCall:
		if r.frame != nil && l.regressionsAlone() {
			r.correct = nil
		}
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
