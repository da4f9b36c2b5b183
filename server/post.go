package server

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"
	"unicode/utf8"

	"penstock/access"
	"penstock/inference"
	"penstock/protocol"
	"penstock/server/budget"
	"penstock/server/manners"
	"penstock/server/socket"
	"penstock/serving"
)

// A caller whose requests by HTTP are wrong one after the other is not listened to, as a
// WebSocket's connection would be ended.
const faultsPerSecond, faultsAtOnce = 100, 500

// postTimeout is how long a body may take, as a message on a WebSocket may.
const postTimeout = 10 * time.Second

// servePost answers POST /v1/predict and POST /v1/feedback: the messages of a
// WebSocket as bodies, its replies as answers. kind is what a body without a type is.
func (s *Server) servePost(kind protocol.Kind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session, err := sessionName(r.URL.RawQuery)
		if err != nil {
			problem(w, http.StatusBadRequest, "bad_session", err.Error())
			return
		}
		guest, err := s.guest(r, access.Entry{})
		if err != nil {
			s.turnedAway(reasonOf(err), r.URL.Path, r.RemoteAddr)
			refused := refusalOf(err)
			if refused.Code == protocol.Unauthorized {
				challenge(w, reasonOf(err))
			}
			s.metrics.countError(refused.Code)
			writeRefusal(w, nil, refused)
			return
		}
		defer guest.Leave()
		if wait := s.faults.Wait(guest.Share()); wait > 0 {
			refused := protocol.Errorf(protocol.RateLimited, "too many requests of this caller were wrong; wait a moment")
			refused.RetryAfter = wait
			s.metrics.countError(refused.Code)
			writeRefusal(w, nil, refused)
			return
		}
		p := &post{server: s, kind: kind, guest: guest, came: time.Now(), done: make(chan struct{})}
		p.holder = s.opt.Budget.Enter(guest.Share())
		defer p.holder.Leave()
		caller := s.postCaller(guest, session)
		p.line = s.service.Open(&caller, p)
		defer p.line.Close() // first: who has gone is not waited for
		defer func() { p.holder.Give(p.owed) }()
		p.answerTo(w, r)
	}
}

// answerTo serves the request and writes its answer.
func (p *post) answerTo(w http.ResponseWriter, r *http.Request) {
	s := p.server
	id, answer, refused := p.serve(w, r)
	if refused != nil {
		// A body that is late ends the request's context, as net/http sees it.
		gone := p.gone || !p.late && r.Context().Err() != nil
		if p.counted {
			s.service.Ledger.Answered(endingOfRefusal(refused, !gone))
		}
		if gone {
			return
		}
		if manners.Blameworthy(refused.Code) && refused.Code != protocol.RateLimited {
			s.faults.Take(p.guest.Share())
		}
		s.metrics.countError(refused.Code)
		writeRefusal(w, id, refused)
		return
	}
	if answer != nil {
		writeJSON(w, answer)
	}
}

// postCaller is who sends a request by HTTP. Without a session, request ids are those
// of the user or, without tokens, of everybody at the address: there is no connection
// whose they could be.
func (s *Server) postCaller(guest *access.Session, session string) serving.Caller {
	if session != "" {
		return s.callerOf(guest, session)
	}
	caller := s.callerOf(guest, "@"+guest.Share()) // which is no session's name
	caller.Name = guest.Share()
	return caller
}

// post is the front of one request by HTTP: the handler's goroutine waits for the
// answer, and writes it down.
type post struct {
	server  *Server
	kind    protocol.Kind
	guest   *access.Session
	came    time.Time
	line    *serving.Line
	holder  *budget.Holder
	counted bool  // in the ledger, and no line's to end there
	gone    bool  // the client: its body broke off
	late    bool  // the body: its client may still listen
	size    int   // bytes of the body
	kept    int64 // bytes that it takes
	owed    int64 // bytes of the answer, until it is written

	// What follows is set before done is closed.
	once   sync.Once
	done   chan struct{}
	answer []byte // nil where the handler is to write it down
	lost   bool
}

// Answer implements serving.Front. The call stays with the handler, which waits for
// done, and writes down itself what is long.
func (p *post) Answer(c *serving.Call) bool {
	req := c.Own.(*request) //nolint:forcetypeassert // newRequest has set it
	if c.Result.Outcome == inference.Predicted && req.replyBound() <= socket.LongReply {
		p.answer = req.appendPrediction(nil)
	}
	p.end()
	return true
}

// Flush implements serving.Front: there is nothing that gathers.
func (p *post) Flush() {}

// Lose implements serving.Front.
func (p *post) Lose(_ *serving.Call, panicked any) {
	p.server.quiet.Log(slog.LevelError, "panic while an answer was made", "panic", panicked, "stack", string(debug.Stack()))
	p.lost = true
	p.end()
}

func (p *post) end() { p.once.Do(func() { close(p.done) }) }

// serve reads the body and acts on it. It returns what the answer is, or why there is
// none; neither when nobody waits for it any more.
func (p *post) serve(w http.ResponseWriter, r *http.Request) (id, answer []byte, refused *protocol.Error) {
	if p.kind == protocol.KindPredict {
		p.server.service.Ledger.Received()
		p.counted = true
	}
	if refused = p.fits(r); refused != nil {
		return nil, nil, refused
	}
	body, refused := p.read(w, r)
	defer func() { p.holder.Give(p.kept) }()
	if refused != nil {
		return nil, nil, refused
	}
	p.size = len(body)
	wiring := p.server.wirings.of()
	decoder := protocol.Decoder{
		MaxRows: p.server.opt.MaxRows, MaxFeatures: wiring.widest, MaxLabels: wiring.mostLabel, Default: p.kind,
	}
	var ask protocol.Ask
	refused = p.decode(r, body, &decoder, &ask)
	switch {
	case refused != nil:
		return ask.ID, nil, refused
	case ask.Kind != p.kind:
		return ask.ID, nil, protocol.Errorf(protocol.BadMessage, "this path takes messages of type %s; this one is of type %s", p.kind, ask.Kind)
	case p.kind == protocol.KindFeedback:
		answer, refused = p.feedback(&ask)
	default:
		answer, refused = p.predict(r, wiring, &decoder, &ask)
	}
	return ask.ID, answer, refused
}

// turn waits for the turn to work on something large, for as long as the client does.
func (p *post) turn(r *http.Request, size int) (socket.Turn, *protocol.Error) {
	turn, err := p.server.hub.Turn(r.Context(), p.guest.Share(), size)
	if err != nil {
		return turn, lost() // which nobody reads
	}
	return turn, nil
}

// decode takes a turn where that takes long.
func (p *post) decode(r *http.Request, body []byte, decoder *protocol.Decoder, ask *protocol.Ask) *protocol.Error {
	turn, refused := p.turn(r, len(body))
	if refused != nil {
		return refused
	}
	defer turn.End()
	if !utf8.Valid(body) {
		return protocol.Errorf(protocol.BadJSON, "the body is not UTF-8")
	}
	return decoder.Decode(body, ask)
}

// predict asks the model and waits for its answer, or until the client has gone.
func (p *post) predict(r *http.Request, wiring *wiring, decoder *protocol.Decoder, ask *protocol.Ask) ([]byte, *protocol.Error) {
	model, refused := wiring.findFor(p.guest.Grants(), ask.Model)
	if refused != nil {
		return nil, refused
	}
	if refused := p.server.mayPredict(p.guest, model, time.Time{}); refused != nil { // now that the body is whole
		return nil, refused
	}
	if refused := p.readRows(r, model, decoder, ask); refused != nil {
		return nil, refused
	}
	req := newRequest(model, ask)
	req.Arrived, req.Bytes = p.came, p.size
	bound := req.replyBound()
	if most := p.server.opt.MaxReplyBytes; bound > most {
		return nil, tooLarge(most, bound)
	}
	held := int64(req.rowBytes() + bound)
	if !p.holder.Take(held, false) {
		return nil, noMemory()
	}
	defer func() { p.holder.Give(held - p.owed) }()
	if err := p.line.Submit(&req.Call); err != nil {
		return nil, p.server.refusal(err)
	}
	select {
	case <-p.done:
	case <-r.Context().Done():
		p.line.Close() // counts it; what waits in the pool is gone before its memory counts no more
		return nil, nil
	}
	p.counted = false // the line has
	switch {
	case p.lost:
		return nil, lost()
	case req.Result.Outcome != inference.Predicted:
		return nil, p.server.failure(&req.Call)
	}
	if p.answer == nil {
		p.write(r, req)
	}
	if p.lost {
		return nil, lost()
	}
	req.recycle()
	p.owed = min(int64(len(p.answer)), held) // until the client has it
	return p.answer, nil
}

// write writes the answer down on the handler's goroutine, in a turn.
func (p *post) write(r *http.Request, req *request) {
	defer func() {
		if v := recover(); v != nil {
			p.Lose(&req.Call, v)
		}
	}()
	turn, refused := p.turn(r, req.replyBound())
	if refused != nil {
		p.lost = true
		return
	}
	defer turn.End()
	p.answer = req.appendPrediction(nil)
}

func lost() *protocol.Error {
	return protocol.Errorf(protocol.Internal, "the answer could not be made; send again")
}

// readRows makes the message's rows those of a model.
func (p *post) readRows(r *http.Request, model *wired, decoder *protocol.Decoder, ask *protocol.Ask) *protocol.Error {
	work := decoder.Work(ask, &model.row)
	if work > 0 && !p.holder.Room(int64(ask.Rows*model.RowBytes()), false) {
		return noMemory()
	}
	turn, refused := p.turn(r, work)
	if refused != nil {
		return refused
	}
	defer turn.End()
	return decoder.Rows(ask, &model.row)
}

func (p *post) feedback(ask *protocol.Ask) ([]byte, *protocol.Error) {
	to := addressOf(ask)
	result, err := p.line.Label(to.value(), labelsOf(ask.Labels))
	if err != nil {
		return nil, p.server.labelRefusal(err)
	}
	return protocol.AppendFeedbackOK(nil, ask.ID, result.Correct, ask.ManyLabels), nil
}

// writeRefusal answers with a typed error, as a WebSocket would, under the status of
// its code.
func writeRefusal(w http.ResponseWriter, id []byte, err *protocol.Error) {
	h := w.Header()
	switch {
	case err.RetryAfter > 0:
		h.Set("Retry-After", retrySeconds(err.RetryAfter))
	case err.Code == protocol.Draining:
		h.Set("Retry-After", "1") // as /readyz says
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(err.Code.Status())
	_, _ = w.Write(protocol.AppendError(nil, id, err)) //nolint:gosec // escaped JSON, and declared as such
}
