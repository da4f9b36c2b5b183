package server_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"penstock/protocol"
	"penstock/server"
)

// problemDocument is RFC 9457 with our code.
type problemDocument struct {
	Type, Title, Code, Detail string
	Status                    int
}

// mustProblem checks that a response is a problem of a status and a code.
func mustProblem(t *testing.T, response *http.Response, body string, status int, code string) {
	t.Helper()
	if response.StatusCode != status || response.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%s, %s: %s; want %d as a problem", response.Status, response.Header.Get("Content-Type"), body, status)
	}
	if !slices.Contains(protocol.ProblemCodes()[code], status) {
		t.Errorf("%s with %d is not in the table of problems", code, status)
	}
	p := decode[problemDocument](t, body)
	if p.Type != "about:blank" || p.Title != http.StatusText(status) || p.Status != status || p.Code != code || p.Detail == "" {
		t.Errorf("%+v; want status %d, code %s and a detail", p, status, code)
	}
}

// TestBadHandshakes are told what was wrong.
func TestBadHandshakes(t *testing.T) {
	r := start(t, setup{})
	const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	ask := func(method, path, headers string) string {
		return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n"
	}
	const up = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	for _, c := range []struct {
		name, request string
		status        int
		code          string
	}{
		{"plain GET", ask("GET", "/ws/predict", ""), 426, "websocket_required"},
		{"HTTP/1.0", "GET /ws/predict HTTP/1.0\r\nHost: localhost\r\n" + up + "Sec-WebSocket-Version: 13\r\n" + key + "\r\n", 426, "bad_handshake"},
		{"upgrade to another protocol", ask("GET", "/ws/predict", "Connection: Upgrade\r\nUpgrade: h2c\r\n"), 426, "bad_handshake"},
		{"no Connection", ask("GET", "/ws/predict", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+key), 426, "bad_handshake"},
		{"version 8", ask("GET", "/ws/predict", up+"Sec-WebSocket-Version: 8\r\n"+key), 426, "bad_handshake"},
		{"versions 13 and 8", ask("GET", "/ws/predict", up+"Sec-WebSocket-Version: 13, 8\r\n"+key), 426, "bad_handshake"},
		{"no version", ask("GET", "/ws/predict", up+key), 400, "bad_handshake"},
		{"no key", ask("GET", "/ws/predict", up+"Sec-WebSocket-Version: 13\r\n"), 400, "bad_handshake"},
		{"two keys", ask("GET", "/ws/predict", up+"Sec-WebSocket-Version: 13\r\n"+key+key), 400, "bad_handshake"},
		{"short key", ask("GET", "/ws/predict", up+"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n"), 400, "bad_handshake"},
		{"POST", ask("POST", "/ws/predict", up+"Sec-WebSocket-Version: 13\r\n"+key), 405, "method_not_allowed"},
		{"DELETE of the page", ask("DELETE", "/", ""), 405, "method_not_allowed"},
		{"short session", ask("GET", "/ws/predict?session=abc", up), 400, "bad_session"},
		{"long session", ask("GET", "/ws/predict?session="+strings.Repeat("x", 65), up), 400, "bad_session"},
		{"session with a space", ask("GET", "/ws/predict?session=0123456789+0123456789", up), 400, "bad_session"},
		{"session that is no escape", ask("GET", "/ws/predict?session=%zz", up), 400, "bad_session"},
		{"session with half an escape", ask("GET", "/ws/predict?session=0123456789abcdef%", up), 400, "bad_session"},
		{"session with a semicolon", ask("GET", "/ws/predict?session=0123456789abcdef;x=1", up), 400, "bad_session"},
		{"a query that cannot be read", ask("GET", "/ws/dashboard?a=%zz&session=0123456789abcdef", up), 400, "bad_session"},
		{"empty session", ask("GET", "/ws/predict?session=", up), 400, "bad_session"},
		{"empty session without =", ask("GET", "/ws/predict?session", up), 400, "bad_session"},
		{"two sessions", ask("GET", "/ws/predict?session=0123456789abcdef&session=0123456789abcdef", up), 400, "bad_session"},
		{"a body", ask("GET", "/ws/predict", up+"Sec-WebSocket-Version: 13\r\n"+key+"Content-Length: 2\r\n") + "hi", 400, "bad_handshake"},
		{"a chunked body", ask("GET", "/ws/predict", up+"Sec-WebSocket-Version: 13\r\n"+key+"Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400, "bad_handshake"},
		{"two versions", ask("GET", "/ws/predict", up+"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n"+key), 400, "bad_handshake"},
		{"two origins", ask("GET", "/ws/predict", up+"Sec-WebSocket-Version: 13\r\n"+key+"Origin: http://localhost\r\nOrigin: http://localhost\r\n"), 403, "origin_not_allowed"},
		{"nothing there", ask("GET", "/ws/other", ""), 404, "not_found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			response, body := r.open().handshake(c.request)
			mustProblem(t, response, body, c.status, c.code)
			h := response.Header
			if c.status == 405 && h.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
			if c.status == 426 && !strings.Contains(c.request, "HTTP/1.0") &&
				(h.Get("Upgrade") != "websocket" || strings.Join(h.Values("Connection"), ",") != "Upgrade" || h.Get("Sec-WebSocket-Version") != "13") {
				t.Errorf("426 with %v; want the protocol to upgrade to, and its version", h)
			}
		})
	}
	r.t = t
	if n := r.Traffic().Connections; n != 0 {
		t.Errorf("%d connections are open", n)
	}
	r.connect("/ws/predict").ask("ping", "pong")
}

// TestHugeHeader is refused by net/http itself; as a problem behind an
// accept.Listener.
func TestHugeHeader(t *testing.T) {
	r := start(t, setup{})
	response, _ := r.open().handshake("GET /ws/predict HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 2<<20) + "\r\n\r\n")
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%s; want 431", response.Status)
	}
	r.connect("/ws/predict").ask("ping", "pong")
}

// TestHostsAndOrigins: pages of other sites, and names that we do not answer
// to, reach nothing.
func TestHostsAndOrigins(t *testing.T) {
	r := start(t, setup{server: func(o *server.Options) {
		o.AllowHosts = []string{"penstock.example"}
		o.AllowOrigins = []string{"https://ok.example"}
	}})
	const own = "localhost"
	cases := []struct {
		host, origin string
		status       int
	}{
		{own, "", 101}, {"localhost:8080", "", 101}, {"LOCALHOST", "", 101}, {"localhost.", "", 101},
		{"127.0.0.1", "", 101}, {"10.1.2.3:80", "", 101}, {"[::1]", "", 101}, {"[::1]:8080", "", 101},
		{"penstock.example", "", 101}, {"Penstock.Example:443", "", 101},
		{"evil.example", "", 421}, {"localhost.evil.example", "", 421}, {"evil-localhost", "", 421},
		{"a.penstock.example", "", 421}, {"penstock.example.evil.example", "", 421}, {"127.0.0.1.evil.example", "", 421},
		{"evil.example", "http://evil.example", 421}, {"evil.example:8080", "http://evil.example:8080", 421},

		{own, "http://localhost", 101}, {"localhost:8080", "http://localhost:8080", 101}, {own, "https://ok.example", 101},
		{"penstock.example", "http://penstock.example", 101}, {"penstock.example", "https://ok.example", 101},
		{"penstock.example", "https://penstock.example", 101}, {"penstock.example:443", "https://penstock.example", 101},
		{"penstock.example:8443", "https://penstock.example:8443", 101}, {"penstock.example:80", "http://penstock.example", 101},
		{"penstock.example", "https://penstock.example:8443", 403}, {"penstock.example", "ftp://penstock.example", 403},
		{"penstock.example", "https://a.penstock.example", 403}, {"127.0.0.1", "https://127.0.0.1", 403},
		{own, "null", 403}, {own, "http://evil.example", 403}, {own, "https://localhost", 403}, {own, "ftp://localhost", 403},
		{"localhost:8080", "http://localhost", 403}, {own, "http://localhost:8080", 403}, {"127.0.0.1", "http://localhost", 403},
		{own, "http://ok.example", 403}, {own, "https://ok.example.evil.example", 403}, {own, "https://a.ok.example", 403},
		{own, "https://evil-ok.example", 403}, {own, "https://ok.example:444", 403}, {own, "localhost", 403}, {own, "file://", 403},
		{own, "http://localhost, http://evil.example", 403},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s from %q", c.host, c.origin), func(t *testing.T) {
			r.t = t
			request := strings.Replace(fmt.Sprintf(upgrade, "/ws/predict"), "Host: localhost", "Host: "+c.host, 1)
			if c.origin != "" {
				request = strings.Replace(request, "\r\n\r\n", "\r\nOrigin: "+c.origin+"\r\n\r\n", 1)
			}
			w := r.open()
			response, body := w.handshake(request)
			switch c.status {
			case 403:
				mustProblem(t, response, body, 403, "origin_not_allowed")
			case 421:
				mustProblem(t, response, body, 421, "unknown_host")
			default:
				if response.StatusCode != c.status {
					t.Errorf("%s: %s; want %d", response.Status, body, c.status)
				}
			}
			_ = w.Close()
		})
	}
	r.t = t
	for path, status := range map[string]int{
		"/": 421, "/events": 421, "/api/models": 421, "/ws/echo": 421, "/ws/dashboard": 421, "/livez": 200, "/readyz": 200,
	} {
		if response, _ := r.get(path, "Host", "evil.example"); response.StatusCode != status {
			t.Errorf("%s with a foreign host: %s; want %d", path, response.Status, status)
		}
		if response, _ := r.get(path, "Origin", "http://evil.example"); response.StatusCode != http.StatusForbidden {
			t.Errorf("%s from a foreign origin: %s", path, response.Status)
		}
	}
}

// TestHealthNeedsNoHost: load balancers ask with any, or none.
func TestHealthNeedsNoHost(t *testing.T) {
	r := start(t, setup{})
	for _, path := range []string{"/livez", "/readyz"} {
		for _, request := range []string{"GET %s HTTP/1.0\r\n\r\n", "GET %s HTTP/1.1\r\nHost:\r\n\r\n", "HEAD %s HTTP/1.0\r\nHost: a.b\r\n\r\n", "OPTIONS %s HTTP/1.0\r\n\r\n"} {
			w := r.open()
			w.mustWrite(fmt.Appendf(nil, request, path))
			response, err := http.ReadResponse(w.in, nil)
			if err != nil || response.StatusCode != http.StatusOK {
				t.Errorf("%q: %v, %v; want 200", request, response, err)
			}
			_ = w.Close()
		}
	}
}

// TestSubprotocolIsCaseSensitive: another spelling is another protocol.
func TestSubprotocolIsCaseSensitive(t *testing.T) {
	r := start(t, setup{})
	for offer, want := range map[string]string{
		"": "", "PENSTOCK.V1": "", "penstock.v1": "penstock.v1", "other, penstock.v1": "penstock.v1", "PENSTOCK.V1,penstock.v1": "penstock.v1",
	} {
		w := r.open()
		response, _ := w.handshake(strings.Replace(fmt.Sprintf(upgrade, "/ws/predict"), "\r\n\r\n", "\r\nSec-WebSocket-Protocol: "+offer+"\r\n\r\n", 1))
		if got := response.Header.Get("Sec-WebSocket-Protocol"); got != want || response.StatusCode != http.StatusSwitchingProtocols {
			t.Errorf("offered %q: %s with %q; want 101 with %q", offer, response.Status, got, want)
		}
		_ = w.Close()
	}
}

// TestAllowedPagesMayRead what /events and /api say, as browsers ask for it.
func TestAllowedPagesMayRead(t *testing.T) {
	r := start(t, setup{server: func(o *server.Options) { o.AllowOrigins = []string{"HTTPS://Ok.example:443/"} }})
	const ok = "https://ok.example"
	for _, path := range []string{"/events", "/api/models", "/api/quality", "/api/alerts", "/api/nothing"} {
		for _, origin := range []string{ok, ""} {
			response, _ := r.do("HEAD", path, "Origin", origin)
			if h := response.Header; h.Get("Access-Control-Allow-Origin") != origin || h.Get("Vary") != "Origin" {
				t.Errorf("%s from %q: %v; want that origin allowed, and Vary", path, origin, h)
			}
		}
		response, _ := r.do("OPTIONS", path, "Origin", ok, "Access-Control-Request-Method", "GET")
		if h := response.Header; response.StatusCode != http.StatusNoContent || h.Get("Access-Control-Allow-Methods") != "GET, HEAD" {
			t.Errorf("preflight of %s: %s, %v", path, response.Status, h)
		}
		response, _ = r.do("OPTIONS", path, "Origin", "https://evil.example", "Access-Control-Request-Method", "GET")
		if h := response.Header; response.StatusCode != http.StatusForbidden || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("preflight of %s from elsewhere: %s, %v", path, response.Status, h)
		}
	}
	if response, _ := r.do("OPTIONS", "/livez", "Origin", ok, "Access-Control-Request-Method", "GET"); response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("preflight of /livez: %s; want 405", response.Status)
	}
}

// TestRefusedPagesAreLogged, so that whoever runs the server finds out why a
// page does not work.
func TestRefusedPagesAreLogged(t *testing.T) {
	var log bytes.Buffer
	r := start(t, setup{server: func(o *server.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) }})
	for range 50 {
		r.get("/livez", "Origin", "https://evil.example")
		r.get("/", "Host", "evil.example")
	}
	r.stop()
	for _, want := range []string{"foreign origin", "foreign host"} {
		if n := strings.Count(log.String(), want); n < 1 || n > 10 {
			t.Errorf("%d lines tell of a %s; want a few:\n%s", n, want, log.String())
		}
	}
}

// TestNamesOfOriginsAndHosts: each is taken as clients spell it, or refused.
func TestNamesOfOriginsAndHosts(t *testing.T) {
	for text, want := range map[string]string{
		"*": "*", "https://example.org": "https://example.org", "https://example.org/": "https://example.org",
		"HTTPS://Example.ORG:443": "https://example.org", "http://example.org:80/": "http://example.org", "http://example.org:8080": "http://example.org:8080",
		"http://[::1]:4200": "http://[::1]:4200", "http://[0:0:0:0:0:0:0:1]:4200": "http://[::1]:4200",
		"http://[::FFFF:1.2.3.4]": "http://[::ffff:102:304]", "https://example.org:0443": "https://example.org", "https://example.org:08443": "https://example.org:8443",
		"https://example.org:99999": "", "http://127.1": "", "http://0x7f000001": "", "http://010.0.0.1": "", "http://a.8": "", "http://8.example": "http://8.example",
		"http://.example.org": "", "http://a..b": "", "https://example.org:": "https://example.org", "https://xn--bcher-kva.example": "https://xn--bcher-kva.example", "app://localhost": "app://localhost",
		"https://example.org/app": "", "https://example.org?x": "", "https://example.org/#x": "", "https://u@example.org": "", "example.org": "",
		"https://*.example.org": "", "https://bücher.example": "", "null": "", "": "", "https://": "", "wss://example.org": "", "example.org:443": "", "https://a b": "",
	} {
		got, err := server.ParseOrigins([]string{text})
		if (err == nil) != (want != "") || err == nil && got[0] != want {
			t.Errorf("origin %q is %q, %v; want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"ml.example.org": "ml.example.org", "ML.example.org.": "ml.example.org", "ml.example.org:443": "ml.example.org", "10.0.0.1": "10.0.0.1", "[::1]:80": "::1",
		"[2001:db8:0:0::1]": "2001:db8::1", ".example.org": "", "a..b": "", "ml.example.org..": "", "127.1": "", "0x7F.1": "",
		"under_score": "under_score", "*": "", "*.example.org": "", "": "", "https://ml.example.org": "", "ml.example.org/": "", "a b": "", "bücher.example": "", "ml.example.org:x": "",
	} {
		got, err := server.ParseHosts([]string{text})
		if (err == nil) != (want != "") || err == nil && got[0] != want {
			t.Errorf("host %q is %q, %v; want %q", text, got, err, want)
		}
	}
}

// TestAnyOriginMayBeAllowed, by name only.
func TestAnyOriginMayBeAllowed(t *testing.T) {
	r := start(t, setup{server: func(o *server.Options) { o.AllowOrigins = []string{"*"} }})
	if response, body := r.get("/livez", "Origin", "http://evil.example"); response.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", response.Status, body)
	}
	if response, _ := r.get("/api/models", "Origin", "http://evil.example", "Host", "evil.example"); response.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("a foreign host: %s; want 421 all the same", response.Status)
	}
}

// TestAdminIsNotPublic: what operators see is nowhere on the public side (row
// 27).
func TestAdminIsNotPublic(t *testing.T) {
	for name, page := range map[string]func(*server.Options){
		"without a page": nil,
		"with a page":    func(o *server.Options) { o.Dashboard = fstest.MapFS{"index.html": {Data: []byte("hello")}} },
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, setup{server: page})
			for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/admin", "/..%2fmetrics"} {
				response, body := r.get(path)
				mustProblem(t, response, body, 404, "not_found")
			}
		})
	}
}

func TestHealth(t *testing.T) {
	r := start(t, setup{})
	for path, want := range map[string]string{"/livez": `{"status":"alive"}` + "\n", "/readyz": `{"status":"ready"}` + "\n"} {
		if response, body := r.get(path); response.StatusCode != http.StatusOK || body != want || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s, %q; want 200 and %q", path, response.Status, body, want)
		}
	}
}

// TestPage comes with headers that let nothing foreign run.
func TestPage(t *testing.T) {
	r := start(t, setup{server: func(o *server.Options) {
		o.Dashboard = fstest.MapFS{"index.html": {Data: []byte("<title>hello</title>")}, "main.js": {Data: []byte("1")}}
	}})
	for path, kind := range map[string]string{"/": "text/html; charset=utf-8", "/main.js": "text/javascript; charset=utf-8"} {
		response, body := r.get(path)
		h := response.Header
		if response.StatusCode != http.StatusOK || h.Get("Content-Type") != kind || body == "" {
			t.Errorf("%s: %s, %s, %q", path, response.Status, h.Get("Content-Type"), body)
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "unsafe") ||
			h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s has the headers %v", path, h)
		}
	}
}
