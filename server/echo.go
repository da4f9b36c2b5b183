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
	l, ok := s.connect(w, r, false)
	if ok {
		l.start(l.echo)
	}
}

func (l *link) echo() {
	for {
		buf := newBuffer()
		typ, frame, err := l.next(buf.b)
		buf.b = frame
		switch {
		case err != nil:
			buf.recycle()
			return
		case typ == websocket.MessageBinary:
			l.reply(opBinary, frame)
		case utf8.Valid(frame):
			l.reply(opText, frame)
		default:
			l.goodbye(protocol.CloseInvalidText, "a text message must be UTF-8")
		}
		buf.recycle()
		l.holdBack()
	}
}
