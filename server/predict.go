package server

import (
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"unicode/utf8"

	"penstock/inference"
	"penstock/protocol"
	"penstock/quality"
	"penstock/server/manners"
	"penstock/server/socket"
)

// predictor is one connection to /ws/predict. Its reader decodes messages and
// submits requests; workers of the pools append the replies to the connection's
// outbox, through requests' Reply.
type predictor struct {
	*socket.Conn
	outbox  *socket.Outbox
	manners manners.Meter
	server  *Server
	session string        // the client's name for its stream; empty without
	scope   quality.Scope // whose request ids these are
	user    string
	caller  string // who shares with whom; see Server.caller
	name    string // of the session, or "#" and the number of the connection

	decoder protocol.Decoder
	message protocol.Message
	rows    *rows               // message's features lie in it; nil between messages
	decimal []byte              // scratch for a binary request's id
	streams []*inference.Stream // one per model, opened when first used

	pending requestTable // guarded by the outbox's lock
}

func (s *Server) servePredict(w http.ResponseWriter, r *http.Request, session string) {
	conn, ok := s.connect(w, r, socket.Endpoint{MaxMessageBytes: s.opt.MaxMessageBytes, Notices: true})
	if !ok {
		return
	}
	greeted := conn.Subprotocol() != ""
	if greeted && session == "" {
		session = rand.Text()
	}
	c := &predictor{
		Conn: conn, outbox: conn.Outbox(), manners: manners.Of(conn),
		server: s, session: session, user: anonymous, caller: s.caller(r),
		streams: make([]*inference.Stream, len(s.models)),
		decoder: protocol.Decoder{MaxRows: s.opt.MaxRows, MaxFeatures: s.widest},
	}
	identity := s.clients.identify(c.user, session)
	c.scope = s.opt.Quality.Scope(c.user, identity)
	c.name = strings.TrimPrefix(identity, c.user+" ")
	s.clients.enter(identity)
	c.Start(func() {
		defer s.clients.leave(identity)
		defer c.hangUp()
		if greeted {
			c.Send(socket.Text, s.hello(session))
		}
		c.Messages(socket.Handler{Message: c.handle, Idle: c.forget})
	})
}

// anonymous is everybody's name while there is no authentication.
const anonymous = "anonymous"

// handle acts on one message.
func (c *predictor) handle(received socket.Message) {
	if received.Kind == socket.Binary {
		c.handleBinary(received)
		return
	}
	err := c.decode(received)
	if err == errAnswered {
		return
	}
	m := &c.message
	if err != nil {
		if m.Kind == 0 || m.Kind == protocol.KindPredict {
			c.server.ledger.Received()
			c.refuse(addressOf(m), err)
		} else {
			c.sendError(addressOf(m), err)
		}
		return
	}
	switch m.Kind {
	case protocol.KindPredict:
		c.Asked(len(received.Payload))
		c.predict(m)
	case protocol.KindFeedback:
		c.feedback(m)
	case protocol.KindCancel:
		c.cancel(addressOf(m))
	default:
		c.converse(m)
	}
}

// converse answers what has nothing to do with predictions.
func (c *predictor) converse(m *protocol.Message) {
	if !c.manners.Ping() {
		return
	}
	switch m.Kind {
	case protocol.KindPing:
		c.Send(socket.Text, []byte(`{"type":"pong"}`))
	case protocol.KindAuth:
		c.Send(socket.Text, protocol.Encode(protocol.AuthOK{Type: "auth_ok", User: c.user}))
	case protocol.KindHello:
		if err := c.manners.Hello(); err != nil {
			c.sendError(address{}, err)
			return
		}
		c.Send(socket.Text, c.server.hello(c.session))
	}
}

// errAnswered says that a message needs nothing more.
var errAnswered = new(protocol.Error)

// decode reads a text message into c.message. What takes long takes turns with
// that of other connections.
func (c *predictor) decode(received socket.Message) *protocol.Error {
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
	return c.decoder.Decode(frame, &c.message)
}

// rows is memory for what JSON messages hold, shared by all connections.
type rows struct{ features []float32 }

var spareRows = sync.Pool{New: func() any { return new(rows) }}

// scratch gets memory for the row of a message.
func (c *predictor) scratch() {
	if c.rows == nil {
		c.rows = spareRows.Get().(*rows)
		c.message.Features = c.rows.features
	}
}

// forget lets go of what messages needed, before the reader waits: an idle
// socket holds nothing, whatever it sent before.
func (c *predictor) forget() {
	if c.rows == nil {
		return
	}
	if cap(c.message.Features) <= largestKept {
		c.rows.features = c.message.Features[:0]
		spareRows.Put(c.rows)
	}
	c.rows, c.message = nil, protocol.Message{}
	c.decoder.Forget()
}

// predict hands a request to its model's pool, or refuses it.
func (c *predictor) predict(m *protocol.Message) {
	c.server.ledger.Received()
	model, refusal := c.server.model(m)
	if refusal != nil {
		c.refuse(addressOf(m), refusal)
		return
	}
	if refusal := c.shift(model, m); refusal != nil {
		c.refuse(addressOf(m), refusal)
		return
	}
	req := newRequest(model, addressOf(m))
	req.many, req.scores, req.timing, req.topK = m.Many, m.Scores, m.Timing, m.TopK
	req.Rows, req.Arrived, req.Deadline = m.Rows, c.Arrived(), m.Deadline
	req.Features, m.Features = m.Features, req.Features // the message takes the request's old memory
	c.submit(req)
}

// shift takes the model's means off the features, where they are so large that
// float32 does not tell what lies beside them; see decode about turns.
func (c *predictor) shift(model *servedModel, m *protocol.Message) *protocol.Error {
	if model.spec.Shift == nil {
		return nil
	}
	defer c.Turn(8 * len(m.Features)).End()
	return c.decoder.Shift(model.spec.Shift)
}

// submit hands a request to the pool, or refuses and recycles it. When there is
// no more input to read, this goroutine may run the batch itself.
func (c *predictor) submit(req *request) {
	req.weigh()
	if err := c.take(req); err != nil {
		c.refuse(req.address, err)
		req.recycle()
		return
	}
	if err := c.hand(req); err != nil {
		c.untake(req)
		c.refuse(req.address, submitError(err))
		req.recycle()
	}
}

// hand gives the pool a request, which is not ours any more without an error.
func (c *predictor) hand(req *request) error {
	stream := c.stream(req.model)
	if c.More() {
		return stream.Submit(&req.Request)
	}
	led, err := stream.Lead(&req.Request)
	if led {
		c.Appended()
	}
	return err
}

// model finds the model that a message asks for, and checks the row's shape.
func (s *Server) model(m *protocol.Message) (*servedModel, *protocol.Error) {
	model := s.models[0]
	if len(m.Model) > 0 {
		var ok bool
		if model, ok = s.byName[string(m.Model)]; !ok {
			return nil, protocol.Errorf(protocol.UnknownModel, "no model of that name is served here; the default is %q", s.models[0].name)
		}
	}
	if m.Rows == 0 {
		return nil, protocol.WrongCount(protocol.TooManyRows, s.opt.MaxRows, 0, "a request needs at least one row")
	}
	if m.Width != model.spec.Features {
		return nil, protocol.WrongCount(protocol.BadFeatures, model.spec.Features, m.Width, "wrong number of features in a row")
	}
	return model, nil
}

// stream returns this connection's stream to a model.
func (c *predictor) stream(m *servedModel) *inference.Stream {
	if c.streams[m.index] == nil {
		c.streams[m.index] = m.pool.Open(c, c.caller)
	}
	return c.streams[m.index]
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
	case req == nil && !c.server.opt.Quality.Remembers(c.scope, to.value()):
		c.sendError(to, protocol.Errorf(protocol.UnknownRequest, "no request with this request_id is in flight here"))
	}
}

// takeBack finds a request in flight and has its pool give it up.
func (c *predictor) takeBack(id []byte) (req *request, cancelled bool) {
	c.outbox.Lock()
	defer c.outbox.Unlock()
	if req = c.pending.find(id); req == nil || !c.streams[req.model.index].Cancel(&req.Request) {
		return req, false
	}
	c.untakeLocked(req)
	return req, true
}

// hangUp tells the pools that nobody waits for replies any more.
func (c *predictor) hangUp() {
	left := 0
	for _, stream := range c.streams {
		if stream != nil {
			left += stream.Close()
		}
	}
	c.server.ledger.Lost(left)
}
