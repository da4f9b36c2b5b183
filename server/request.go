package server

import (
	"errors"
	"hash/maphash"
	"sync"

	"penstock/inference"
	"penstock/protocol"
	"penstock/server/socket"
)

// request is one predict message on its way through a pool.
type request struct {
	inference.Request
	model *servedModel

	address
	key  uint64   // hash of the id
	next *request // in flight, in the same chain

	many, scores, timing bool
	topK                 int

	debt socket.Debt // the reply's frame; the features, the scores, and what is picked of them
	lent bool        // a worker still has a part of it, though it was answered

	values, confidences []float32 // of the reply
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
func addressOf(m *protocol.Message) address { return address{id: m.ID, plain: m.PlainID} }

// newRequest returns a request for a model, with used memory where there is
// some. The id is copied.
func newRequest(model *servedModel, a address) *request {
	r := requests.Get().(*request)
	a.id = append(r.id[:0], a.id...)
	r.model, r.Owner, r.address = model, r, a
	r.many, r.scores, r.timing, r.topK, r.lent = false, false, false, 0, false
	return r
}

// weigh says what the request will make its socket hold.
func (r *request) weigh() {
	// Used memory may be larger than what this request needs of it.
	spare := max(0, cap(r.Features)-r.Rows*r.model.spec.Features) + max(0, cap(r.Scores)-r.Rows*r.model.outputs)
	r.debt = socket.Debt{
		Frame: socket.HeaderBytes + r.model.replyBound(r),
		Rows:  r.Rows*r.model.rowBytes + 4*spare,
	}
}

// picked is how many numbers are picked of a row's scores: a value and a
// confidence.
const picked = 2

// largestKept bounds the rows' memory that a recycled request keeps.
const largestKept = 1 << 16

// recycle gives up a request that was answered, or refused.
func (r *request) recycle() {
	if cap(r.Features) > largestKept || cap(r.Scores) > largestKept || r.lent {
		return
	}
	r.model, r.next = nil, nil
	requests.Put(r)
}

// requestTable finds a connection's requests by id. It is a hash table whose
// entries are the requests themselves, chained: in the steady state nothing is
// allocated, and it costs a third of what a Go map does.
type requestTable struct {
	chains []*request // a power of two, none at first
	used   int
}

const firstChains = 16

var idSeed = maphash.MakeSeed()

func (f *requestTable) chain(key uint64) **request { return &f.chains[key&uint64(len(f.chains)-1)] }

// add enters a request, unless one with its id is there.
func (f *requestTable) add(r *request) bool {
	id := r.value()
	r.key = maphash.Bytes(idSeed, id)
	if f.lookup(r.key, id) != nil {
		return false
	}
	if f.used == len(f.chains) {
		f.grow()
	}
	f.used++
	f.put(r)
	return true
}

func (f *requestTable) put(r *request) {
	first := f.chain(r.key)
	r.next, *first = *first, r
}

func (f *requestTable) grow() {
	old := f.chains
	f.chains = make([]*request, max(firstChains, 2*len(old)))
	for _, r := range old {
		for r != nil {
			next := r.next
			f.put(r)
			r = next
		}
	}
}

// remove forgets a request; one without an id was never there.
func (f *requestTable) remove(r *request) {
	if len(r.id) == 0 {
		return
	}
	for at := f.chain(r.key); *at != nil; at = &(*at).next {
		if *at == r {
			*at = r.next
			f.used--
			return
		}
	}
}

func (f *requestTable) find(id []byte) *request { return f.lookup(maphash.Bytes(idSeed, id), id) }

func (f *requestTable) lookup(key uint64, id []byte) *request {
	if f.used == 0 {
		return nil
	}
	r := *f.chain(key)
	for r != nil && (r.key != key || string(r.value()) != string(id)) {
		r = r.next
	}
	return r
}

// submitError puts a pool's refusal into the protocol's words.
func submitError(err error) *protocol.Error {
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
	case errors.Is(err, inference.ErrDraining), errors.Is(err, inference.ErrStreamClosed):
		return protocol.Errorf(protocol.Draining, "the server is going away; reconnect and send again")
	}
	return protocol.Errorf(protocol.Internal, "the request could not be accepted; send again")
}
