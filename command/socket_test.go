package command

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// patience is how long these tests wait for what must come.
const patience = 30 * time.Second

// socket is a WebSocket with the connection beneath it, which a test may cut.
type socket struct {
	*websocket.Conn
	tcp *net.TCPConn
}

func dialSocket(ctx context.Context, address, path string) (*socket, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	dialed := func(context.Context, string, string) (net.Conn, error) { return conn, nil }
	ws, response, err := websocket.Dial(ctx, "ws://"+address+path, &websocket.DialOptions{
		HTTPClient:      &http.Client{Transport: &http.Transport{DialContext: dialed}},
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	if response.Body != nil {
		_ = response.Body.Close()
	}
	ws.SetReadLimit(1 << 24)
	return &socket{ws, conn.(*net.TCPConn)}, nil
}

func mustDial(t *testing.T, address, path string) *socket {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := dialSocket(ctx, address, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.cut)
	return s
}

// cut resets the connection: the server sees it break, not close.
func (s *socket) cut() {
	_ = s.tcp.SetLinger(0)
	_ = s.tcp.Close()
	_ = s.CloseNow()
}

// stallInFrame begins a message and leaves it there.
func (s *socket) stallInFrame() error {
	_, err := s.tcp.Write([]byte{0x81, 0x80 | 100, 0, 0, 0, 0, '{'})
	return err
}
