package server

import (
	"context"
	"errors"
	"net/http"
	"time"
	"unicode/utf8"

	"penstock/access"
	"penstock/protocol"
	"penstock/server/manners"
	"penstock/server/socket"
)

const (
	// provingTime is how long a client may take to send its token after a handshake
	// without one.
	provingTime = 5 * time.Second
	// provingBytes is the largest message until then.
	provingBytes = 4 << 10
)

// visit is a WebSocket on its way in: the handshake, and then, where it brought no
// token, the first message, which must.
type visit struct {
	server   *Server
	path     string
	remote   string
	address  string // who shares with whom until somebody has said who it is
	endpoint socket.Endpoint
	// needs is what the endpoint's guests must have the right to; nil: nothing.
	needs *access.Action
	// serve takes the connection over, on its reader's goroutine. It returns when that
	// ends. The guest is left by others.
	serve func(conn *socket.Conn, guest *access.Session)
}

// admit completes a handshake and finds out who is there, or says what is wrong.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, v visit) {
	v.server, v.path, v.remote, v.address = s, r.URL.Path, r.RemoteAddr, s.address(r)
	if !s.knock(r) {
		s.tooBusy(w, r, refusedHandshakes, errors.New("too many handshakes from this address"))
		return
	}
	id, err := s.identify(r)
	if errors.Is(err, access.ErrUnavailable) {
		s.metrics.countRefusal(access.Unavailable)
		s.tooBusy(w, r, refusedUnchecked, err)
		return
	}
	if err != nil {
		v.admitStranger(w, r, err)
		return
	}
	guest, err := s.opt.Access.Enter(id, access.Entry{Share: v.address, Socket: true})
	var many *access.ManyError
	switch {
	case errors.As(err, &many):
		s.metrics.countRefusal(access.ManySockets)
		s.tooBusy(w, r, refusedPerUser, err)
		return
	case err != nil: // revoked meanwhile
		v.admitStranger(w, r, err)
		return
	}
	conn, ok := s.connect(w, r, s.visitorAs(guest, r), v.endpoint)
	if !ok {
		guest.Leave()
		return
	}
	if why := v.mayNot(guest); why != "" {
		conn.Start(func() {
			defer guest.Leave()
			v.turnAway(conn, why, protocol.ReasonForbidden)
		})
		return
	}
	serve := v.serve // of the visit nothing else is kept for as long as the connection lives
	conn.Start(func() { s.take(conn, guest, serve) })
}

// mayNot is why a guest is not served at the endpoint; empty where it is.
func (v *visit) mayNot(guest *access.Session) access.Reason {
	if v.needs == nil {
		return ""
	}
	return reasonOf(guest.May(*v.needs, "", time.Time{}))
}

// take serves a guest until the connection ends.
func (s *Server) take(conn *socket.Conn, guest *access.Session, serve func(*socket.Conn, *access.Session)) {
	defer guest.Leave()
	guest.Watch(&warden{s, conn})
	serve(conn, guest)
}

// admitStranger completes the handshake of somebody who brought no token, or a bad
// one: a browser tells its page nothing of a handshake that fails, but it does of a
// close frame.
func (v *visit) admitStranger(w http.ResponseWriter, r *http.Request, refused error) {
	s, visitor := v.server, v.server.visitor(r)
	if !s.strangers.enter(visitor.Caller) {
		s.tooBusy(w, r, refusedStrangers, errors.New("too many connections that have not sent a token; send it with the handshake"))
		return
	}
	endpoint := v.endpoint
	endpoint.MaxMessageBytes = min(endpoint.MaxMessageBytes, provingBytes)
	conn, ok := s.connect(w, r, visitor, endpoint)
	if !ok {
		s.strangers.leave(visitor.Caller)
		return
	}
	conn.Start(func() {
		if guest := v.meet(conn, visitor.Caller, reasonOf(refused)); guest != nil {
			s.take(conn, guest, v.serve)
		}
	})
}

// meet finds out who a stranger is. It returns nil when the connection has ended.
func (v *visit) meet(conn *socket.Conn, address string, why access.Reason) *access.Session {
	defer v.server.strangers.leave(address)
	if why != access.Missing {
		v.turnAway(conn, why, protocol.ReasonUnauthorized)
		return nil
	}
	guest := v.prove(conn)
	if guest == nil {
		return nil
	}
	if why := v.mayNot(guest); why != "" {
		defer guest.Leave()
		v.turnAway(conn, why, protocol.ReasonForbidden)
		return nil
	}
	return guest
}

// turnAway says goodbye to somebody who is not let in.
func (v *visit) turnAway(conn *socket.Conn, why access.Reason, reason string) {
	v.server.turnedAway(why, v.path, v.remote)
	conn.Goodbye(protocol.ClosePolicy, reason)
	conn.Messages(socket.Handler{Message: func(socket.Message) {}})
}

// prove reads the first message, which must be auth, and answers it. It returns nil
// when the connection has ended.
func (v *visit) prove(conn *socket.Conn) (guest *access.Session) {
	limit := time.AfterFunc(provingTime, func() {
		v.server.turnedAway(access.Missing, v.path, v.remote)
		conn.End(protocol.ClosePolicy, protocol.ReasonAuth)
	})
	defer limit.Stop()
	goesOn := conn.Message(func(m socket.Message) {
		if !limit.Stop() {
			return // too late
		}
		guest = v.first(conn, m)
	})
	switch {
	case guest == nil && goesOn: // it is to end, and waits for its peer
		conn.Messages(socket.Handler{Message: func(socket.Message) {}})
		return nil
	case guest == nil:
		return nil
	case !goesOn:
		guest.Leave()
		return nil
	case !conn.Belong(guest.Share()):
		guest.Leave()
		conn.Goodbye(protocol.CloseTryLater, socket.ErrNoMemory.Error())
		conn.Messages(socket.Handler{Message: func(socket.Message) {}})
		return nil
	}
	conn.SetMaxMessageBytes(v.endpoint.MaxMessageBytes)
	return guest
}

// first acts on the first message of somebody who has not said who he is. It returns
// nil where that is not enough, and has said goodbye then.
func (v *visit) first(conn *socket.Conn, m socket.Message) *access.Session {
	away := func(why access.Reason, code int, reason string) *access.Session {
		v.server.turnedAway(why, v.path, v.remote)
		conn.Goodbye(code, reason)
		return nil
	}
	frame := m.Plain()
	var ask protocol.Ask
	var decoder protocol.Decoder
	if m.Kind != socket.Text || !utf8.Valid(frame) || decoder.Decode(frame, &ask) != nil || ask.Kind != protocol.KindAuth || len(ask.Token) == 0 {
		return away(access.Missing, protocol.ClosePolicy, protocol.ReasonAuth)
	}
	ctx, cancel := context.WithTimeout(context.Background(), provingTime)
	defer cancel()
	id, err := v.server.opt.Access.Token(ctx, string(ask.Token))
	if errors.Is(err, access.ErrUnavailable) {
		return away(access.Unavailable, protocol.CloseTryLater, err.Error())
	}
	if err != nil {
		return away(reasonOf(err), protocol.ClosePolicy, protocol.ReasonUnauthorized)
	}
	guest, err := v.server.opt.Access.Enter(id, access.Entry{Share: v.address, Socket: true})
	var many *access.ManyError
	switch {
	case errors.As(err, &many):
		return away(access.ManySockets, protocol.CloseTryLater, err.Error())
	case err != nil:
		return away(reasonOf(err), protocol.ClosePolicy, protocol.ReasonUnauthorized)
	}
	conn.Send(socket.Text, authOK(guest))
	return guest
}

func authOK(guest *access.Session) []byte {
	return protocol.Encode(protocol.AuthOK{Type: "auth_ok", Standing: standing(guest)})
}

// renew answers an auth message of somebody who is in already.
func (s *Server) renew(guest *access.Session, meter *manners.Meter, token []byte) (answer []byte, refused *protocol.Error) {
	if !s.opt.Access.Asks() { // there is nothing more to say
		return protocol.Encode(struct {
			Type string `json:"type"`
			User string `json:"user"`
		}{"auth_ok", guest.User()}), nil
	}
	if err := meter.Auth(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), provingTime)
	defer cancel()
	if err := guest.Renew(ctx, string(token)); err != nil {
		return nil, s.accessRefusal(err)
	}
	return authOK(guest), nil
}

// warden tells a connection what becomes of its guest.
type warden struct {
	server *Server
	conn   *socket.Conn
}

// Expiring implements access.Watcher.
func (w *warden) Expiring(until time.Time) {
	w.conn.Tell(protocol.Encode(protocol.Notice{
		Type: "notice", Code: "token_expiring", Expires: until.UTC().Format(time.RFC3339),
		Message: "the token expires soon; send auth with a new one to stay connected",
	}))
}

// End implements access.Watcher.
func (w *warden) End(why access.Reason) {
	w.server.metrics.countRefusal(why)
	reason := protocol.ReasonExpired
	if why == access.Revoked {
		reason = protocol.ReasonRevoked
	}
	w.conn.End(protocol.ClosePolicy, reason)
}
