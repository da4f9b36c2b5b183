package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// peer is a well-behaved client of a rig, on any of its sockets.
type peer struct {
	t  testing.TB
	ws *websocket.Conn
}

// connect opens a socket; subprotocols may be none.
func (r *rig) connect(path string, subprotocols ...string) *peer {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ws, response, err := websocket.Dial(ctx, "ws://localhost"+path, &websocket.DialOptions{
		HTTPClient: r.http, Subprotocols: subprotocols, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		r.t.Fatalf("%s: %v", path, err)
	}
	if response.Body != nil {
		defer func() { _ = response.Body.Close() }()
	}
	ws.SetReadLimit(1 << 24)
	r.t.Cleanup(func() { _ = ws.CloseNow() })
	return &peer{r.t, ws}
}

func (p *peer) send(text string) {
	p.t.Helper()
	p.write(websocket.MessageText, []byte(text))
}

func (p *peer) write(kind websocket.MessageType, message []byte) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.ws.Write(ctx, kind, message); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) receive() string {
	p.t.Helper()
	text, err := p.read()
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

func (p *peer) read() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, message, err := p.ws.Read(ctx)
	return string(message), err
}

// expect receives one message, which must match; see matches.
func (p *peer) expect(want string) {
	p.t.Helper()
	if got := p.receive(); !matches(got, want) {
		p.t.Errorf("received %s; want %s", got, want)
	}
}

func (p *peer) ask(text, want string) {
	p.t.Helper()
	p.send(text)
	p.expect(want)
}

// expectClose reads until the server closes, and checks how.
func (p *peer) expectClose(code websocket.StatusCode, reason string) {
	p.t.Helper()
	for {
		_, err := p.read()
		if err == nil {
			continue
		}
		var closed websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != code || !matches(closed.Reason, reason) {
			p.t.Errorf("closed with %v; want %d %s", err, code, reason)
		}
		return
	}
}

// leave closes in good order.
func (p *peer) leave() {
	p.t.Helper()
	if err := p.ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		p.t.Error(err)
	}
}

// matches compares a message with what is wanted, in which … stands for
// anything and # for a number.
func matches(got, want string) bool {
	pattern := regexp.QuoteMeta(want)
	pattern = strings.ReplaceAll(pattern, "…", ".*")
	pattern = strings.ReplaceAll(pattern, "#", "[0-9]+")
	return regexp.MustCompile("^(?s:" + pattern + ")$").MatchString(got)
}

// decode parses a message that must be JSON.
func decode[T any](t testing.TB, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// get asks a plain HTTP question.
func (r *rig) get(path string, header ...string) (*http.Response, string) {
	return r.do(http.MethodGet, path, header...)
}

// do sends a request whose headers are given as name, value, name, value.
func (r *rig) do(method, path string, header ...string) (*http.Response, string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, http.NoBody)
	r.must(err)
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
		request.Header.Set(header[i], header[i+1])
	}
	response, err := r.http.Do(request)
	r.must(err)
	defer func() { _ = response.Body.Close() }()
	var body strings.Builder
	if response.StatusCode != http.StatusSwitchingProtocols {
		_, err = io.Copy(&body, response.Body)
		r.must(err)
	}
	return response, body.String()
}
