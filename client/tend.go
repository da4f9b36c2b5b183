package client

import (
	"context"
	"fmt"
	"time"

	"penstock/protocol"
)

// tend keeps a connection alive, gives up on a dead one, and says goodbye when
// ctx ends. It runs until the reader has stopped, when alive ends as well.
func (l *link) tend(ctx, alive context.Context) {
	o := &l.c.opts
	beat := time.NewTicker(o.PingInterval)
	defer beat.Stop()
	var overdue <-chan time.Time // after a going_away notice
	for {
		select {
		case <-l.ended:
			return
		case <-ctx.Done():
			l.goodbye()
			return
		case <-l.leaving:
			if overdue == nil {
				timer := time.NewTimer(o.DrainTimeout)
				defer timer.Stop()
				overdue = timer.C
			}
		case <-overdue:
			l.giveUp(&ConnError{CloseCode: protocol.CloseGoingAway,
				Reason: fmt.Sprintf("still there %v after it said going_away", o.DrainTimeout)}, 0)
			overdue = nil
		case <-beat.C:
			l.ping(alive)
		}
	}
}

// ping asks for a sign of life.
func (l *link) ping(alive context.Context) {
	ctx, cancel := context.WithTimeout(alive, l.c.opts.PingTimeout)
	defer cancel()
	// The context ends the wait for the pong. Where it ends a stalled write as
	// well, the connection is lost anyhow.
	if err := l.s.ws.Ping(ctx); err != nil && alive.Err() == nil {
		l.giveUp(&ConnError{CloseCode: abnormal,
			Reason: fmt.Sprintf("no answer to a ping within %v", l.c.opts.PingTimeout)}, 0)
	}
}

// goodbye closes in the orderly way, for as long as CloseTimeout.
func (l *link) goodbye() {
	l.giveUp(&ConnError{CloseCode: protocol.CloseNormal, Reason: "the client was closed", Final: true}, l.c.opts.CloseTimeout)
	_ = l.s.ws.Close(protocol.CloseNormal, "")
}
