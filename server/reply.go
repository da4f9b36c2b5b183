package server

import (
	"errors"
	"math"
	"slices"

	"penstock/inference"
	"penstock/model"
	"penstock/protocol"
	"penstock/quality"
	"penstock/server/socket"
	"penstock/serving"
)

// Reply implements inference.Sink: it turns what became of a request into a
// frame in the outbox. A panic on the way costs this connection, which is owed
// a reply that cannot be made, and no other.
func (c *predictor) Reply(r *inference.Request) {
	req := r.Owner.(*request)
	done := false
	defer func() {
		if !done {
			c.lose(req, recover())
		}
	}()
	if r.Outcome == inference.Predicted {
		req.decide()
		// Remembered before it is sent, so that no label can come too early.
		c.server.opt.Quality.Remember(quality.Prediction{
			Series: req.model.series, Rows: req.Rows, Scope: c.scope, Caller: c.caller, Name: c.name, ID: req.value(),
			Values: req.values, Confidences: req.knownConfidences(),
			At: req.Answered,
		})
	}
	req.lent = !r.Reusable()
	outcome := r.Outcome // a large reply is the writer's from enter on
	sent, kept := c.enter(req)
	done = true
	c.server.ledger.Answered(endingOf(outcome, sent))
	if !kept {
		req.recycle()
	}
}

// enter puts a reply into the outbox, if that is open. Kept says that it will be
// written down later, from the request's own memory.
func (c *predictor) enter(req *request) (sent, kept bool) {
	o := c.outbox
	o.Lock()
	defer o.Unlock()
	switch {
	case !o.Open():
		c.untakeLocked(req)
		return false, false
	case req.Outcome != inference.Predicted:
		c.untakeLocked(req)
		c.appendError(req.address, outcomeError(req))
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

// lose ends the connection of a request whose reply panicked.
func (c *predictor) lose(req *request, v any) {
	c.server.panicked(v)
	c.untake(req)
	c.server.ledger.Answered(serving.Undeliverable)
	c.Goodbye(protocol.CloseInternal, "internal error")
}

// Flush implements inference.Sink.
func (c *predictor) Flush() { c.outbox.Flush() }

// kind is that of the message that answers: of the same kind as the request.
func (a address) kind() socket.Kind {
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

// Append implements socket.Late.
func (req *request) Append(dst []byte) []byte {
	dst = req.appendPrediction(dst)
	req.recycle()
	return dst
}

func (req *request) appendPrediction(dst []byte) []byte {
	p := protocol.Prediction{
		ID: req.id, Rows: req.Rows, Many: req.many,
		Values: req.values, Confidences: req.confidences,
	}
	if req.scores {
		p.Scores = req.Scores
	}
	if req.topK > 0 {
		p.Top, p.TopScores = req.topK, req.Scores
	}
	if req.timing {
		p.Timing = &protocol.Timing{Queue: req.Queue, Compute: req.Compute, BatchRows: req.BatchRows}
	}
	if req.binary {
		return protocol.AppendBinaryPrediction(dst, req.number, &p)
	}
	return protocol.AppendPrediction(dst, req.model.format, &p)
}

// decide picks each row's answer: the class of the highest score, whose score
// is the confidence, or a regression's value, which comes without one.
func (req *request) decide() {
	values := slices.Grow(req.values[:0], req.Rows)[:req.Rows]
	confidences := slices.Grow(req.confidences[:0], req.Rows)[:req.Rows]
	req.values, req.confidences = values, confidences
	if req.model.spec.First().Kind == model.Values {
		copy(values, req.Scores)
		for row := range confidences {
			confidences[row] = float32(math.NaN())
		}
		return
	}
	width := len(req.Scores) / req.Rows
	scores := req.Scores
	for row := range confidences {
		class, confidence := highest(scores[:width])
		values[row], confidences[row] = float32(class), min(max(confidence, 0), 1)
		scores = scores[width:]
	}
}

// highest returns the first of the highest scores, of which there is at least
// one. They are finite.
//
// Which class wins is what no processor can guess, so there is no branch. Above
// zero, the bits of floats have the order of the floats: with the index
// subtracted below them, the largest of these integers has class and score.
func highest(scores []float32) (class int, score float32) {
	const below = 31 // bits for the index, and one to spare above
	best := int64(math.MinInt64 / 2)
	for i, s := range scores {
		entry := int64(int32(math.Float32bits(s)))<<below - int64(i)
		ahead := best - entry
		best -= ahead & (ahead >> 63) // the larger of the two
	}
	if best <= 0 {
		return highestOfAny(scores)
	}
	class = int(-best & (1<<below - 1))
	return class, scores[class]
}

// highestOfAny is highest where no score is above zero, as an engine's may be
// that gives no probabilities.
func highestOfAny(scores []float32) (class int, score float32) {
	score = scores[0]
	for i, s := range scores {
		if s > score {
			class, score = i, s
		}
	}
	return class, score
}

func (req *request) knownConfidences() []float32 {
	if req.model.spec.First().Kind == model.Values {
		return nil
	}
	return req.confidences
}

func outcomeError(req *request) *protocol.Error {
	switch req.Outcome {
	case inference.Expired:
		return protocol.Errorf(protocol.DeadlineExceeded, "no answer within the deadline; allow more time or send less")
	case inference.Stopped:
		return protocol.Errorf(protocol.Draining, "the server stopped before it got to this request; reconnect and send again")
	case inference.Failed:
		if errors.Is(req.Err, inference.ErrNotFinite) {
			return protocol.Errorf(protocol.ModelError, "the model gave a score that is not a finite number for this request")
		}
		return protocol.Errorf(protocol.ModelError, "the model failed on this request")
	}
	return protocol.Errorf(protocol.Internal, "the request ended in an unexpected way; send again")
}

// refuse answers a predict message that no pool has taken, or has given back.
func (c *predictor) refuse(to address, err *protocol.Error) {
	sent := c.sendError(to, err)
	c.server.ledger.Answered(endingOfRefusal(err.Code, sent))
}

func (c *predictor) tryError(to address, err *protocol.Error) bool {
	c.outbox.Lock()
	defer c.outbox.Unlock()
	if !c.outbox.Open() {
		return false
	}
	c.appendError(to, err)
	c.Appended()
	return true
}

// sendError sends a typed error, on the reader's goroutine, and counts it
// against a client whose fault it is. It reports whether the outbox was open.
func (c *predictor) sendError(to address, err *protocol.Error) bool {
	sent := c.tryError(to, err)
	c.manners.Blame(err.Code)
	return sent
}
