//go:build linux

package outside_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// features is how many the program's own model takes.
const features = 784

// question is a predict message with an id.
func question(id string) string {
	return `{"features":[` + strings.TrimSuffix(strings.Repeat("0.25,", features), ",") + `],"request_id":"` + id + `"}`
}

// answer is what these tests look at in a message of the server.
type answer struct {
	Type       string
	Code       string
	RequestID  string `json:"request_id"`
	Prediction string
}

// socket is a client's WebSocket.
type socket struct {
	t  *testing.T
	ws *websocket.Conn
}

// dial opens a socket, with headers given as name, value, name, value.
func dial(t *testing.T, client *http.Client, url string, header ...string) (*socket, *http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	options := &websocket.DialOptions{HTTPClient: client, HTTPHeader: http.Header{}, CompressionMode: websocket.CompressionDisabled}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Sec-WebSocket-Protocol" {
			options.Subprotocols = append(options.Subprotocols, header[i+1])
			continue
		}
		options.HTTPHeader.Add(header[i], header[i+1])
	}
	ws, response, err := websocket.Dial(ctx, url, options)
	if err != nil {
		return nil, response, err
	}
	ws.SetReadLimit(1 << 24)
	t.Cleanup(func() { _ = ws.CloseNow() })
	return &socket{t, ws}, response, nil
}

// mustDial is dial where nothing is to be wrong.
func mustDial(t *testing.T, client *http.Client, url string, header ...string) *socket {
	t.Helper()
	s, _, err := dial(t, client, url, header...)
	must(t, err)
	return s
}

func (s *socket) write(text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.ws.Write(ctx, websocket.MessageText, []byte(text))
}

func (s *socket) send(text string) {
	s.t.Helper()
	must(s.t, s.write(text))
}

func (s *socket) read() (a answer, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	_, message, err := s.ws.Read(ctx)
	if err != nil || string(message) == "pong" {
		return answer{Type: string(message)}, err
	}
	if err := json.Unmarshal(message, &a); err != nil {
		return a, fmt.Errorf("%.200q: %w", message, err)
	}
	return a, nil
}

// exchange sends a question and reads its answer, which must be a prediction.
func (s *socket) exchange(id string) error {
	if err := s.write(question(id)); err != nil {
		return err
	}
	a, err := s.read()
	if err == nil && (a.Type != "prediction" || a.RequestID != id || a.Prediction == "") {
		err = fmt.Errorf("%q was answered with %+v; want a prediction", id, a)
	}
	return err
}

func (s *socket) ask(id string) {
	s.t.Helper()
	must(s.t, s.exchange(id))
}

// closeCode is the code that a socket was closed with; 1006 when it was cut.
func closeCode(err error) int {
	var closed websocket.CloseError
	if errors.As(err, &closed) {
		return int(closed.Code)
	}
	return 1006
}
