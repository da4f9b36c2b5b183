//go:build linux

package outside_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"penstock/client"
)

const predictURL = "wss://" + site + "/ws/predict"

// behind starts the program as the files in deploy/ say, and a proxy in front of it.
func behind(t *testing.T, k kind, idle string) (*proxy, *penstock) {
	t.Helper()
	found(t, k.command[0])
	p := serve(t, "--trusted-proxy=127.0.0.1", "--allow-host="+site, "--admin-listen=127.0.0.1:0")
	return front(t, k, p.address, idle), p
}

// ofEach runs a test with a proxy of each kind, beside the others: they mostly wait.
func ofEach(t *testing.T, test func(t *testing.T, k kind)) {
	t.Helper()
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			test(t, k)
		})
	}
}

// TestProxiesPassEverything: sockets with all that they may carry, plain requests, the
// page, and a stream that must not be held back.
func TestProxiesPassEverything(t *testing.T) {
	ofEach(t, func(t *testing.T, k kind) {
		p, _ := behind(t, k, "")
		c := p.client("")
		t.Cleanup(c.CloseIdleConnections)

		s := mustDial(t, c, predictURL)
		s.ask("one")
		// A message that takes many reads, and more than a proxy's buffers.
		s.send(strings.Replace(question("large"), "{", "{"+strings.Repeat(" ", 900_000), 1))
		if a, err := s.read(); err != nil || a.RequestID != "large" || a.Type != "prediction" {
			t.Errorf("a large message was answered with %+v, %v", a, err)
		}
		must(t, s.ws.Close(websocket.StatusNormalClosure, ""))

		s = mustDial(t, c, predictURL, "Sec-WebSocket-Protocol", "penstock.v1")
		if hello, err := s.read(); err != nil || hello.Type != "hello" {
			t.Errorf("the subprotocol was answered with %+v, %v; want hello", hello, err)
		}
		s.ask("two")

		if status, body := get(t, c, http.MethodPost, "/v1/predict", question("three")); status != http.StatusOK || !strings.Contains(body, `"request_id":"three"`) {
			t.Errorf("POST /v1/predict: %d %s", status, body)
		}
		if status, body := get(t, c, http.MethodGet, "/", ""); status != http.StatusOK || !strings.Contains(body, "<html") {
			t.Errorf("the page: %d %.200s", status, body)
		}
		mustStream(t, c)
	})
}

// get sends a plain request and returns what came.
func get(t *testing.T, c *http.Client, method, path, body string, header ...string) (status int, answer string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "https://"+site+path, strings.NewReader(body))
	must(t, err)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := c.Do(request)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	return response.StatusCode, string(text)
}

// mustStream reads /events until two frames have come, which are made a second apart:
// a proxy that gathers its answers would hold them for minutes.
func mustStream(t *testing.T, c *http.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+site+"/events", http.NoBody)
	must(t, err)
	response, err := c.Do(request)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	lines, frames := bufio.NewScanner(response.Body), 0
	lines.Buffer(nil, 1<<24)
	for frames < 2 && lines.Scan() {
		if strings.Contains(lines.Text(), `"type":"metrics"`) {
			frames++
		}
	}
	if frames < 2 {
		t.Errorf("of /events came %d frames, and then %v", frames, lines.Err())
	}
}

// TestProxiesTellWhoAsks: the page of the site may connect and others may not, by
// the scheme that the proxy tells; and what a client writes about itself is not
// believed.
func TestProxiesTellWhoAsks(t *testing.T) {
	ofEach(t, func(t *testing.T, k kind) {
		p, server := behind(t, k, "")
		from := ownAddress(t)
		c := p.client(from)
		t.Cleanup(c.CloseIdleConnections)
		mustDial(t, c, predictURL, "Origin", "https://"+site).ask("page")
		for _, origin := range []string{"https://evil.example", "https://" + site + ".evil.example", "null", "http://" + site} {
			_, response, err := dial(t, c, predictURL, "Origin", origin)
			if err == nil || response == nil || response.StatusCode != http.StatusForbidden {
				t.Errorf("a page of %s was answered with %v; want 403", origin, err)
			}
		}
		// A key that is not in base64, of which the program logs who sent it.
		status, body := get(t, c, http.MethodGet, "/ws/predict", "", "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13",
			"Sec-WebSocket-Key", strings.Repeat("!", 24), "X-Forwarded-For", "203.0.113.7", "X-Forwarded-Proto", "http", "Forwarded", "for=203.0.113.8")
		if status != http.StatusBadRequest || !strings.Contains(body, "bad_handshake") {
			t.Fatalf("a bad handshake was answered with %d %s", status, body)
		}
		if line := server.logged("handshake failed"); line.Caller != from {
			t.Errorf("the caller is %q; want %q, whatever the client says", line.Caller, from)
		}
	})
}

// ownAddress is one of this machine's that the program takes for somebody's: those of
// loopback are under no limit, and it names no caller for them. It is empty where the
// machine has no network.
func ownAddress(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	must(t, err)
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && ip.IP.IsGlobalUnicast() {
			return ip.IP.String()
		}
	}
	return ""
}

// TestProxiesLogNoToken, in whichever of its ways it comes.
func TestProxiesLogNoToken(t *testing.T) {
	ofEach(t, func(t *testing.T, k kind) {
		p, server := behind(t, k, "")
		c := p.client("")
		t.Cleanup(c.CloseIdleConnections)
		const canary = "canary-9f2c71d0b6"
		hidden := base64.RawURLEncoding.EncodeToString([]byte(canary))
		for _, s := range []*socket{
			mustDial(t, c, predictURL+"?token="+canary),
			mustDial(t, c, predictURL, "Authorization", "Bearer "+canary),
			mustDial(t, c, predictURL, "Sec-WebSocket-Protocol", "penstock.v1", "Sec-WebSocket-Protocol", "base64url.bearer.authorization.penstock."+hidden),
		} {
			s.send("ping")
			must(t, s.ws.Close(websocket.StatusNormalClosure, ""))
		}
		get(t, c, http.MethodPost, "/v1/predict?token="+canary, question("x"))
		get(t, c, http.MethodGet, "/api/models", "", "Authorization", "Bearer "+canary)
		get(t, c, http.MethodGet, "/livez", "")
		eventually(t, k.name+" to log what was asked last", func() bool { return strings.Contains(p.wrote(), "/livez") })
		if count := strings.Count(p.wrote(), "/ws/predict"); count < 3 {
			t.Errorf("%d of 3 sockets were logged:\n%s", count, p.wrote())
		}
		for where, text := range map[string]string{k.name: p.wrote(), "the program": server.said.String()} {
			if strings.Contains(text, canary) || strings.Contains(text, hidden) {
				t.Errorf("%s has logged a token:\n%s", where, text)
			}
		}
	})
}

// TestProxiesCutSilentSockets whose timeout is short. Whoever speaks stays, and a
// client that was cut comes back by itself. Caddy cuts none.
func TestProxiesCutSilentSockets(t *testing.T) {
	ofEach(t, func(t *testing.T, k kind) {
		if k.idle == "" {
			t.Skip("has no such timeout")
		}
		p, _ := behind(t, k, "3s")
		c := p.client("")
		t.Cleanup(c.CloseIdleConnections)
		lost := make(chan error, 100)
		again, err := client.Dial(context.Background(), "wss://"+site, client.Options{
			TLS: p.trust, DialContext: p.client("").Transport.(*http.Transport).DialContext, BackoffMin: 10 * time.Millisecond, BackoffMax: 100 * time.Millisecond,
			OnStatus: func(s client.Status, why error) {
				if s == client.Reconnecting {
					lost <- why
				}
			},
		})
		must(t, err)
		t.Cleanup(func() { _ = again.Close() })

		silent, speaks := mustDial(t, c, predictURL), mustDial(t, c, predictURL)
		silent.ask("before")
		cut := make(chan error, 1)
		go func() {
			_, err := silent.read()
			cut <- err
		}()
		for err = error(nil); err == nil; {
			speaks.send("ping")
			if a, err := speaks.read(); err != nil || a.Type != "pong" {
				t.Fatalf("a socket that speaks got %+v, %v", a, err)
			}
			select {
			case err = <-cut:
			case <-time.After(200 * time.Millisecond):
			}
		}
		speaks.ask("after")
		if code := closeCode(err); code != 1006 {
			t.Errorf("the silent socket was closed with %d; want 1006", code)
		}
		within(t, lost, "the client to lose its connection")
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if _, err := again.Predict(ctx, make([]float32, features)); err != nil {
			t.Errorf("after it came back: %v", err)
		}
	})
}

// within waits for what a channel brings.
func within[T any](t *testing.T, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(2 * patience):
		t.Fatalf("waited in vain for %s", what)
	}
	return v
}

// TestProxiesKeepSilentSockets, even in half of the time that deploy/ gives them: the
// server's pings, of which a client need not know, are enough.
func TestProxiesKeepSilentSockets(t *testing.T) {
	ofEach(t, func(t *testing.T, k kind) {
		idle := ""
		if k.idle != "" {
			idle = "32s" // the server pings after 25
		}
		p, _ := behind(t, k, idle)
		c := p.client("")
		t.Cleanup(c.CloseIdleConnections)
		s := mustDial(t, c, predictURL)
		s.ask("before")
		answered := make(chan answer, 1)
		go func() { // reading is what answers pings
			a, _ := s.read()
			answered <- a
		}()
		pause(35 * time.Second)
		s.send("ping")
		if a := within(t, answered, "the pong"); a.Type != "pong" {
			t.Errorf("after 35 s of silence: %+v; want pong", a)
		}
	})
}
