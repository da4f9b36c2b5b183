package server

import (
	"time"

	"penstock/protocol"
)

// take enters a request among those in flight, and its bytes into the socket's
// account. It waits until there is room for the reply: meanwhile the socket is
// not read.
func (c *predictor) take(req *request) *protocol.Error {
	o := &c.outbox
	if limit := o.account.limit; req.promised > limit {
		return protocol.WrongCount(protocol.TooLarge, limit, req.promised,
			"the reply could have more bytes than one socket may be owed; ask for fewer rows in a request, or without scores and top_k")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	rows := req.rowBytes
	if !o.account.fits(req.promised) {
		c.usedMessage()               // it is decoded
		if !o.account.open(0, rows) { // they are here, however long the reply has to wait
			return noMemory()
		}
		o.waitUntil(func() bool { return o.account.fits(req.promised) || !o.open() })
		o.account.settle(0, -rows)
	}
	if len(req.id) > 0 && !c.flying.add(req) {
		return protocol.Errorf(protocol.DuplicateRequestID,
			"a request with this request_id is still in flight here; wait for its reply or use another id")
	}
	if !o.account.open(req.promised, rows) {
		c.flying.remove(req)
		return noMemory()
	}
	c.owed++
	return nil
}

func noMemory() *protocol.Error {
	err := protocol.Errorf(protocol.Overloaded, "the server has no memory left for this request; send again after retry_after_ms, or less at a time")
	err.RetryAfter = memoryRetry
	return err
}

// memoryRetry is when a client that there was no memory for may try again: who
// holds it and does not get on is gone after writeTimeout.
const memoryRetry = time.Second

// untake is the opposite of take, for a request that gets another answer than
// its reply.
func (c *predictor) untake(req *request) {
	c.outbox.mu.Lock()
	defer c.outbox.mu.Unlock()
	c.untakeLocked(req)
}

func (c *predictor) untakeLocked(req *request) {
	c.settled(req)
	c.outbox.account.settle(-req.promised, -req.rowBytes)
}

// settled takes a request from among those that the peer waits for. The caller
// holds outbox.mu.
func (c *predictor) settled(req *request) {
	c.flying.remove(req)
	if c.owed--; c.owed == 0 {
		c.outbox.changed.Broadcast() // the reader may wait for it, to say goodbye
	}
}
