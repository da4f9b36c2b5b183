package accept

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"penstock/protocol"
)

// Reason says why a connection was refused, in metrics.
type Reason string

// The reasons.
const (
	Limit      Reason = "limit"       // as many as there may be, and none waits
	PerAddress Reason = "per_address" // likewise of one caller
	OpenFiles  Reason = "open_files"  // the process may not open more
)

const (
	maxLingering  = 8                      // refused connections that are given time to read why
	lingerTime    = 500 * time.Millisecond // that they are given
	lingerBytes   = 16 << 10               // that they may send meanwhile
	refuseTimeout = 50 * time.Millisecond  // for an answer to fit into a new socket's buffer, which it always should
)

// refuse tells a connection that there is no place, and closes it. Accept does
// not wait for it.
func (l *Listener) refuse(conn net.Conn, reason Reason) {
	l.metrics.refused[reason].Inc()
	l.opt.Log.Log(slog.LevelWarn, "connections were refused", "listener", l.opt.Name, "reason", string(reason),
		"places", l.opt.Places, "per_address", l.opt.PerAddress)
	if l.opt.TLS != nil { // it could read nothing before a handshake, which is not worth the work
		_ = conn.Close()
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.lingering <- struct{}{}:
		if !l.closed {
			l.refusals.Go(func() { l.sendAway(conn) })
			return
		}
		<-l.lingering
	default:
	}
	sayTryAgain(conn)
	_ = conn.Close()
}

// sendAway closes a connection so that its client gets to read why: one that is
// closed with input unread is reset, and the answer lost.
func (l *Listener) sendAway(conn net.Conn) {
	defer func() { <-l.lingering }()
	defer conn.Close()
	sayTryAgain(conn)
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_ = conn.SetReadDeadline(time.Now().Add(lingerTime))
		_, _ = io.CopyN(io.Discard, conn, lingerBytes)
	}
}

// sayTryAgain answers the request that a connection has not made yet. Jitter
// keeps refused clients from coming back all at once.
func sayTryAgain(conn net.Conn) {
	_ = conn.SetWriteDeadline(time.Now().Add(refuseTimeout))
	_, _ = conn.Write(answer(http.StatusServiceUnavailable, "try_again_later",
		"too many connections; try again after the time in Retry-After", fmt.Sprintf("Retry-After: %d\r\n", 1+rand.N(5))))
}

// answer spells a whole HTTP response after which the connection is closed.
func answer(status int, code, detail, header string) []byte {
	body := protocol.Problem(status, code, detail)
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nX-Content-Type-Options: nosniff\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n%s",
		status, http.StatusText(status), protocol.ProblemType, len(body), header, body)
}
