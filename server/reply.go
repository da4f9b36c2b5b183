package server

import (
	"time"

	"penstock/inference"
	"penstock/protocol"
	"penstock/server/socket"
	"penstock/serving"
)

// Answer implements serving.Front: it turns what became of a request into a frame in
// the outbox, if that is open.
func (c *predictor) Answer(call *serving.Call) (sent bool) {
	req := call.Own.(*request) //nolint:forcetypeassert // newRequest has set it
	req.lent = !call.Reusable()
	sent, kept := c.enter(req)
	if !kept {
		req.recycle()
	}
	return sent
}

// enter puts an answer into the outbox. Kept says that it will be written down later,
// from the request's own memory.
func (c *predictor) enter(req *request) (sent, kept bool) {
	o := c.outbox
	o.Lock()
	defer o.Unlock()
	switch {
	case !o.Open():
		c.untakeLocked(req)
		return false, false
	case req.Result.Outcome != inference.Predicted:
		c.untakeLocked(req)
		c.appendError(req.address, c.server.failure(&req.Call))
		return true, false
	}
	c.pending.remove(req)
	if req.debt.Frame > socket.LongReply {
		o.AnswerLate(req, req.kind(), req.debt)
		return true, true
	}
	o.Answer(req.appendPrediction(o.Begin()), req.kind(), req.debt)
	return true, false
}

// Append implements socket.Late.
func (r *request) Append(dst []byte) []byte {
	dst = r.appendPrediction(dst)
	r.recycle()
	return dst
}

// Lose implements serving.Front: it costs this connection, which is owed an answer
// that cannot be made, and no other.
func (c *predictor) Lose(call *serving.Call, panicked any) {
	c.server.panicked(panicked)
	c.untake(call.Own.(*request)) //nolint:forcetypeassert // newRequest has set it
	c.Goodbye(protocol.CloseInternal, "internal error")
}

// Flush implements serving.Front.
func (c *predictor) Flush() { c.outbox.Flush() }

// take enters a request among those in flight, and its bytes into the socket's
// account. It waits until there is room for the reply: meanwhile the socket is
// not read.
func (c *predictor) take(req *request) *protocol.Error {
	o := c.outbox
	if limit := o.MaxFrame(); req.debt.Frame > limit {
		return tooLarge(limit, req.debt.Frame)
	}
	o.Lock()
	defer o.Unlock()
	if !o.Fits(req.debt) {
		c.DropMessage()            // it is decoded
		if !o.WaitRoom(req.debt) { // the rows are here, however long the reply has to wait
			return noMemory()
		}
	}
	if len(req.id) > 0 && !c.pending.add(req) {
		return protocol.Errorf(protocol.DuplicateRequestID,
			"a request with this request_id is still in flight here; wait for its reply or use another id")
	}
	if !o.Take(req.debt) {
		c.pending.remove(req)
		return noMemory()
	}
	return nil
}

// untake is the opposite of take, for a request that gets another answer than
// its reply.
func (c *predictor) untake(req *request) {
	c.outbox.Lock()
	defer c.outbox.Unlock()
	c.untakeLocked(req)
}

func (c *predictor) untakeLocked(req *request) {
	c.pending.remove(req)
	c.outbox.Forgive(req.debt)
}

// kind is that of the message that answers: of the same kind as the request.
func (a *address) kind() socket.Kind {
	if a.binary {
		return socket.Binary
	}
	return socket.Text
}

// appendError appends the frame of a typed error. The caller holds the outbox's lock.
func (c *predictor) appendError(to address, err *protocol.Error) {
	c.server.metrics.countError(err.Code)
	dst := c.outbox.Begin()
	if to.binary {
		dst = protocol.AppendBinaryError(dst, to.number, err)
	} else {
		dst = protocol.AppendError(dst, to.id, err)
	}
	c.outbox.End(dst, to.kind())
}

// refuse answers a predict message that no pool has taken, or has given back. Who sends
// more than it may is slowed down, not shown out.
func (c *predictor) refuse(to address, err *protocol.Error) {
	if err.Code != protocol.RateLimited {
		c.server.service.Ledger.Answered(endingOfRefusal(err, c.sendError(to, err)))
		return
	}
	c.server.service.Ledger.Answered(endingOfRefusal(err, c.tellError(to, err)))
	if c.server.refused.Take(c.guest.Share()) > 0 {
		// Who does not listen is not read for a while: to read and refuse costs nearly
		// as much as to serve.
		c.Flush()
		<-time.After(floodPause)
	}
}

// A caller that goes on although it is told to wait, over all its sockets.
const (
	refusedPerSecond, refusedSeconds = 200, 2
	floodPause                       = 100 * time.Millisecond
)

// endingOfRefusal is how a request ended that a typed error answered.
func endingOfRefusal(err *protocol.Error, sent bool) serving.Ending {
	switch {
	case !sent:
		return serving.Undeliverable
	case err.Code == protocol.Overloaded:
		return serving.Shed
	}
	return serving.Failed
}

// sendError sends a typed error, on the reader's goroutine, and counts it
// against a client whose fault it is. It reports whether the outbox was open.
func (c *predictor) sendError(to address, err *protocol.Error) bool {
	defer c.manners.Blame(err.Code)
	return c.tellError(to, err)
}

// tellError sends a typed error that nobody is blamed for.
func (c *predictor) tellError(to address, err *protocol.Error) bool {
	c.outbox.Lock()
	defer c.outbox.Unlock()
	if !c.outbox.Open() {
		return false
	}
	c.appendError(to, err)
	c.Appended()
	return true
}
