package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"penstock/protocol"
)

// fakeServer speaks just enough of the protocol, over pipes in memory, so that
// tests run in a synctest bubble as well. Each connection is one call of
// serve; when it returns, the connection is cut.
type fakeServer struct {
	t      *testing.T
	http   http.Server
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	over   chan struct{} // closed when the test ends
}

// fakeConn is the server's end of one connection.
type fakeConn struct {
	t       *testing.T
	n       int // 1 for the first connection
	ws      *websocket.Conn
	raw     net.Conn
	request *http.Request
	over    <-chan struct{}
}

// idle does nothing, not even read, until the test ends.
func (c *fakeConn) idle() { <-c.over }

// swallow reads bytes and makes nothing of them, until the connection ends.
func (c *fakeConn) swallow() {
	buf := make([]byte, 4096)
	for {
		if _, err := c.raw.Read(buf); err != nil {
			return
		}
	}
}

type rawConnKey struct{}

func newFakeServer(t *testing.T, serve func(*fakeConn)) *fakeServer {
	s := &fakeServer{t: t, conns: make(chan net.Conn), closed: make(chan struct{}), over: make(chan struct{})}
	var mu sync.Mutex
	n := 0
	s.http.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, rawConnKey{}, c)
	}
	s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{protocol.Subprotocol}})
		if err != nil {
			return
		}
		mu.Lock()
		n++
		c := &fakeConn{t: t, n: n, ws: ws, raw: r.Context().Value(rawConnKey{}).(net.Conn), request: r, over: s.over}
		mu.Unlock()
		ws.SetReadLimit(1 << 24)
		serve(c)
		_ = c.raw.Close()
		_ = ws.CloseNow()
	})
	stopped := make(chan struct{})
	go func() { // stopped by Close below
		_ = s.http.Serve(s)
		close(stopped)
	}()
	t.Cleanup(func() {
		close(s.over)
		_ = s.http.Close()
		<-stopped
	})
	return s
}

// The fakeServer is its own net.Listener.
func (s *fakeServer) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return c, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}
func (s *fakeServer) Close() error   { s.once.Do(func() { close(s.closed) }); return nil }
func (s *fakeServer) Addr() net.Addr { return &net.TCPAddr{} }

func (s *fakeServer) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := pipe()
	select {
	case s.conns <- server:
		return client, nil
	case <-s.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// client dials the server and closes the client when the test ends.
func (s *fakeServer) client(o Options) *Client {
	s.t.Helper()
	o.DialContext = s.dial
	c, err := Dial(context.Background(), "ws://penstock.test", o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// greet sends a hello with the given window.
func (c *fakeConn) greet(window int) {
	c.send(string(protocol.Encode(protocol.Hello{Type: "hello", Session: c.request.URL.Query().Get("session"),
		Models: []protocol.HelloItem{{Name: "m", Version: "1", Task: "classification", Features: 2, Classes: []string{"a", "b"}}},
		Limits: protocol.HelloLimits{Window: window, MaxRows: 64, MaxBytes: 1 << 20}})))
}

func (c *fakeConn) send(format string, args ...any) {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	_ = c.ws.Write(context.Background(), websocket.MessageText, []byte(format))
}

// fakeMessage is a client's message, read leniently.
type fakeMessage struct {
	Type     string
	ID       json.RawMessage `json:"request_id"`
	Features json.RawMessage
	Model    string
	Deadline float64 `json:"deadline_ms"`
	Detail   []string
	TopK     int `json:"top_k"`
	Alpha    float64
	Label    json.RawMessage
	Labels   json.RawMessage
	Token    string
	Group    string
}

func (c *fakeConn) read() (fakeMessage, error) {
	_, b, err := c.ws.Read(context.Background())
	var m fakeMessage
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if m.Type == "" {
		m.Type = "predict"
	}
	return m, err
}

// each calls handle for every message until the connection ends.
func (c *fakeConn) each(handle func(fakeMessage)) {
	for {
		m, err := c.read()
		if err != nil {
			return
		}
		handle(m)
	}
}

// answer is an honest server's reply.
func (c *fakeConn) answer(m fakeMessage) {
	switch m.Type {
	case "predict":
		c.send(`{"type":"prediction","request_id":%s,"prediction":"a","confidence":0.75,"model":"m","version":"1"}`, m.ID)
	case "feedback":
		c.send(`{"type":"feedback_ok","request_id":%s,"correct":%v}`, m.ID, string(m.Label) == `"a"`)
	case "cancel":
		c.send(`{"type":"error","request_id":%s,"code":"cancelled","message":"as you wish","retryable":false}`, m.ID)
	}
}

// honest serves as a server should.
func honest(window int) func(*fakeConn) {
	return func(c *fakeConn) {
		c.greet(window)
		c.each(c.answer)
	}
}
