package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"penstock/monitor"
	"penstock/protocol"
)

const (
	eventHeartbeat = 15 * time.Second
	eventRetry     = 2 * time.Second // told to browsers, who reconnect after it
)

// serveEvents carries the dashboard's stream as server-sent events. A client
// that comes back with Last-Event-ID gets what it missed, or, where that is
// forgotten, the history again.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	if !s.reserve(w) {
		return
	}
	defer s.hub.release()
	out := &eventWriter{w: w, control: http.NewResponseController(w)}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies are not to hold frames back
	ctx, cancel := s.hub.untilClosing(r.Context())
	defer cancel()

	sub, state := s.monitor.Subscribe()
	defer sub.Close()
	fmt.Fprintf(&out.buf, "retry: %d\n\n", eventRetry.Milliseconds())
	if missed, ok := resume(state, r.Header.Get("Last-Event-ID")); ok {
		for _, u := range missed {
			out.update(u)
		}
	} else {
		out.event(0, state.History())
		for _, alert := range state.Firing() {
			out.event(0, protocol.Encode(alert))
		}
	}
	for out.flush() == nil {
		if !out.next(ctx, sub) {
			return
		}
	}
}

// resume finds what a client missed since the event that it saw last.
func resume(state *monitor.State, lastID string) ([]monitor.Update, bool) {
	seq, err := strconv.ParseUint(lastID, 10, 64)
	if err != nil {
		return nil, false
	}
	return state.Since(seq)
}

// eventWriter writes server-sent events to a response.
type eventWriter struct {
	w       io.Writer
	control *http.ResponseController
	buf     bytes.Buffer
}

// next buffers the next update, or a comment that keeps the connection alive.
func (o *eventWriter) next(ctx context.Context, sub *monitor.Subscription) bool {
	wait, cancel := context.WithTimeout(ctx, eventHeartbeat)
	defer cancel()
	u, err := sub.Next(wait)
	switch {
	case err == nil:
		o.update(u)
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		o.buf.WriteString(": alive\n\n")
	default:
		return false
	}
	return true
}

// update buffers a frame. Only metrics carry an id, since they end a tick: a
// client that goes away between two alerts of a tick then gets both again
// rather than only the first.
func (o *eventWriter) update(u monitor.Update) {
	if u.Metrics == nil {
		o.event(0, u.Encoded)
		return
	}
	o.event(u.Seq, u.Encoded)
}

// event buffers one event, without an id when that is zero. Its data has no
// line breaks: it is JSON.
func (o *eventWriter) event(id uint64, data []byte) {
	if id > 0 {
		fmt.Fprintf(&o.buf, "id: %d\n", id)
	}
	fmt.Fprintf(&o.buf, "data: %s\n\n", data)
}

func (o *eventWriter) flush() error {
	_ = o.control.SetWriteDeadline(time.Now().Add(writeTimeout)) // HTTP/1 over TCP always can
	_, err := o.buf.WriteTo(o.w)
	return errors.Join(err, o.control.Flush())
}
