package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"penstock/monitor/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secretAddress = "https://bob:hunter2@example.org/services/T000/token?key=sesame"

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		secretAddress:                    "https://example.org",
		"http://127.0.0.1:9000":          "http://127.0.0.1:9000",
		"http://[::1]:9000/x":            "http://[::1]:9000",
		"":                               "",
		"hunter2":                        "error",
		"/hunter2":                       "error",
		"ftp://example.org/hunter2":      "error",
		"https:///hunter2":               "error",
		"https://:443/hunter2":           "error",
		"https://example.org/hunter2#x":  "error",
		"https://example.org:x/hunter2":  "error",
		"https://exa mple.org/hunter2":   "error",
		"https://example.org/%zzhunter2": "error",
		"example.org:443/hunter2":        "error",
	} {
		var a webhook.Address
		if err := a.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		err := a.Check()
		if (err != nil) != (want == "error") || err == nil && a.String() != want || a.IsZero() != (want == "" || want == "error") {
			t.Errorf("%q is %q, %v; expected %q", text, a.String(), err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v tells the secret", err)
		}
		if printed := fmt.Sprintf("%v %+v %s", a, a, a); strings.Contains(printed, "sesame") || strings.Contains(printed, "hunter2") {
			t.Errorf("printed as %s", printed)
		}
	}
}

// receiver answers attempts as it is told, the last answer for ever.
type receiver struct {
	mu      sync.Mutex
	answers []func() (int, error)
	got     []string
	times   []time.Time
}

func (r *receiver) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.got, r.times = append(r.got, string(body)), append(r.times, time.Now())
	answer := r.answers[0]
	if len(r.answers) > 1 {
		r.answers = r.answers[1:]
	}
	r.mu.Unlock()
	done := make(chan struct{})
	var status int
	go func() {
		defer close(done)
		status, err = answer()
	}()
	select {
	case <-done:
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("thanks"))}, nil
}

func status(code int) func() (int, error) { return func() (int, error) { return code, nil } }

// rig is a hook at work inside a bubble.
type rig struct {
	*webhook.Hook
	*receiver
	registry *prometheus.Registry
	log      bytes.Buffer
	end      func()
}

func start(t *testing.T, answers ...func() (int, error)) *rig {
	t.Helper()
	r := &rig{receiver: &receiver{answers: answers}, registry: prometheus.NewPedanticRegistry()}
	var to webhook.Address
	if err := to.UnmarshalText([]byte(secretAddress)); err != nil {
		t.Fatal(err)
	}
	var err error
	r.Hook, err = webhook.New(webhook.Options{
		To: to, Logger: slog.New(slog.NewTextHandler(&r.log, nil)), Registerer: r.registry, Transport: r.receiver,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.Run(ctx)
	}()
	r.end = func() {
		cancel()
		<-ended
	}
	return r
}

func (r *rig) expect(t *testing.T, delivered, failed, dropped, retries int) {
	t.Helper()
	want := fmt.Sprintf(`
# HELP penstock_alert_webhook_retries_total Attempts to deliver an alert again.
# TYPE penstock_alert_webhook_retries_total counter
penstock_alert_webhook_retries_total %d
# HELP penstock_alert_webhook_total Alerts for the webhook by what became of them.
# TYPE penstock_alert_webhook_total counter
penstock_alert_webhook_total{outcome="delivered"} %d
penstock_alert_webhook_total{outcome="dropped"} %d
penstock_alert_webhook_total{outcome="failed"} %d
`, retries, delivered, dropped, failed)
	if err := testutil.GatherAndCompare(r.registry, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	for _, secret := range []string{"hunter2", "T000", "sesame", "bob"} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("the log tells %q: %s", secret, r.log.String())
		}
	}
}

func TestWhatBecomesOfAnAlert(t *testing.T) {
	refused := func() (int, error) { return 0, errors.New("connection refused") }
	hangs := func() (int, error) { time.Sleep(time.Minute); return 200, nil }
	for name, c := range map[string]struct {
		answers                    []func() (int, error)
		delivered, failed, retries int
		says                       string
	}{
		"taken":                {[]func() (int, error){status(200)}, 1, 0, 0, ""},
		"taken without a word": {[]func() (int, error){status(204)}, 1, 0, 0, ""},
		"taken in the end":     {[]func() (int, error){status(503), refused, status(429), hangs, status(200)}, 1, 0, 4, ""},
		"refused for good":     {[]func() (int, error){status(404)}, 0, 1, 0, "the server answered 404"},
		"redirected":           {[]func() (int, error){status(307)}, 0, 1, 0, "redirects (307)"},
		"never there":          {[]func() (int, error){refused}, 0, 1, 4, "connection refused"},
		"never answers":        {[]func() (int, error){hangs}, 0, 1, 4, "https://example.org"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, c.answers...)
				r.Send([]byte(`{"type":"alert"}`))
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				if len(r.got) != 1+c.retries || r.got[0] != `{"type":"alert"}` {
					t.Errorf("received %q", r.got)
				}
				for i := 1; i < len(r.times); i++ {
					if wait := r.times[i].Sub(r.times[i-1]); wait < 500*time.Millisecond || wait > 40*time.Second {
						t.Errorf("attempt %d came after %v", i+1, wait)
					}
				}
				r.end()
				r.expect(t, c.delivered, c.failed, 0, c.retries)
				if !strings.Contains(r.log.String(), c.says) || c.failed == 0 && r.log.Len() > 0 {
					t.Errorf("log %q; expected %q", r.log.String(), c.says)
				}
				time.Sleep(time.Minute) // what hangs comes back
			})
		})
	}
}

// While the receiver hangs, Send goes on; the newest 64 wait.
func TestSendNeverBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		released := make(chan struct{})
		r := start(t, func() (int, error) { <-released; return 200, nil }, status(200))
		r.Send([]byte("first"))
		synctest.Wait()
		for i := range 100 {
			r.Send(fmt.Append(nil, i))
		}
		close(released)
		synctest.Wait()
		r.end()
		if len(r.got) != 65 || r.got[1] != "36" || r.got[64] != "99" {
			t.Errorf("received %d: %q", len(r.got), r.got)
		}
		r.expect(t, 65, 0, 36, 0)
	})
}

// At the end, what waits is sent, but not for ever.
func TestTheEnd(t *testing.T) {
	t.Run("what waits is sent", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, func() (int, error) { time.Sleep(time.Second); return 200, nil }, status(200))
			for i := range 5 {
				r.Send(fmt.Append(nil, i))
			}
			r.end()
			if len(r.got) != 5 {
				t.Errorf("received %q", r.got)
			}
			r.expect(t, 5, 0, 0, 0)
		})
	})
	t.Run("for two seconds", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, status(503))
			r.Send([]byte("0"))
			r.Send([]byte("1"))
			synctest.Wait()
			began := time.Now()
			r.end()
			if took := time.Since(began); took != 2*time.Second {
				t.Errorf("it took %v", took)
			}
			if got := len(r.got); got < 2 {
				t.Errorf("%d attempts", got)
			}
		})
	})
}

// Over a real connection: a POST of JSON, and a redirect that goes nowhere.
func TestOverHTTP(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect was followed")
	}))
	defer elsewhere.Close()
	seen := make(chan *http.Request, 2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}
		seen <- r
	}))
	defer server.Close()
	for _, path := range []string{"/here?key=sesame", "/away"} {
		var to webhook.Address
		if err := to.UnmarshalText([]byte(strings.Replace(server.URL, "://", "://bob:hunter2@", 1) + path)); err != nil {
			t.Fatal(err)
		}
		h, err := webhook.New(webhook.Options{To: to, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			h.Run(ctx)
		}()
		h.Send([]byte(`{"type":"alert"}`))
		request := <-seen
		user, password, _ := request.BasicAuth()
		if request.Method != http.MethodPost || request.Header.Get("Content-Type") != "application/json" ||
			request.URL.String() != path || user != "bob" || password != "hunter2" {
			t.Errorf("%s %s %v", request.Method, request.URL, request.Header)
		}
		cancel()
		<-ended
	}
}

func TestNoAddress(t *testing.T) {
	if _, err := webhook.New(webhook.Options{}); err == nil {
		t.Error("a hook to nowhere")
	}
}
