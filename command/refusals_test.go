//go:build unix

package command

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// These tests look at what the whole program answers to requests that it does
// not serve, and to whom.

// TestHEAD answers as GET does, without a body and at once: the next request on
// the connection is answered.
func TestHEAD(t *testing.T) {
	p := runBinary(t)
	for address, paths := range map[string][]string{
		p.address: {"/", "/main.js", "/events", "/livez", "/readyz", "/api/models", "/api/quality", "/api/alerts",
			"/ws/predict", "/ws/dashboard", "/ws/echo", "/nothing", "//", "/a/../b"},
		p.admin: {"/metrics", "/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/profile", "/debug/pprof/trace", "/debug/pprof/symbol",
			"/debug/pprof/heap", "/debug/pprof/heap?seconds=30", "/debug/pprof/nothing", "/nothing", "//", "/debug/pprof"},
	} {
		for _, path := range paths {
			conn := mustConnect(t, address)
			_ = conn.SetDeadline(time.Now().Add(patience))
			in := bufio.NewReader(conn)
			head := &http.Request{Method: http.MethodHead}
			began := time.Now()
			fmt.Fprintf(conn, "HEAD %s HTTP/1.1\r\nHost: localhost\r\n\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
			first, err := http.ReadResponse(in, head)
			if err != nil {
				t.Errorf("HEAD %s: %v", path, err)
				continue
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("HEAD %s took %v", path, took)
			}
			if kind := first.Header.Get("Content-Type"); first.StatusCode >= 400 && kind != "application/problem+json" {
				t.Errorf("HEAD %s: %s as %s", path, first.Status, kind)
			}
			second, err := http.ReadResponse(in, nil)
			if err != nil || second.StatusCode != http.StatusOK && address == p.address {
				t.Errorf("GET after HEAD %s: %v", path, err)
			}
			_ = conn.Close()
		}
	}
}

// TestRefusalsAreProblems whoever refuses.
func TestRefusalsAreProblems(t *testing.T) {
	p := runBinary(t)
	for _, c := range []struct {
		address, request string
		status           int
	}{
		{p.address, "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n", 405},
		{p.address, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
		{p.address, "BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
		{p.address, "GET //example.org HTTP/1.1\r\nHost: localhost\r\n\r\n", 404},
		{p.address, "GET /../x HTTP/1.1\r\nHost: localhost\r\n\r\n", 404},
		{p.address, "GET / HTTP/1.1\r\n\r\n", 400},
		{p.address, "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 30<<10) + "\r\n\r\n", 431},
		{p.address, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 421},
		{p.address, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n", 200},
		{p.admin, "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n", 405},
		{p.admin, "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", 404},
		{p.admin, "DELETE /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
		{p.admin, "POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
		{p.admin, "GET //metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 404},
		{p.admin, "GET /debug/pprof/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", 404},
		{p.admin, "GET /debug/pprof/heap?seconds=301 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
		{p.admin, "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
		{p.admin, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n", 403},
		{p.admin, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nOrigin: http://evil.example\r\n\r\n", 403},
		{p.admin, "GET /debug/pprof/profile HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n\r\n", 403},
		{p.admin, "GET /debug/pprof/profile HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n\r\n", 403},
		{p.admin, "GET /debug/pprof/profile HTTP/1.1\r\nHost: localhost:8081\r\nSec-Fetch-Site: same-site\r\n\r\n", 403},
		{p.admin, "GET /metrics HTTP/1.1\r\nHost: localhost:8081\r\nOrigin: http://localhost:8081\r\nSec-Fetch-Site: same-origin\r\n\r\n", 200},
		{p.admin, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: none\r\n\r\n", 200},
	} {
		conn := mustConnect(t, c.address)
		_ = conn.SetDeadline(time.Now().Add(patience))
		_, _ = io.WriteString(conn, c.request)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%.60q: %v", c.request, err)
			continue
		}
		if kind := response.Header.Get("Content-Type"); response.StatusCode != c.status || c.status >= 400 && kind != "application/problem+json" {
			t.Errorf("%.60q: %s as %s; want %d", c.request, response.Status, kind, c.status)
		}
		_ = conn.Close()
	}
}

// TestCallersBehindAProxy have a share each, by the address that the proxy
// tells; the proxy itself has none.
func TestCallersBehindAProxy(t *testing.T) {
	a, _ := startApp(t, "--trusted-proxy=127.0.0.0/8", "--max-per-address=2")
	address := a.Addr().String()
	open := func(forwarded string) (*websocket.Conn, int) {
		header := http.Header{}
		if forwarded != "" {
			header.Set("X-Forwarded-For", forwarded)
		}
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		ws, response, err := websocket.Dial(t.Context(), "ws://"+address+"/ws/predict",
			&websocket.DialOptions{HTTPHeader: header, HTTPClient: &http.Client{Transport: transport}})
		if err == nil {
			t.Cleanup(func() { _ = ws.CloseNow() })
		}
		if response == nil {
			t.Fatal(err)
		}
		return ws, response.StatusCode
	}
	var first *websocket.Conn
	for i, c := range []struct {
		from string
		want int
	}{
		{"203.0.113.5, 198.51.100.1", 101}, {"203.0.113.6, 198.51.100.1", 101}, {"198.51.100.1", 503},
		{"198.51.100.2", 101}, {"2001:db8::1", 101}, {"2001:db8::2", 101}, {"2001:db8::3", 503}, {"2001:db8:0:1::1", 101},
		{"", 101}, {"", 101}, {"", 101}, {"127.0.0.9", 101}, {"127.0.0.9", 101}, {"127.0.0.9", 101},
	} {
		ws, status := open(c.from)
		if status != c.want {
			t.Errorf("%q: %d; want %d", c.from, status, c.want)
		}
		if i == 0 {
			first = ws
		}
	}
	if response, body, err := fetch(t, http.MethodGet, address, "/events", "X-Forwarded-For", "198.51.100.1"); err != nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/events: %v, %s", err, body)
	}
	if response, _, err := fetch(t, http.MethodHead, address, "/events", "X-Forwarded-For", "198.51.100.1"); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("HEAD of /events: %v", err)
	}
	_, metrics, err := fetch(t, http.MethodGet, a.AdminAddr().String(), "/metrics")
	if want := `penstock_refused_connections_total{reason="per_address"} 3`; err != nil || !strings.Contains(metrics, want+"\n") {
		t.Errorf("%v; want %s in the metrics", err, want)
	}
	if first == nil {
		t.FailNow()
	}
	_ = first.CloseNow()
	eventually(t, "a place for the first address", func() bool { _, status := open("198.51.100.1"); return status == 101 })

	origin := func(header ...string) int {
		response, _, err := fetch(t, http.MethodGet, address, "/livez", append(header, "Origin", "https://"+address)...)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode
	}
	if got := origin("X-Forwarded-Proto", "https"); got != http.StatusOK {
		t.Errorf("a page behind a proxy with TLS: %d", got)
	}
	if got := origin(); got != http.StatusForbidden {
		t.Errorf("a page with TLS where there is none: %d", got)
	}
}

// TestFailedHandshakesDoNotFloodTheLog: however many there are and whatever
// they say, the log has a short line a second.
func TestFailedHandshakesDoNotFloodTheLog(t *testing.T) {
	p := runBinary(t)
	key := strings.Repeat("k", 8<<10)
	var clients sync.WaitGroup
	for range 10 {
		clients.Go(func() {
			for range 20 {
				response, body, err := fetch(t, http.MethodGet, p.address, "/ws/predict", "Connection", "Upgrade", "Upgrade", "websocket",
					"Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", key)
				if err != nil || response.StatusCode != http.StatusBadRequest || len(body) > 400 || !strings.Contains(body, "bad_handshake") {
					t.Errorf("%v: %d bytes, %.500s", err, len(body), body)
				}
			}
		})
	}
	clients.Wait()
	lines := p.metric("penstock_log_lines_suppressed_total")
	if lines < 150 {
		t.Errorf("%v lines were suppressed", lines)
	}
	line := p.logged("handshake failed")
	if len(line.Err) > 200 || !strings.Contains(line.Err, "kkk...") {
		t.Errorf("it said %q", line.Err)
	}
}
