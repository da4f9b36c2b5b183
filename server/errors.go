package server

import (
	"errors"
	"time"

	"penstock/inference"
	"penstock/protocol"
	"penstock/quality"
	"penstock/serving"
)

// refusal puts why a call was not accepted into the protocol's words.
func (s *Server) refusal(err error) *protocol.Error {
	var overloaded *inference.OverloadedError
	var shape *inference.ShapeError
	var rows *inference.RowsError
	switch {
	case errors.As(err, &overloaded):
		e := protocol.Errorf(protocol.Overloaded, "the queue is full; send again after retry_after_ms, or more slowly")
		e.RetryAfter = overloaded.RetryAfter
		return e
	case errors.As(err, &shape):
		return protocol.WrongCount(protocol.BadFeatures, shape.Expected, shape.Got, "wrong number of features")
	case errors.As(err, &rows):
		return protocol.WrongCount(protocol.TooManyRows, rows.Max, rows.Got, "too many rows in one request; split it")
	case errors.Is(err, inference.ErrDraining) && !s.draining.Load():
		return goingAway()
	case errors.Is(err, inference.ErrDraining), errors.Is(err, inference.ErrStreamClosed):
		return protocol.Errorf(protocol.Draining, "the server is going away; reconnect and send again")
	}
	if refused := s.accessRefusal(err); refused != nil {
		return refused
	}
	return protocol.Errorf(protocol.Internal, "the request could not be accepted; send again")
}

// goingAway refuses a call to a version that left the catalog just after it was looked
// up.
func goingAway() *protocol.Error {
	err := protocol.Errorf(protocol.Unavailable, "this version of the model is going away; send again")
	err.RetryAfter = time.Millisecond
	return err
}

// failure puts why a call has no prediction into the protocol's words.
func (s *Server) failure(c *serving.Call) *protocol.Error {
	switch c.Result.Outcome {
	case inference.Expired:
		return protocol.Errorf(protocol.DeadlineExceeded, "no answer within the deadline; allow more time or send less")
	case inference.Stopped:
		if !s.draining.Load() {
			return goingAway()
		}
		return protocol.Errorf(protocol.Draining, "the server stopped before it got to this request; reconnect and send again")
	case inference.Unavailable:
		err := protocol.Errorf(protocol.Unavailable, "what runs the model is away at the moment; send again")
		err.RetryAfter = unavailableRetry
		return err
	case inference.Failed:
		if errors.Is(c.Result.Err, inference.ErrNotFinite) {
			return protocol.Errorf(protocol.ModelError, "the model gave a score that is not a finite number for this request")
		}
		return protocol.Errorf(protocol.ModelError, "the model failed on this request")
	}
	return protocol.Errorf(protocol.Internal, "the request ended in an unexpected way; send again")
}

// unavailableRetry is when to ask again for an engine that is away: about as long as
// a process takes to start.
const unavailableRetry = time.Second

// labelRefusal puts why labels were not taken into the protocol's words.
func (s *Server) labelRefusal(err error) *protocol.Error {
	code := protocol.Internal
	var bad *quality.BadLabelError
	switch {
	case errors.Is(err, quality.ErrUnknownRequest):
		code = protocol.UnknownRequest
	case errors.Is(err, quality.ErrDuplicateFeedback):
		code = protocol.DuplicateFeedback
	case errors.As(err, &bad):
		code = protocol.BadLabel
	default:
		if refused := s.accessRefusal(err); refused != nil {
			return refused
		}
	}
	return protocol.Errorf(code, "%s", err)
}

// noMemory refuses a request that the budget has no room for.
func noMemory() *protocol.Error {
	err := protocol.Errorf(protocol.Overloaded, "the server has no memory left for this request; send again after retry_after_ms, or less at a time")
	err.RetryAfter = memoryRetry
	return err
}

// memoryRetry is when a client that there was no memory for may try again: who
// holds it and does not get on is gone after socket.WriteTimeout.
const memoryRetry = time.Second

// tooLarge refuses a request whose reply alone could be longer than a client may be
// owed.
func tooLarge(limit, bound int) *protocol.Error {
	return protocol.WrongCount(protocol.TooLarge, limit, bound,
		"the reply could have more bytes than one client may be owed; ask for fewer rows in a request, or without scores, outputs, set and top_k")
}
