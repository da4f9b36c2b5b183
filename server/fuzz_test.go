package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"penstock/access"
	"penstock/model/modeltest"
	"penstock/server"
)

// FuzzOrigins: what is allowed by name is spelt in one way, which means itself, and never
// stands for more than one host.
func FuzzOrigins(f *testing.F) {
	for _, text := range []string{
		"https://example.org", "HTTPS://Example.ORG:443/", "http://[::1]:4200", "http://[::FFFF:1.2.3.4]", "*", "https://*.example.org", "null", "", "wss://a", "http://127.1", "http://a..b",
		"https://u:p@example.org", "https://xn--bcher-kva.example", "http://example.org:99999", "app://localhost", "a.b:1", "[::1]:80", "ml.example.org.", "0x7f.1", "http://\u202e",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for what, parse := range map[string]func([]string) ([]string, error){"origin": server.ParseOrigins, "host": server.ParseHosts} {
			names, err := parse([]string{text})
			if err != nil {
				continue
			}
			if len(names) != 1 || strings.ContainsFunc(names[0], func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Fatalf("%s %q is %q", what, text, names)
			}
			if strings.Contains(names[0], "*") && (what == "host" || names[0] != "*") {
				t.Fatalf("%s %q is %q", what, text, names)
			}
			again, err := parse(names)
			if err != nil || again[0] != names[0] {
				t.Fatalf("%s %q is %q, and that is %q, %v", what, text, names, again, err)
			}
		}
	})
}

// FuzzWaysIn: whatever comes where a token may come, nobody gets in without one, and no
// part of it comes back.
func FuzzWaysIn(f *testing.F) {
	handler := unstarted(f, guarded(f, nil)).Handler()
	good := tokenFor(f, "ann", time.Hour)
	for _, c := range [][3]string{
		{"Bearer x", "", ""}, {"", "token=x", ""}, {"", "", "base64url.bearer.authorization.penstock.eHh4"}, {"Basic eHh4", "token=", "a, b"}, {"bearer", "a=%zz&token=x", ",,,"},
		{"", "tok%65n=x", "penstock.v1, base64url.bearer.authorization.penstock.%"}, {"", "token=a&token=b;c", "base64url.bearer.authorization.penstock."}, {"Bearer " + good[:40], "x", ""},
	} {
		f.Add(c[0], c[1], c[2])
	}
	f.Fuzz(func(t *testing.T, authorization, query, protocols string) {
		r := httptest.NewRequest(http.MethodGet, "http://localhost/api/me", http.NoBody)
		r.URL.RawQuery = query
		r.RequestURI = r.URL.RequestURI()
		for name, value := range map[string]string{"Authorization": authorization, "Sec-WebSocket-Protocol": protocols} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized && w.Code != http.StatusTooManyRequests {
			t.Fatalf("%q, %q, %q: %d %s", authorization, query, protocols, w.Code, w.Body)
		}
		for _, secret := range []string{strings.TrimPrefix(authorization, "Bearer "), query, protocols} {
			if len(secret) > 40 && strings.Contains(w.Body.String(), secret) {
				t.Fatalf("%q comes back: %s", secret, w.Body)
			}
		}
	})
}

// unstarted is a server that is not run: for handlers that need nothing that runs.
func unstarted(f *testing.F, set setup) *server.Server {
	f.Helper()
	r := &rig{t: f, oracle: &modeltest.Oracle{Features: 3, Classes: 10}}
	set.oracle = r.oracle
	r.wire(set)
	return r.Server
}

// FuzzOperators: whatever is posted to operators' endpoints is answered with JSON, and
// what is refused has done nothing.
func FuzzOperators(f *testing.F) {
	var guard *access.Guard
	set := guarded(f, nil)
	change := set.server
	set.server = func(o *server.Options) { change(o); guard = o.Access }
	s := unstarted(f, set)
	for _, body := range []string{
		`{"user":"bob"}`, `{"jti":"1"}`, `{"user":"bob","restore":true}`, `{"user":"bob","until":"2030-01-01T00:00:00Z"}`, `{"user":"bob","text":"hi","data":{"a":[1]}}`, `{"group":"ops","text":"hi"}`,
		`{}`, `[]`, ``, `{"user":1}`, `{"USER":"ann"}`, `{"user":"a"}{}`, strings.Repeat(`{"a":`, 3000), `{"user":"a","until":"never"}`, `{"user":"\ud800","text":"\u202e"}`,
	} {
		f.Add(body)
	}
	token := tokenFor(f, "ann", time.Hour)
	f.Fuzz(func(t *testing.T, body string) {
		for path, handle := range map[string]http.HandlerFunc{"/v1/revoke": s.Revoke, "/v1/notify": s.Notify} {
			w := httptest.NewRecorder()
			handle(w, httptest.NewRequest(http.MethodPost, "http://localhost"+path, strings.NewReader(body)))
			if kind := w.Header().Get("Content-Type"); !strings.Contains(kind, "json") || w.Code >= 500 && w.Code != http.StatusInsufficientStorage {
				t.Fatalf("%s with %q: %d %s %s", path, body, w.Code, kind, w.Body)
			}
			if _, err := guard.Token(t.Context(), token); err != nil && w.Code != http.StatusOK {
				t.Fatalf("%s with %q was refused with %s, and has revoked", path, body, w.Body)
			}
			_, _ = guard.Restore("ann")
		}
	})
}
