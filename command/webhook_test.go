package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"penstock/protocol"
)

// A model that answers right, and then always wrong: the webhook hears of it, of
// its end when the error is accepted, and of nothing else.
func TestWebhookHearsOfAFall(t *testing.T) {
	alerts := make(chan protocol.Alert, 64)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var alert protocol.Alert
		if err := json.NewDecoder(r.Body).Decode(&alert); err != nil {
			t.Error(err)
		}
		if alert.Metric == "model_accuracy" { // a slow machine may raise others
			alerts <- alert
		}
	}))
	defer receiver.Close()
	a, stop := startApp(t, "--alert-webhook="+receiver.URL+"/hook?key=sesame")
	address := a.Addr().String()
	clients, watchers := mustDial(t, address, "/ws/predict"), mustDial(t, address, "/ws/dashboard")
	go func() { // a dashboard reads what it is sent
		for watchers.tell(t.Context(), "") == nil {
		}
	}()
	for i := range 1240 {
		clients.label(t, i, i < 1200)
	}
	fired := <-alerts
	if fired.ID != "model_accuracy:digits" || fired.State != "firing" || fired.Value != 0 || fired.Severity != "critical" {
		t.Errorf("%+v", fired)
	}
	if err := watchers.Write(t.Context(), websocket.MessageText, []byte(`{"type":"accept_baseline","model":"digits"}`)); err != nil {
		t.Fatal(err)
	}
	if over := <-alerts; over.ID != fired.ID || over.State != "resolved" || over.Worst != 0 || over.Since != fired.Since {
		t.Errorf("%+v", over)
	}
	stop()
	if len(alerts) > 0 {
		t.Errorf("%+v as well", <-alerts)
	}
}

// tell writes a message, unless it is empty, and waits for one.
func (s *socket) tell(ctx context.Context, text string) error {
	if text != "" {
		if err := s.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			return err
		}
	}
	_, r, err := s.Reader(ctx)
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	return err
}

// label asks for a prediction of a blank image and says whether it was right.
func (s *socket) label(t *testing.T, id int, right bool) {
	t.Helper()
	blank := strings.Repeat("0,", 783) + "0"
	if err := s.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil, `{"request_id":%d,"features":[%s]}`, id, blank)); err != nil {
		t.Fatal(err)
	}
	_, text, err := s.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var reply struct{ Prediction string }
	if err := json.Unmarshal(text, &reply); err != nil {
		t.Fatal(err)
	}
	label := reply.Prediction
	if !right {
		label = map[bool]string{true: "1", false: "0"}[label == "0"]
	}
	if err := s.tell(t.Context(), fmt.Sprintf(`{"type":"feedback","request_id":%d,"label":%q}`, id, label)); err != nil {
		t.Fatal(err)
	}
}

// A wrong address is refused at the start, and not repeated: it may be a secret.
func TestWebhookAddressesThatAreRefused(t *testing.T) {
	for _, address := range []string{"hunter2", "ftp://example.org/hunter2", "https:///hunter2", "https://example.org/%zzhunter2"} {
		for _, by := range []string{"flag", "variable"} {
			var c commands
			parser, err := newParser(&c)
			if err != nil {
				t.Fatal(err)
			}
			arguments := []string{"serve"}
			if by == "flag" {
				arguments = append(arguments, "--alert-webhook="+address)
			} else {
				t.Setenv("PENSTOCK_ALERT_WEBHOOK", address)
			}
			_, err = parser.Parse(arguments)
			if err == nil {
				err = quiet(t, c.Serve).Validate()
			}
			if err == nil || !strings.Contains(err.Error(), "--alert-webhook") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s by %s: %v", address, by, err)
			}
		}
		t.Setenv("PENSTOCK_ALERT_WEBHOOK", "")
	}
}
