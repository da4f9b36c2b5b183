package socket

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Conn is one WebSocket. See the package's comment for who may call what: "the
// reader" is the goroutine of Start, on which Handler is called.
type Conn struct {
	hub    *Hub
	place  Place // given back by finish
	ws     *websocket.Conn
	wire   wire
	inbox  inbox
	outbox Outbox
	state  state

	// On the hub's clock. lastRead is when bytes came last, or when the reader
	// was ready for more; messageSince is since when it waits for the rest of a
	// message, zero when it does not.
	lastRead     atomic.Int64
	messageSince atomic.Int64

	// The reader's own.
	handler   Handler
	message   *buffer // what readMessage read
	inMessage bool
	unflushed bool // it appended frames to the outbox

	notices  bool                      // the peer understands what Hub.Announce sends
	farewell atomic.Pointer[[]byte]    // the close frame that Part or End has made
	pinged   ping                      // the sweep's own
	pings    atomic.Pointer[pingMeter] // made by the reader with the first ping: most peers send none
}

// Endpoint is how connections of a kind are served.
type Endpoint struct {
	// MaxMessageBytes is the largest message that a peer may send. A larger one
	// ends its connection with 1009.
	MaxMessageBytes int
	// Subprotocol is chosen where the client offers it, spelt the same (RFC 6455,
	// section 11.5). Default: none.
	Subprotocol string
	// Notices says that peers understand what Hub.Announce sends.
	Notices bool
}

// Upgrade does the handshake in a place. On an error the response has been
// written, and the place is the caller's still; else it is the connection's,
// which the caller must Start. Over TLS, the connection beneath must have a method
// Divert as that of accept.Conn, or a peer that is slow for a moment is lost.
func (h *Hub) Upgrade(w http.ResponseWriter, r *http.Request, place Place, endpoint Endpoint) (*Conn, error) {
	c := &Conn{hub: h, place: place, notices: endpoint.Notices}
	c.wire.conn = c
	ws, err := websocket.Accept(&hijacker{ResponseWriter: w, conn: c, maxBytes: endpoint.MaxMessageBytes}, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // Origin and Host are the caller's to check
		Subprotocols:       offered(r, endpoint.Subprotocol),
		CompressionMode:    websocket.CompressionDisabled,
		OnPingReceived:     func(_ context.Context, payload []byte) bool { return c.pingReceived(payload) },
		OnPongReceived:     func(context.Context, []byte) { c.controlReceived() },
	})
	if err != nil {
		if c.wire.Conn != nil {
			_ = c.wire.Conn.Close()
		}
		return nil, err
	}
	c.ws = ws
	ws.SetReadLimit(int64(endpoint.MaxMessageBytes))
	c.lastRead.Store(h.now())
	h.add(c)
	return c, nil
}

// offered returns the subprotocol if the client offers it. Names of subprotocols
// are compared as they are spelt; coder/websocket ignores case, and answers with
// the first that it takes for ours.
func offered(r *http.Request, subprotocol string) []string {
	if subprotocol == "" {
		return nil
	}
	for name := range strings.SplitSeq(strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ","), ",") {
		if strings.TrimSpace(name) == subprotocol {
			r.Header.Set("Sec-WebSocket-Protocol", subprotocol)
			return []string{subprotocol}
		}
	}
	return nil
}

// hijacker hands coder/websocket the wire in place of the raw connection.
type hijacker struct {
	http.ResponseWriter
	conn     *Conn
	maxBytes int // of a message
}

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	c := h.conn
	socket := socketOf(conn)
	if tcp, ok := beneath(socket).(*net.TCPConn); ok {
		// A client that never reads would else have the kernel buffer megabytes.
		_ = tcp.SetWriteBuffer(sendBuffer)
	}
	early, _ := rw.Reader.Peek(rw.Reader.Buffered()) // what is there can be peeked at
	c.wire.Conn = conn
	c.inbox.init(socket, h.maxBytes, early)
	c.outbox.init(c.hub, c.place.holder, socket)
	// net/http's buffers stay behind, for its next connection. The reader is
	// small because the inbox reads ahead; only control frames go through the
	// writer, and the largest has 127 bytes.
	return &c.wire, bufio.NewReadWriter(bufio.NewReaderSize(&c.wire, 64), bufio.NewWriterSize(&c.wire, 256)), nil
}

// Start hands the connection to a goroutine of its own, the reader, which ends it
// when serve returns. The goroutine of the HTTP handler is let go, and with it
// what net/http holds for a connection; the hub waits for this one.
func (c *Conn) Start(serve func()) {
	go func() {
		defer c.finish()
		defer c.Contain()
		serve()
	}()
}

// SetMaxMessageBytes changes the largest message that the peer may send. It is the
// reader's call, between messages.
func (c *Conn) SetMaxMessageBytes(most int) {
	c.inbox.limit = most
	c.ws.SetReadLimit(int64(most))
}

// Belong has what the connection holds counted as another's share of the budget: of
// who its peer turned out to be. It reports false, and has done nothing, where there is
// no room. It is the reader's call, between messages.
func (c *Conn) Belong(share string) bool {
	to := c.hub.opt.Budget.Enter(share)
	if !to.Take(c.place.cost, true) {
		to.Leave()
		return false
	}
	c.outbox.belong(to)
	from := c.place.holder
	c.place.holder = to
	from.Give(c.place.cost)
	from.Leave()
	return true
}

// Subprotocol is the one that was chosen; empty for none.
func (c *Conn) Subprotocol() string { return c.ws.Subprotocol() }

// Outbox is what is to be sent. It is the connection's as long as that lives.
func (c *Conn) Outbox() *Outbox { return &c.outbox }

// Send appends a frame. It leaves when the reader, whose call it is, has no more
// input. The payload is copied.
func (c *Conn) Send(kind Kind, payload []byte) {
	c.outbox.Append(kind, payload)
	c.unflushed = true
}

// Appended says that the outbox has frames that are to leave as those of Send
// do. It is the reader's call.
func (c *Conn) Appended() { c.unflushed = true }

// More reports whether input is there already, read but not used. It is the
// reader's call.
func (c *Conn) More() bool { return c.inbox.waiting() }

// Arrived is when the bytes of the message at hand came, or the last of them. It
// is the reader's call.
func (c *Conn) Arrived() time.Time { return c.inbox.came }

// Room reports whether the budget would let this connection hold so many bytes
// more. It takes none of them.
func (c *Conn) Room(bytes int) bool { return c.place.holder.Room(int64(bytes), true) }

// Asked notes a request of so many bytes: see Options.Rush. It is the reader's
// call.
func (c *Conn) Asked(bytes int) {
	if bytes < LargeMessage {
		c.state.mark(small)
	}
}

// Turn waits until few enough others work on large messages, where size, in bytes
// or what takes as long, is that of a large one. Those of one share of the budget wait
// for each other first. The turn must be ended. It is the
// reader's call, around what takes milliseconds:
//
//	defer conn.Turn(len(m.Payload)).End()
func (c *Conn) Turn(size int) Turn {
	turn, _ := c.hub.Turn(context.Background(), c.place.holder.Name(), size) // which never ends
	return turn
}

// Turn is Conn.Turn for messages that came in another way, from somebody of a share of
// the budget. It waits until ctx ends, and returns its error then.
func (h *Hub) Turn(ctx context.Context, share string, size int) (Turn, error) {
	if size < LargeMessage {
		return Turn{}, nil
	}
	if err := h.turns.takeToRead(ctx, share); err != nil {
		return Turn{}, err
	}
	return Turn{h.turns}, nil
}
