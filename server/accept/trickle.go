package accept

import (
	"context"
	"net"
)

// trickleBuffer is how much of a stream of small pieces the system holds for a
// peer that does not read.
const trickleBuffer = 4 << 10

type connKey struct{}

// Context is the http.Server's ConnContext: it lets Trickle find a request's
// connection.
func (l *Listener) Context(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// Trickle says that what is written to a request's connection from now on comes
// in small pieces with time between them. Not much of it is then buffered: it
// would take minutes of a peer that does not read until a write fails.
func Trickle(request context.Context) {
	conn, _ := request.Value(connKey{}).(net.Conn)
	if c := under(conn); c != nil {
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			_ = tcp.SetWriteBuffer(trickleBuffer)
		}
	}
}
