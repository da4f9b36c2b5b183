package socket_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"penstock/protocol"
	"penstock/server/budget"
	"penstock/server/socket"
	"penstock/server/socket/pipe"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// setup says what a rig is. The zero value has connections of TCP.
type setup struct {
	hub      socket.Options
	maxBytes int // of a message; default 1 MiB
	inMemory bool
	tls      bool // in memory, with TLS above
	// connected is called for a connection to /custom, and must Start it.
	connected func(*socket.Conn)
	gate      chan struct{} // not nil: the worker answers once for each that comes, and without end when it is closed
}

// rig is a hub that serves two endpoints: /echo, where the reader sends every
// message back, and /worker, where a worker does, as answers to requests. At the
// end nobody may be connected, and nothing be held.
type rig struct {
	t        testing.TB
	hub      *socket.Hub
	budget   *budget.Budget
	listener net.Listener
	dial     func(context.Context) (net.Conn, error)
	work     chan request
	stop     func()
}

// request is a message on its way to the worker.
type request struct {
	conn    *socket.Conn
	kind    socket.Kind
	payload []byte
	debt    socket.Debt
}

func start(t testing.TB, s setup) *rig {
	t.Helper()
	r := &rig{t: t, budget: budget.New(64 << 20), work: make(chan request)}
	if s.hub.MaxConns == 0 {
		s.hub.MaxConns = 1000
	}
	if s.hub.MaxReplyBytes == 0 {
		s.hub.MaxReplyBytes = 2 << 20
	}
	if s.maxBytes == 0 {
		s.maxBytes = 1 << 20
	}
	s.hub.Budget = r.budget
	r.hub = socket.NewHub(s.hub)
	r.listen(s)
	public := &http.Server{Handler: r.handler(s), ReadHeaderTimeout: 5 * time.Second}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.hub.Run(ctx) })
	running.Go(func() { _ = public.Serve(r.listener) })
	running.Go(func() { r.worker(s.gate) })
	r.stop = sync.OnceFunc(func() {
		ending, done := context.WithTimeout(ctx, patience)
		defer done()
		r.hub.Close(ending, 0)
		if ending.Err() != nil {
			t.Error("closing took too long")
		}
		_ = public.Close()
		close(r.work)
		cancel()
		running.Wait()
		if n, bytes := r.hub.Count(), r.budget.Used(); n != 0 || bytes != 0 {
			t.Errorf("%d connections and %d bytes are left", n, bytes)
		}
	})
	t.Cleanup(r.stop)
	return r
}

func (r *rig) listen(s setup) {
	if s.inMemory || s.tls {
		pipes := pipe.Listen(pipe.New)
		r.listener, r.dial = pipes, pipes.Dial
		if s.tls {
			r.layer()
		}
		return
	}
	var err error
	if r.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		r.t.Fatal(err)
	}
	address := r.listener.Addr().String()
	r.dial = func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", address) }
}

func (r *rig) handler(s setup) http.Handler {
	mux := http.NewServeMux()
	serve := func(path string, connected func(*socket.Conn)) {
		mux.HandleFunc(path, func(w http.ResponseWriter, request *http.Request) {
			name := request.URL.Query().Get("caller")
			place, err := r.hub.Enter(socket.Visitor{Share: name, Caller: name, TLS: request.TLS != nil})
			if err != nil {
				http.Error(w, err.Error(), http.StatusServiceUnavailable)
				return
			}
			conn, err := r.hub.Upgrade(w, request, place, socket.Endpoint{MaxMessageBytes: s.maxBytes, Subprotocol: "sub", Notices: true})
			if err != nil {
				place.Release()
				return
			}
			connected(conn)
		})
	}
	handled := func(handle func(*socket.Conn, socket.Message)) func(*socket.Conn) {
		return func(conn *socket.Conn) {
			conn.Start(func() {
				conn.Messages(socket.Handler{Message: func(m socket.Message) {
					if m.Payload = m.Plain(); m.Kind == socket.Text && !utf8.Valid(m.Payload) {
						conn.Part(protocol.CloseInvalidText, "a text message must be UTF-8")
						return
					}
					handle(conn, m)
				}})
			})
		}
	}
	serve("/echo", handled(func(conn *socket.Conn, m socket.Message) { conn.Send(m.Kind, m.Payload) }))
	serve("/worker", handled(r.ask))
	if s.connected != nil {
		serve("/custom", s.connected)
	}
	return mux
}

// ask hands a message to the worker. Its answer may be as long again.
func (r *rig) ask(conn *socket.Conn, m socket.Message) {
	q := request{
		conn: conn, kind: m.Kind, payload: slices.Clone(m.Payload),
		debt: socket.Debt{Frame: socket.HeaderBytes + 2*len(m.Payload), Rows: 100},
	}
	o := conn.Outbox()
	o.Lock()
	if !o.Fits(q.debt) {
		conn.DropMessage()
		if !o.WaitRoom(q.debt) {
			r.t.Error("no memory while it waits")
		}
	}
	taken := o.Take(q.debt)
	o.Unlock()
	if !taken {
		conn.Part(protocol.CloseTryLater, "no memory")
		return
	}
	r.work <- q
}

// worker answers what it is asked, late where that is long.
func (r *rig) worker(gate <-chan struct{}) {
	for q := range r.work {
		if gate != nil {
			<-gate
		}
		o := q.conn.Outbox()
		o.Lock()
		switch {
		case !o.Open():
			o.Forgive(q.debt)
		case q.debt.Frame > socket.LongReply:
			o.AnswerLate(late(q.payload), q.kind, q.debt)
		default:
			o.Answer(append(o.Begin(), q.payload...), q.kind, q.debt)
		}
		o.Unlock()
		o.Flush()
	}
}

// late is a long answer.
type late []byte

func (l late) Append(dst []byte) []byte { return append(dst, l...) }

// closed reads until the connection ends, and checks the close frame.
func (w *wire) closed(code int, reason string) {
	w.t.Helper()
	for {
		op, payload, err := w.next()
		switch {
		case err != nil:
			w.t.Fatalf("%v; want a close frame with %d %s", err, code, reason)
		case op != closing:
			continue
		}
		if got, why := int(payload[0])<<8|int(payload[1]), string(payload[2:]); got != code || why != reason {
			w.t.Errorf("closed with %d %s; want %d %s", got, why, code, reason)
		}
		if _, err := io.ReadAll(w.in); err != nil && code == protocol.CloseNormal {
			w.t.Error(err)
		}
		return
	}
}
