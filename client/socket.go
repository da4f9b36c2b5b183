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
	ws    *websocket.Conn
	raw   *gatherConn
	buf   []byte // the last message read
	token secret // that the handshake had, or nil
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
	var used secret
	if o.Token != nil {
		token, err := o.fetchToken(ctx)
		if err != nil {
			return nil, &ConnError{Reason: "no token", Final: isRefusal(err), Err: err}
		}
		used = keep(token)
		header.Set("Authorization", "Bearer "+token)
	}
	ws, resp, err := websocket.Dial(ctx, address, &websocket.DialOptions{
		HTTPClient:   &http.Client{Transport: transport, CheckRedirect: checkRedirect},
		HTTPHeader:   header,
		Subprotocols: subprotocols,
	})
	if err != nil {
		return nil, refused(resp, err, used)
	}
	ws.SetReadLimit(o.MaxReply)
	return &socket{ws: ws, raw: raw, buf: make([]byte, 0, 4096), token: used}, nil
}

// checkRedirect does not let a server send the client, and its token with it, from
// TLS to a connection that others can read.
func checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= 10:
		return errors.New("the server redirects without end")
	case via[0].URL.Scheme == "https" && req.URL.Scheme != "https":
		return errors.New("the server redirects from wss to ws, which the client does not follow")
	}
	return nil
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
