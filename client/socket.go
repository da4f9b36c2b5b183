package client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/coder/websocket"
)

// socket is one WebSocket together with the net.Conn beneath it.
type socket struct {
	ws  *websocket.Conn
	raw *gatherConn
	buf []byte // the last message read
}

// dialSocket connects. It starts no goroutine that outlives it.
func dialSocket(ctx context.Context, o *Options, address string, subprotocols ...string) (*socket, error) {
	var raw *gatherConn
	transport := &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: o.TLS.Clone(),
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := o.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			raw = newGatherConn(conn, o.WriteTimeout)
			return raw, nil
		},
		TLSNextProto:      map[string]func(string, *tls.Conn) http.RoundTripper{}, // no HTTP/2
		DisableKeepAlives: true,
	}
	defer transport.CloseIdleConnections()

	header := o.Header.Clone()
	if header == nil {
		header = make(http.Header)
	}
	if o.Token != nil {
		token, err := o.Token(ctx)
		if err != nil {
			return nil, &ConnError{Reason: "no token", Final: isRefusal(err), Err: err}
		}
		header.Set("Authorization", "Bearer "+token)
	}
	ws, resp, err := websocket.Dial(ctx, address, &websocket.DialOptions{
		HTTPClient:   &http.Client{Transport: transport},
		HTTPHeader:   header,
		Subprotocols: subprotocols,
	})
	if err != nil {
		return nil, refused(resp, err)
	}
	ws.SetReadLimit(o.MaxReply)
	return &socket{ws: ws, raw: raw, buf: make([]byte, 0, 4096)}, nil
}

// read returns the next message, valid until the next read. It waits for as
// long as it takes; closing or expiring raw ends it.
func (s *socket) read() (websocket.MessageType, []byte, error) {
	kind, r, err := s.ws.Reader(context.Background())
	if err != nil {
		return 0, nil, err
	}
	b := s.buf[:0]
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			s.buf = b
			return kind, b, nil
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

// drop ends the connection at once, whatever state the peer left it in.
func (s *socket) drop() {
	_ = s.raw.Close()   // frees every read and write above
	_ = s.ws.CloseNow() // then this cannot hang: it only gives buffers back
}
