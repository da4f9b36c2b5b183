package server

import (
	"crypto/rand"
	"net/http"
	"sync"
	"unicode/utf8"

	"penstock/access"
	"penstock/protocol"
	"penstock/server/audience"
	"penstock/server/manners"
	"penstock/server/socket"
	"penstock/serving"
)

// predictor is one connection to /ws/predict: a front of serving. Its reader decodes
// messages and submits calls; workers of the pools append the answers to the
// connection's outbox, through Answer.
type predictor struct {
	*socket.Conn
	outbox  *socket.Outbox
	manners manners.Meter
	server  *Server
	session string // the client's name for its stream; empty without
	guest   *access.Session
	caller  serving.Caller
	line    *serving.Line
	member  *audience.Member

	decoder protocol.Decoder
	ask     protocol.Ask
	size    int     // bytes of the message at hand
	rows    *rows   // ask's features lie in it; nil between messages
	order   []told  // of models, as hello told it last: what a binary frame's index means
	wiring  *wiring // of the catalog when the last message came

	pending requestTable // guarded by the outbox's lock
}

func (s *Server) servePredict(w http.ResponseWriter, r *http.Request, session string) {
	s.admit(w, r, visit{
		endpoint: socket.Endpoint{MaxMessageBytes: s.opt.MaxMessageBytes, Notices: true},
		serve:    func(conn *socket.Conn, guest *access.Session) { s.predicts(conn, guest, session) },
	})
}

// predicts serves a connection to /ws/predict, on its reader's goroutine.
func (s *Server) predicts(conn *socket.Conn, guest *access.Session, session string) {
	greeted := conn.Subprotocol() != ""
	if greeted && session == "" {
		session = rand.Text()
	}
	c := &predictor{
		Conn: conn, outbox: conn.Outbox(), manners: manners.Of(conn), server: s, session: session, guest: guest,
		decoder: protocol.Decoder{MaxRows: s.opt.MaxRows},
	}
	name := session
	if name == "" {
		name = s.clients.number()
	}
	c.caller = s.callerOf(guest, name)
	c.line = s.service.Open(&c.caller, c)
	defer c.line.Close()
	client := s.clientName(guest, name)
	s.clients.enter(client)
	defer s.clients.leave(client)
	c.look()
	c.order = c.known()
	if greeted {
		c.greet()
	}
	c.member = s.audience.Enter(guest, c)
	defer c.member.Leave()
	c.Messages(socket.Handler{Message: c.handle, Idle: c.forget})
}

// known are the models that the guest knows of, in the order of hello.
func (c *predictor) known() []told { return c.wiring.known(c.guest.Grants()) }

// greet tells what is served. From then on indices mean what it tells.
func (c *predictor) greet() {
	c.order = c.known()
	c.Send(socket.Text, c.server.hello(c.session, c.wiring.snapshot, c.guest.Grants()))
}

// look takes the catalog as it is now.
func (c *predictor) look() {
	if now := c.server.wirings.of(); now != c.wiring {
		c.wiring = now
		c.decoder.MaxFeatures, c.decoder.MaxLabels = now.widest, now.mostLabel
	}
}

// handle acts on one message.
func (c *predictor) handle(received socket.Message) {
	c.look()
	c.size = len(received.Payload)
	err := c.decode(received)
	if err == errAnswered {
		return
	}
	ask := &c.ask
	switch {
	case err != nil && (ask.Kind == 0 || ask.Kind == protocol.KindPredict):
		c.server.service.Ledger.Received()
		c.refuse(addressOf(ask), err)
	case err != nil:
		c.sendError(addressOf(ask), err)
	case ask.Kind == protocol.KindPredict:
		c.Asked(len(received.Payload))
		c.predict(ask)
	case ask.Kind == protocol.KindFeedback:
		c.feedback(ask)
	case ask.Kind == protocol.KindCancel:
		c.cancel(addressOf(ask))
	default:
		c.converse(ask)
	}
}

// converse answers what has nothing to do with predictions.
func (c *predictor) converse(ask *protocol.Ask) {
	if !c.manners.Ping() {
		return
	}
	switch ask.Kind {
	case protocol.KindPing:
		c.Send(socket.Text, []byte(`{"type":"pong"}`))
	case protocol.KindAuth:
		c.renew(ask.Token)
	case protocol.KindJoin:
		if err := c.member.Join(string(ask.Group)); err != nil {
			c.sendError(address{}, c.server.accessRefusal(err))
		}
	case protocol.KindLeave:
		c.member.Part(string(ask.Group))
	case protocol.KindHello:
		if err := c.manners.Hello(); err != nil {
			c.sendError(address{}, err)
			return
		}
		c.greet()
	}
}

// renew answers an auth message.
func (c *predictor) renew(token []byte) {
	answer, err := c.server.renew(c.guest, &c.manners, token)
	if err != nil {
		c.sendError(address{}, err)
		return
	}
	c.Send(socket.Text, answer)
	c.member.Reconsider()
}

// errAnswered says that a message needs nothing more.
var errAnswered = new(protocol.Error)

// decode reads a message into c.ask. What takes long takes turns with that of other
// connections.
func (c *predictor) decode(received socket.Message) *protocol.Error {
	if received.Kind == socket.Binary {
		c.scratch()
		return c.decoder.DecodeBinary(received.Payload, received.Mask, &c.ask)
	}
	defer c.Turn(len(received.Payload)).End()
	frame := received.Plain()
	if string(frame) == "ping" {
		if c.manners.Ping() {
			c.Send(socket.Text, []byte("pong"))
		}
		return errAnswered
	}
	if !utf8.Valid(frame) {
		c.Part(protocol.CloseInvalidText, "a text message must be UTF-8")
		return errAnswered
	}
	c.scratch()
	return c.decoder.Decode(frame, &c.ask)
}

// rows is memory for what messages hold, shared by all connections.
type rows struct{ features []float32 }

var spareRows = sync.Pool{New: func() any { return new(rows) }}

// scratch gets memory for the rows of a message.
func (c *predictor) scratch() {
	if c.rows == nil {
		c.rows = spareRows.Get().(*rows)
		c.ask.Features = c.rows.features
	}
}

// forget lets go of what messages needed, before the reader waits: an idle
// socket holds nothing, whatever it sent before.
func (c *predictor) forget() {
	if c.rows == nil {
		return
	}
	if cap(c.ask.Features) <= largestKept {
		c.rows.features = c.ask.Features[:0]
		spareRows.Put(c.rows)
	}
	c.rows, c.ask = nil, protocol.Ask{}
	c.wiring = nil // which holds models that may go meanwhile
	c.decoder.Forget()
}

// predict hands a request to its model's pool, or refuses it.
func (c *predictor) predict(ask *protocol.Ask) {
	c.server.service.Ledger.Received()
	to := addressOf(ask)
	model, err := c.model(ask)
	if err == nil {
		err = c.server.mayPredict(c.guest, model, c.Arrived())
	}
	if err == nil { // what rows must be is told to those alone who may send some
		err = c.readRows(model, ask)
	}
	if err != nil {
		c.refuse(to, err)
		return
	}
	req := newRequest(model, ask)
	req.Arrived, req.Bytes = c.Arrived(), c.size
	c.submit(req)
}

// model finds the model that a message asks for.
func (c *predictor) model(ask *protocol.Ask) (*wired, *protocol.Error) {
	if !ask.Binary {
		return c.wiring.findFor(c.guest.Grants(), ask.Model)
	}
	if ask.ModelIndex >= len(c.order) {
		return nil, protocol.WrongCount(protocol.UnknownModel, len(c.order)-1, ask.ModelIndex, "no model has this index; the order is that of hello")
	}
	return c.wiring.told(&c.order[ask.ModelIndex])
}

// readRows makes the message's rows those of a model; see decode about turns. What
// would be read for nothing is refused before.
func (c *predictor) readRows(model *wired, ask *protocol.Ask) *protocol.Error {
	if most := c.server.opt.MaxRows; ask.Rows > most {
		return protocol.WrongCount(protocol.TooManyRows, most, ask.Rows, "a request has at least one row and not more than expected")
	}
	work := c.decoder.Work(ask, &model.row)
	if work > 0 && !c.Room(ask.Rows*model.RowBytes()) {
		return noMemory()
	}
	defer c.Turn(work).End()
	return c.decoder.Rows(ask, &model.row)
}

// submit hands a request to the pool, or refuses and recycles it. When there is
// no more input to read, this goroutine may run the batch itself.
func (c *predictor) submit(req *request) {
	req.debt = socket.Debt{Frame: socket.HeaderBytes + req.replyBound(), Rows: req.rowBytes()}
	if err := c.take(req); err != nil {
		c.refuse(req.address, err)
		req.recycle()
		return
	}
	if err := c.hand(req); err != nil {
		c.untake(req)
		c.refuse(req.address, c.server.refusal(err))
		req.recycle()
	}
}

// hand gives the pool a request, which is not ours any more without an error.
func (c *predictor) hand(req *request) error {
	if c.More() {
		return c.line.Submit(&req.Call)
	}
	led, err := c.line.Lead(&req.Call)
	if led {
		c.Appended()
	}
	return err
}

// cancel takes a request back and answers it, if it is still in flight. A
// cancel that crossed the request's prediction gets no answer: the request has
// had its one.
func (c *predictor) cancel(to address) {
	req, cancelled := c.takeBack(to.value())
	switch {
	case cancelled:
		c.refuse(req.address, protocol.Errorf(protocol.Cancelled, "cancelled by the client"))
		req.lent = !req.Reusable()
		req.recycle()
	case req == nil && !c.line.Remembers(to.value()):
		c.sendError(to, protocol.Errorf(protocol.UnknownRequest, "no request with this request_id is in flight here"))
	}
}

// takeBack finds a request in flight and has its pool give it up.
func (c *predictor) takeBack(id []byte) (req *request, cancelled bool) {
	c.outbox.Lock()
	defer c.outbox.Unlock()
	if req = c.pending.find(id); req == nil || !c.line.Cancel(&req.Call) {
		return req, false
	}
	c.untakeLocked(req)
	return req, true
}
