//go:build linux

package catalogue_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"penstock/access"
	"penstock/app"
)

// canary is what every secret of this test has in it, and nothing else has.
const canary = "KanarienvogelKanarienvogel"

// panicky is a log that panics once, at a line with a message: a fault in the midst of a
// handler that has a token at hand.
type panicky struct {
	slog.Handler
	armed *atomic.Bool
	at    string
}

func (p panicky) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == p.at && p.armed.CompareAndSwap(true, false) {
		panic("a fault in a handler")
	}
	return p.Handler.Handle(ctx, r)
}

// TestCanary sends secrets that can be recognised in by every way, good and bad, and
// looks for them in all that comes out: logs, metrics, profiles, errors, reasons of
// closing, answers, frames.
func TestCanary(t *testing.T) {
	armed := &atomic.Bool{}
	apiKey := "psk_" + canary + "-api-key"
	h := openCanary(t, apiKey, armed)
	s := &scene{T: t, house: h, from: "127.0.11.1", name: "ann"}
	c := &collector{scene: s}
	f := forgery{s}

	tokens := []string{
		f.said(map[string]any{"jti": canary}), apiKey,
		canary, apiKey + "x", f.said(map[string]any{"exp": 1, "jti": canary}), f.said(map[string]any{"sub": nil, "jti": canary}),
		f.headed(map[string]any{"kid": "x' " + canary}), f.headed(map[string]any{"jku": "http://" + canary}), f.said(map[string]any{"iss": canary}),
		strings.Repeat(canary, 400), f.raw(`{"alg":"none"}`, canary), "a b " + canary,
	}
	for _, token := range tokens {
		c.everyWay(token)
	}
	armed.Store(true)
	if !within(patience, func() bool { // a line of a kind is written once a second
		_, _, err := c.plain("GET", "/api/me", "", "Authorization", "Bearer "+canary+"-panic")
		return err != nil && !armed.Load()
	}) {
		t.Error("nothing panicked")
	}
	c.operators()
	c.note("log", h.log.String())
	h.stop(t)
	c.note("log", h.log.String())
	if !strings.Contains(h.log.String(), "panic in an HTTP handler") {
		t.Error("the panic was not logged")
	}
	mustBeLines(t, h.log.String())
	if c.looked < 300 {
		t.Errorf("only %d texts were looked at", c.looked)
	}
}

// openCanary opens a house whose secrets are canaries.
func openCanary(t *testing.T, apiKey string, armed *atomic.Bool) *house {
	t.Helper()
	secret := secrets{hmac: canary + "-secret-that-signs-tokens", admin: canary + "-token-of-operators", apiKey: apiKey}
	return openWith(t, secret, func(o *app.Options) {
		o.HandshakesPerSecond = 1000
		handler := o.Logger.Handler()
		o.Logger = slog.New(panicky{handler, armed, "callers were refused"})
	})
}

// collector looks for the canary in what comes out.
type collector struct {
	*scene
	looked int
}

// forms are how the canary, and what it is part of, may be spelt.
func forms() []string {
	list := []string{canary, strings.ToLower(canary), strings.ToUpper(canary), hex.EncodeToString([]byte(canary)), url.QueryEscape(canary)}
	for shift := range 3 { // as it may lie in base64
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := encoding.EncodeToString([]byte(strings.Repeat("x", shift) + canary))
			list = append(list, text[4:len(text)-4])
		}
	}
	sum := sha256.Sum256([]byte("psk_" + canary + "-api-key"))
	return append(list, hex.EncodeToString(sum[:]))
}

func (c *collector) note(what, text string) {
	c.Helper()
	c.looked++
	for _, form := range forms() {
		if i := strings.Index(text, form); i >= 0 {
			c.Errorf("%s has a secret: …%q…", what, text[max(0, i-80):min(len(text), i+len(form)+20)])
			return
		}
	}
}

// plain asks over HTTP and looks at all that is answered.
func (c *collector) plain(method, path, body string, header ...string) (status int, text string, err error) {
	c.Helper()
	request := method + " " + path + " HTTP/1.1\r\nHost: " + c.Addr().String() + "\r\nConnection: close\r\n"
	for i := 0; i < len(header); i += 2 {
		request += header[i] + ": " + header[i+1] + "\r\n"
	}
	if method == "POST" {
		request += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	p := c.dial()
	_ = p.SetDeadline(time.Now().Add(2 * time.Second)) // for streams; what came by then is looked at
	response, text, err := p.shake(request + "\r\n" + body)
	if err != nil {
		return 0, "", err
	}
	c.note(path+" head", fmt.Sprint(response.Header))
	c.note(path+" body", text)
	return response.StatusCode, text, nil
}

// webSocket opens one, sends messages and looks at all that comes until it closes.
func (c *collector) webSocket(path string, header []string, messages ...string) {
	c.Helper()
	p := c.dial()
	request := c.hello(path)
	for i := 0; i < len(header); i += 2 {
		request += header[i] + ": " + header[i+1] + "\r\n"
	}
	response, body, err := p.shake(request + "\r\n")
	if err != nil {
		return // the header was no header
	}
	c.note(path+" head", fmt.Sprint(response.Header))
	c.note(path+" body", body)
	for _, m := range messages {
		p.say(m)
	}
	_ = p.put(frame(fin|closing, "\x03\xe8"))
	last, heard := p.end()
	c.note(path+" close", last.reason)
	for _, m := range heard {
		c.note(path+" message", m)
	}
	_ = p.Close()
}

// everyWay sends a token in by every way.
func (c *collector) everyWay(token string) {
	c.Helper()
	query := url.QueryEscape(token)
	encoded := "base64url.bearer.authorization.penstock." + base64.RawURLEncoding.EncodeToString([]byte(token))
	auth := string(marshal(map[string]string{"type": "auth", "token": token}))
	for _, path := range []string{"/ws/predict", "/ws/dashboard", "/ws/echo", "/ws/nothing"} {
		c.webSocket(path, []string{"Authorization", "Bearer " + token}, good)
		c.webSocket(path+"?token="+query, nil, good)
		c.webSocket(path+"?token="+query, []string{"Sec-WebSocket-Version", "12"}, good)
		c.webSocket(path+"?%zz&token="+query, nil, good)
		c.webSocket(path+"?token="+query+"&session=short", nil, good)
		c.webSocket(path+"?token="+query, []string{"Origin", "http://evil.example"})
		c.webSocket(path, []string{"Sec-WebSocket-Protocol", "penstock.v1, " + encoded}, good)
		c.webSocket(path, []string{"Sec-WebSocket-Protocol", encoded + "%%%"})
		if path != "/ws/echo" { // which says what it was told, once somebody is in
			c.webSocket(path, nil, auth, good)
			c.webSocket(path, []string{"Authorization", "Bearer " + c.mine()}, auth, auth, auth, auth, auth, auth, auth, good)
		}
	}
	for _, path := range []string{"/", "/api/me", "/api/models", "/api/quality", "/api/alerts", "/events", "/livez", "/nothing", "/metrics"} {
		c.plain("GET", path, "", "Authorization", "Bearer "+token)
		c.plain("GET", path+"?token="+query, "")
		c.plain("GET", path+"?token="+query, "", "Host", "evil.example")
		c.plain("GET", path, "", "Authorization", "Basic "+token)
		c.plain("DELETE", path+"?token="+query, "")
	}
	for _, path := range []string{"/v1/predict", "/v1/feedback", "/v1/nothing"} {
		c.plain("POST", path, good, "Authorization", "Bearer "+token)
		c.plain("POST", path+"?token="+query, "{")
		c.plain("GET", path+"?token="+query, "")
	}
}

// operators looks at what the admin address says, with its token and with others.
func (c *collector) operators() {
	c.Helper()
	address := "http://" + c.AdminAddr().String()
	for _, path := range []string{
		"/metrics", "/debug/pprof/", "/debug/pprof/goroutine?debug=1", "/debug/pprof/goroutine?debug=2", "/debug/pprof/cmdline", "/debug/pprof/heap?debug=1",
		"/debug/pprof/threadcreate?debug=1", "/nothing", "/v1/revoke",
	} {
		for _, token := range []string{c.admin, c.admin + "x", c.hmac, ""} {
			_, text, header := c.ask(c.T, "GET", address+path, "", "Authorization", "Bearer "+token)
			c.note(path, text+fmt.Sprint(header))
			_, text, header = c.ask(c.T, "GET", address+path+"?token="+token, "")
			c.note(path, text+fmt.Sprint(header))
		}
	}
	_, text, header := c.ask(c.T, "POST", address+"/v1/revoke", `{"jti":"other"}`, "Authorization", "Bearer "+c.admin)
	c.note("/v1/revoke", text+fmt.Sprint(header))
}

// TestSecretsInErrorsOfFiles: files with secrets that cannot be used are named, not
// quoted.
func TestSecretsInErrorsOfFiles(t *testing.T) {
	h := &house{secrets: newSecrets(), log: &journal{}}
	c := &collector{scene: &scene{T: t, house: h}}
	for name, change := range map[string]func(o *app.Options, path string){
		"secret":      func(o *app.Options, path string) { o.JWTSecretFiles = []string{path} },
		"public key":  func(o *app.Options, path string) { o.JWTPublicKeys = []string{path} },
		"API keys":    func(o *app.Options, path string) { o.APIKeysFile = path },
		"admin token": func(o *app.Options, path string) { o.AdminTokenFile = path },
		"TLS key":     func(o *app.Options, path string) { o.TLSCert, o.TLSKey = path, path },
	} {
		for _, text := range []string{
			canary[:20], canary + "\nshort\n", "keys:\n- {user: a, sha256: " + canary + "}", "keys:\n- {user: a, key: " + canary + "}", canary + " " + canary,
			"-----BEGIN PRIVATE KEY-----\n" + base64.StdEncoding.EncodeToString([]byte(canary)) + "\n-----END PRIVATE KEY-----\n", "keys: [" + canary,
		} {
			o := h.options(t)
			o.Listen, o.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
			change(&o, writeText(t, text))
			a, err := app.Prepare(o)
			if err == nil {
				a.Close()
				continue // a public key's file may well be one of secrets
			}
			c.note(name, err.Error())
		}
	}
	c.note("log", h.log.String())
	if _, err := access.Mint([]byte(canary[:20]), access.Token{User: "ann", Issued: time.Now(), Expires: time.Now().Add(time.Hour)}); err == nil {
		t.Error("a short secret signs")
	} else {
		c.note("mint", err.Error())
	}
}
