package server

import (
	"net/http"
	"unicode/utf8"

	"github.com/coder/websocket"

	"penstock/protocol"
)

// serveEcho returns each message as it came: a check of connectivity, and the
// ceiling that benchmarks compare with.
func (s *Server) serveEcho(w http.ResponseWriter, r *http.Request, _ string) {
	l, ok := s.connect(w, r, s.opt.MaxMessageBytes, false)
	if ok {
		l.start(func() { l.messages(l.echo) })
	}
}

func (l *link) echo(m message) {
	payload := m.plain()
	switch {
	case m.typ == websocket.MessageBinary:
		l.reply(opBinary, payload)
	case utf8.Valid(payload):
		l.reply(opText, payload)
	default:
		l.part(protocol.CloseInvalidText, "a text message must be UTF-8")
	}
}
