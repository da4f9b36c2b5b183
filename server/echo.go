package server

import (
	"net/http"
	"unicode/utf8"

	"penstock/access"
	"penstock/protocol"
	"penstock/server/socket"
)

// serveEcho returns each message as it came: a check of connectivity, and the
// ceiling that benchmarks compare with.
func (s *Server) serveEcho(w http.ResponseWriter, r *http.Request, _ string) {
	s.admit(w, r, visit{endpoint: socket.Endpoint{MaxMessageBytes: s.opt.MaxMessageBytes}, serve: echoes})
}

func echoes(conn *socket.Conn, _ *access.Session) {
	conn.Messages(socket.Handler{Message: func(m socket.Message) {
		payload := m.Plain()
		if m.Kind == socket.Text && !utf8.Valid(payload) {
			conn.Part(protocol.CloseInvalidText, "a text message must be UTF-8")
			return
		}
		conn.Send(m.Kind, payload)
	}})
}
