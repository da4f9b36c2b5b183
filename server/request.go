package server

import (
	"sync"

	"penstock/protocol"
	"penstock/serving"
)

// request is one predict message on its way, from whichever front: what is asked,
// and how it is to be answered.
type request struct {
	serving.Call
	model *wired
	address

	many, scores, timing bool
	topK                 int

	lent bool // a worker still has a part of it, though it was answered
	booked
}

var requests = sync.Pool{New: func() any { return new(request) }}

// address is how a reply finds the request that it answers.
type address struct {
	id     []byte // as it was sent; a binary request's in decimal; empty without
	plain  []byte // the id without escapes, where it has some
	binary bool   // the reply is a binary frame, with number for its id
	number uint64
}

// value is the id as ids are compared.
func (a *address) value() []byte {
	if a.plain != nil {
		return a.plain
	}
	return a.id
}

// addressOf is where answers to a message go.
func addressOf(ask *protocol.Ask) address {
	return address{id: ask.ID, plain: ask.PlainID, binary: ask.Binary, number: ask.Number}
}

// newRequest returns what a message asks of a model, with used memory where there is
// some. The id is copied; the rows become the request's, and the message takes the
// request's old memory in exchange.
func newRequest(model *wired, ask *protocol.Ask) *request {
	r := requests.Get().(*request)
	a := addressOf(ask)
	a.id = append(r.id[:0], a.id...)
	r.address, r.ID = a, a.value()
	r.model, r.Deployment, r.Own = model, model.Deployment, r
	r.many, r.scores, r.timing, r.topK, r.lent = ask.Many, ask.Scores, ask.Timing, ask.TopK, false
	r.AllOutputs, r.Set, r.Alpha = ask.Outputs, ask.Set, ask.Alpha
	r.Rows, r.Deadline = ask.Rows, ask.Deadline
	r.Features, ask.Features = ask.Features, r.Features
	return r
}

// rowBytes is what the request's rows take on their way. Used memory may be larger
// than what they need of it.
func (r *request) rowBytes() int {
	spare := max(0, cap(r.Features)-r.Rows*r.model.Spec.Features) + max(0, cap(r.Result.Scores)-r.Rows*r.model.Width())
	each := r.model.RowBytes()
	if r.Set {
		each += r.model.SetBytes()
	}
	return r.Rows*each + 4*spare
}

// replyBound returns how many bytes the reply has at most.
func (r *request) replyBound() int {
	if r.binary {
		outputs := 0
		if r.scores {
			outputs = r.model.Width()
		}
		return protocol.BinaryReplyLength(r.Rows, outputs)
	}
	return r.model.format.MaxLength(protocol.ReplyShape{
		IDLength: len(r.id), Rows: r.Rows, Many: r.many,
		Scores: r.scores, Top: r.topK, Sets: r.Set, Outputs: r.AllOutputs, Timing: r.timing,
	})
}

// largestKept bounds the rows' memory that a recycled request keeps.
const largestKept = 1 << 16

// recycle gives up a request that was answered, or refused.
func (r *request) recycle() {
	if cap(r.Features) > largestKept || cap(r.Result.Scores) > largestKept || r.lent {
		return
	}
	r.model, r.Deployment, r.next = nil, nil, nil
	requests.Put(r)
}

// appendPrediction appends the reply of a request that was predicted.
func (r *request) appendPrediction(dst []byte) []byte {
	decided := r.Decided()
	p := protocol.Prediction{
		ID: r.id, Rows: r.Rows, Many: r.many, First: decided[0],
		Scores: r.Result.Scores, WithScores: r.scores, Top: r.topK, Sets: r.Sets(),
	}
	if r.AllOutputs {
		p.All = decided
	}
	if r.timing {
		p.Timing = &protocol.Timing{Queue: r.Result.Queue, Compute: r.Result.Compute, BatchRows: r.Result.BatchRows}
	}
	if r.binary {
		return protocol.AppendBinaryPrediction(dst, r.number, r.model.format, &p)
	}
	return protocol.AppendPrediction(dst, r.model.format, &p)
}
