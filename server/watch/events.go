package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"penstock/access"
	"penstock/monitor"
	"penstock/protocol"
	"penstock/server/accept"
	"penstock/server/socket"
)

const (
	eventHeartbeat = 15 * time.Second
	eventRetry     = 2 * time.Second // told to browsers, who reconnect after it
)

// ServeEvents carries the stream as server-sent events, until the request's context
// ends or its peer does not read. A client that comes back with Last-Event-ID gets
// what it missed, or, where that is forgotten, the history again.
func (d *Dashboards) ServeEvents(w http.ResponseWriter, r *http.Request, guest *access.Session) {
	EventHeaders(w.Header())
	ctx := r.Context()
	sub, state := d.opt.Monitor.Subscribe()
	defer sub.Close()
	out := &eventWriter{w: w, guest: guest, mail: new(mailbox), control: http.NewResponseController(w)}
	out.begin(state, r.Header.Get("Last-Event-ID"))
	if out.flush() != nil {
		return
	}
	accept.Trickle(ctx)
	defer d.opt.Audience.Enter(guest, out.mail).Leave()
	for out.next(ctx, sub) && out.flush() == nil {
		continue
	}
}

// EventHeaders sets the headers of a stream of events.
func EventHeaders(h http.Header) {
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies are not to hold frames back
}

// resume finds what a client missed since the event that it saw last.
func resume(state *monitor.State, lastID string) ([]monitor.Update, bool) {
	seq, err := strconv.ParseUint(lastID, 10, 64)
	if err != nil {
		return nil, false
	}
	return state.Since(seq)
}

// eventWriter writes server-sent events to a response, which buffers a few
// kilobytes. What is larger, such as the history, goes to the socket from the
// memory that all readers share.
type eventWriter struct {
	w       io.Writer
	guest   *access.Session
	mail    *mailbox // what the guest is told, besides updates
	control *http.ResponseController
	err     error // of the first write that failed
}

// begin writes what a client missed, or all that is known.
func (o *eventWriter) begin(state *monitor.State, lastID string) {
	o.expire()
	o.write("retry: %d\n\n", eventRetry.Milliseconds())
	if missed, ok := resume(state, lastID); ok {
		for _, u := range missed {
			o.update(u)
		}
		return
	}
	grants := o.guest.Grants()
	o.event(0, history(state, grants))
	for _, alert := range firing(state, grants) {
		o.event(0, protocol.Encode(alert))
	}
}

// next writes the next update, what came by mail, or a comment that keeps the connection
// alive.
func (o *eventWriter) next(ctx context.Context, sub *monitor.Subscription) bool {
	wait, cancel := context.WithTimeout(ctx, eventHeartbeat)
	defer cancel()
	o.mail.wake(cancel)
	u, err := sub.Next(wait)
	if o.guest.May(access.Dashboard, "", time.Time{}) != nil { // any more
		return false
	}
	mail := o.mail.take()
	o.expire()
	for _, message := range mail {
		o.event(0, message)
	}
	switch {
	case err == nil:
		o.update(u)
	case errors.Is(err, monitor.ErrStopped), ctx.Err() != nil:
		return false
	case len(mail) == 0:
		o.write(": alive\n\n")
	}
	return true
}

// update writes a frame. Only metrics carry an id, since they end a tick: a
// client that goes away between two alerts of a tick then gets both again
// rather than only the first.
func (o *eventWriter) update(u monitor.Update) {
	seen := sight(u, o.guest.Grants())
	switch {
	case seen == nil:
	case u.Metrics == nil:
		o.event(0, seen)
	default:
		o.event(u.Seq, seen)
	}
}

// event writes one event, without an id when that is zero. Its data has no line
// breaks: it is JSON.
func (o *eventWriter) event(id uint64, data []byte) {
	if id > 0 {
		o.write("id: %d\n", id)
	}
	o.write("data: ")
	if o.err == nil {
		_, o.err = o.w.Write(data)
	}
	o.write("\n\n")
}

func (o *eventWriter) write(format string, args ...any) {
	if o.err == nil {
		_, o.err = fmt.Fprintf(o.w, format, args...)
	}
}

// expire says how long the peer may take for what is written next. A listener
// that watches progress sets later times as the peer gets on.
func (o *eventWriter) expire() {
	_ = o.control.SetWriteDeadline(time.Now().Add(socket.WriteTimeout)) // HTTP/1 over TCP always can
}

func (o *eventWriter) flush() error { return errors.Join(o.err, o.control.Flush()) }
