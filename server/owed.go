package server

import (
	"time"

	"penstock/protocol"
)

// take enters a request among those in flight, and its bytes into the socket's
// account. It waits until there is room for the reply: meanwhile the socket is
// not read.
func (c *predictor) take(req *request) *protocol.Error {
	o := c.outbox
	if limit := o.MaxFrame(); req.debt.Frame > limit {
		return protocol.WrongCount(protocol.TooLarge, limit, req.debt.Frame,
			"the reply could have more bytes than one socket may be owed; ask for fewer rows in a request, or without scores and top_k")
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

func noMemory() *protocol.Error {
	err := protocol.Errorf(protocol.Overloaded, "the server has no memory left for this request; send again after retry_after_ms, or less at a time")
	err.RetryAfter = memoryRetry
	return err
}

// memoryRetry is when a client that there was no memory for may try again: who
// holds it and does not get on is gone after socket.WriteTimeout.
const memoryRetry = time.Second

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
