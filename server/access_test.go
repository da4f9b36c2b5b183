package server_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"penstock/access"
	"penstock/model"
	"penstock/model/modeltest"
	"penstock/protocol"
	"penstock/server"
)

const tokenSecret = "a secret of tests, which nobody else may know"

// guarded is a setup that asks for tokens.
func guarded(t testing.TB, change func(*access.Options)) setup {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(tokenSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	opt := access.Options{Tokens: true, SecretFiles: []string{path}}
	if change != nil {
		change(&opt)
	}
	guard, err := access.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return setup{
		more:   []model.Model{named{&modeltest.Oracle{Features: 1}, "second"}},
		server: func(o *server.Options) { o.Access = guard },
	}
}

// tokenFor makes a token of a user that is valid for an hour, or for lives.
func tokenFor(t testing.TB, user string, lives time.Duration, scopes ...string) string {
	t.Helper()
	if len(scopes) == 0 {
		scopes = []string{"predict", "feedback", "dashboard", "notes"}
	}
	token, err := access.Mint([]byte(tokenSecret), access.Token{
		User: user, Scopes: scopes, Issued: time.Now(), Expires: time.Now().Add(lives),
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// connectWith is connect with a header.
func (r *rig) connectWith(path, header, value string, subprotocols ...string) *peer {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	options := &websocket.DialOptions{HTTPClient: r.http, Subprotocols: subprotocols, HTTPHeader: http.Header{}}
	if header != "" {
		options.HTTPHeader.Set(header, value)
	}
	ws, _, err := websocket.Dial(ctx, "ws://localhost"+path, options)
	r.must(err)
	ws.SetReadLimit(1 << 24)
	r.t.Cleanup(func() { _ = ws.CloseNow() })
	return &peer{r.t, ws}
}

// getAs reads a path with a token, where there is one.
func (r *rig) getAs(path, token string) (status int, body string, header http.Header) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://localhost"+path, http.NoBody)
	r.must(err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := r.http.Do(request)
	r.must(err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	r.must(err)
	return response.StatusCode, string(text), response.Header
}

// TestWaysIn: a token may come in the header, in the address, among the subprotocols or
// as the first message.
func TestWaysIn(t *testing.T) {
	r := start(t, guarded(t, nil))
	token := tokenFor(t, "ann", time.Hour)
	entry := "base64url.bearer.authorization.penstock." + base64.RawURLEncoding.EncodeToString([]byte(token))
	ok := fmt.Sprintf(`{"type":"auth_ok","user":"ann","scopes":["predict","feedback","dashboard","notes"],"groups":[],"expires":"%s…Z"}`, time.Now().Add(time.Hour).UTC().Format("2006-01-02T"))
	for _, path := range []string{"/ws/predict", "/ws/dashboard", "/ws/echo"} {
		for name, p := range map[string]*peer{
			"header":      r.connectWith(path, "Authorization", "bearer "+token),
			"query":       r.connectWith(path+"?session=0123456789abcdef&token="+token, "", ""),
			"subprotocol": r.connectWith(path, "", "", "penstock.v1", entry),
			"both":        r.connectWith(path, "", "", entry, "penstock.v1"),
			"message":     r.connect(path),
		} {
			t.Run(path+" "+name, func(t *testing.T) {
				if name == "message" {
					p.ask(`{"type":"auth","token":"`+token+`"}`, ok)
				}
				if chosen := p.ws.Subprotocol(); chosen != map[bool]string{true: "penstock.v1"}[name == "subprotocol" || name == "both"] {
					t.Errorf("subprotocol %q", chosen)
				}
				switch {
				case path == "/ws/dashboard":
					p.expect(`{"type":"history",…`)
				case path == "/ws/echo":
					p.ask("hello", "hello")
				case p.ws.Subprotocol() != "":
					p.expect(`{"type":"hello",…`)
					fallthrough
				default:
					p.ask(r.request("1", 7), r.prediction("1", 7))
				}
				p.leave()
			})
		}
	}
	p := r.connect("/ws/predict", "penstock.v1")
	p.ask(`{"type":"auth","token":"`+token+`"}`, ok)
	p.expect(`{"type":"hello",…`)
	p.leave()
	r.post("/v1/predict", r.request("1", 7), 200, r.prediction("1", 7), "Authorization", "Bearer "+token)
	r.post("/v1/feedback?token="+token, `{"request_id":1,"label":"7"}`, 200, `{"type":"feedback_ok",…}`)
	for _, path := range []string{"/api/me", "/api/models", "/api/quality", "/api/alerts"} {
		if status, body, _ := r.getAs(path, token); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if _, body, _ := r.getAs("/api/me", token); !matches(body, `{"authentication":"token",`+strings.TrimPrefix(ok, `{"type":"auth_ok",`)) {
		t.Errorf("/api/me: %s", body)
	}
}

// TestNoWayIn: who brings no token, or a bad one, gets a close frame with 1008, or 401
// with one text for all that may be wrong.
func TestNoWayIn(t *testing.T) {
	r := start(t, guarded(t, nil))
	good := tokenFor(t, "ann", time.Hour)
	for _, path := range []string{"/ws/predict", "/ws/dashboard", "/ws/echo"} {
		r.connectWith(path+"?token=bad", "", "").expectClose(1008, "unauthorized")
		r.connectWith(path+"?token=", "", "").expectClose(1008, "unauthorized")
		r.connectWith(path+"?token="+good, "Authorization", "Bearer "+good).expectClose(1008, "unauthorized")
		r.connectWith(path, "Authorization", "Basic YTpi").expectClose(1008, "unauthorized")
		r.connectWith(path, "", "", "base64url.bearer.authorization.penstock.%%%").expectClose(1008, "unauthorized")
		for name, message := range map[string]string{
			"request": r.request("1", 7), "ping": "ping", "rubbish": "{", "no token": `{"type":"auth"}`, "hello": `{"type":"hello"}`,
		} {
			p := r.connect(path)
			p.send(message)
			t.Log(path, name)
			p.expectClose(1008, "auth_required")
		}
		p := r.connect(path)
		p.write(websocket.MessageBinary, []byte{1, 2, 3})
		p.expectClose(1008, "auth_required")
		p = r.connect(path)
		p.send(`{"type":"auth","token":"bad"}`)
		p.expectClose(1008, "unauthorized")
		p = r.connect(path)
		p.send(`{"type":"auth","token":"` + strings.Repeat("x", 4096) + `"}`)
		p.expectClose(1009, "a message may have 4096 bytes")
	}
	for _, path := range []string{"/api/me", "/api/models", "/api/quality", "/api/alerts", "/events"} {
		status, body, header := r.getAs(path, "")
		if status != 401 || header.Get("WWW-Authenticate") != `Bearer realm="penstock"` || !strings.Contains(body, `"unauthorized"`) {
			t.Errorf("%s: %d %s", path, status, body)
		}
		status, body, header = r.getAs(path, "bad")
		if status != 401 || header.Get("WWW-Authenticate") != `Bearer realm="penstock", error="invalid_token"` || !strings.Contains(body, "not accepted") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	r.post("/v1/predict", r.request("1", 7), 401, typedError("null", "unauthorized"))
	r.post("/v1/feedback", `{"request_id":1,"label":"7"}`, 401, typedError("null", "unauthorized"), "Authorization", "Bearer bad")
	if status, _, _ := r.getAs("/livez", ""); status != 200 {
		t.Errorf("/livez: %d", status)
	}
}

// TestProvingTime: who sends nothing is gone after five seconds.
func TestProvingTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := guarded(t, nil)
		s.inMemory = true
		r := start(t, s)
		p := r.connect("/ws/predict")
		began := time.Now()
		p.expectClose(1008, "auth_required")
		if took := time.Since(began); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("gone after %v", took)
		}
		r.stop()
	})
}

// TestRightsOverTheWire: each message needs its own right, and refusals leave the
// socket open. Who knows of some models alone is told of these.
func TestRightsOverTheWire(t *testing.T) {
	r := start(t, guarded(t, nil))
	token := tokenFor(t, "ann", time.Hour, "predict:second", "predict:oracle", "feedback:oracle")
	p := r.connectWith("/ws/predict?token="+token, "", "", "penstock.v1")
	p.expect(`{"type":"hello",…`)
	p.ask(r.request("1", 7), r.prediction("1", 7))
	p.ask(`{"features":[4],"model":"second","request_id":2}`, `{"type":"prediction","request_id":2,…}`)
	p.ask(`{"type":"feedback","request_id":2,"label":"4"}`, typedError("2", "forbidden"))
	p.ask(`{"type":"feedback","request_id":1,"label":"7"}`, `{"type":"feedback_ok","request_id":1,"correct":true}`)
	p.leave()

	token = tokenFor(t, "ann", time.Hour, "predict:second")
	p = r.connectWith("/ws/predict?token="+token, "", "", "penstock.v1")
	if hello := p.receive(); strings.Contains(hello, "oracle") || !strings.Contains(hello, `"second"`) {
		t.Errorf("hello tells of %s", hello)
	}
	p.ask(`{"features":[4],"request_id":1}`, `{"type":"prediction","request_id":1,…"model":"second",…}`)
	p.ask(`{"features":[1,2,3],"model":"oracle","request_id":2}`, typedError("2", "forbidden"))
	p.ask(`{"features":[1,2],"model":"none such","request_id":2}`, typedError("2", "forbidden"))
	binary := binaryFrame(protocol.BinaryPredict, protocol.DTypeFloat32, 0, 1, 3, append([]uint32{0, 0}, floatWords(4)...)...)
	if reply := p.askBinary(binary); reply[0] != protocol.BinaryPrediction {
		t.Errorf("a binary request of the only model: %q", reply)
	}
	p.ask(`{"features":[4],"request_id":4}`, `{"type":"prediction","request_id":4,…}`)
	p.leave()
	if _, body, _ := r.getAs("/api/models", token); strings.Contains(body, `"name":"oracle"`) {
		t.Errorf("/api/models tells of %s", body)
	}
	if status, _, _ := r.getAs("/api/quality", token); status != 403 {
		t.Errorf("/api/quality: %d", status)
	}
	r.connectWith("/ws/dashboard?token="+token, "", "").expectClose(1008, "forbidden")

	token = tokenFor(t, "ann", time.Hour, "dashboard:second")
	d := r.connectWith("/ws/dashboard?token="+token, "", "")
	for range 3 {
		if frame := d.receive(); strings.Contains(frame, `"oracle"`) {
			t.Errorf("a dashboard of another model is sent %s", frame)
		}
	}
	d.send(`{"type":"note","text":"hello"}`)
	for {
		if got := d.receive(); strings.Contains(got, `"type":"error"`) {
			if !matches(got, typedError("null", "forbidden")) {
				t.Errorf("a note: %s", got)
			}
			break
		}
	}
	d.leave()
	if _, body, _ := r.getAs("/api/quality", token); strings.Contains(body, `"oracle"`) || !strings.Contains(body, `"second"`) {
		t.Errorf("/api/quality tells of %s", body)
	}
}

// TestUsersAreApart: a label finds the predictions of its own user alone, whatever
// session it names.
func TestUsersAreApart(t *testing.T) {
	r := start(t, guarded(t, nil))
	path := "/ws/predict?session=0123456789abcdef&token="
	ann, bob := r.connectWith(path+tokenFor(t, "ann", time.Hour), "", ""), r.connectWith(path+tokenFor(t, "bob", time.Hour), "", "")
	ann.ask(r.request("1", 7), r.prediction("1", 7))
	bob.ask(`{"type":"feedback","request_id":1,"label":"7"}`, typedError("1", "unknown_request"))
	bob.ask(`{"type":"cancel","request_id":1}`, typedError("1", "unknown_request"))
	ann.ask(`{"type":"feedback","request_id":1,"label":"7"}`, `{"type":"feedback_ok",…}`)
	ann.leave()
	bob.leave()
}

// idle does nothing for a while but answer the server's pings, and checks that nothing
// comes.
func (p *peer) idle(d time.Duration) {
	p.t.Helper()
	for end := time.Now().Add(d); time.Until(end) > 0; {
		p.ask("ping", "pong")
		time.Sleep(min(10*time.Second, time.Until(end)))
	}
	p.ask("ping", "pong")
}

// TestExpiryOverTheWire: a minute before the end there is a notice; what was accepted
// before the end is answered, nothing after it is, and the socket closes within a second.
func TestExpiryOverTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		s := guarded(t, nil)
		s.inMemory = true
		s.oracle = &modeltest.Oracle{Features: 3, Classes: 10, OnRow: func(nonce uint32) modeltest.Fate {
			if nonce == 7 {
				return modeltest.Fate{Wait: hold}
			}
			return modeltest.Fate{}
		}}
		r := start(t, s)
		p := r.connectWith("/ws/predict", "Authorization", "Bearer "+tokenFor(t, "ann", time.Hour))
		p.idle(59*time.Minute - 10*time.Second)
		began := time.Now()
		p.expect(`{"type":"notice","code":"token_expiring",…,"expires":"…"}`)
		if took := time.Since(began); took > 10*time.Second || took < 9*time.Second {
			t.Errorf("told %v later; want 10 s, less what a token rounds off", took)
		}
		until := time.Now().Add(2 * time.Hour).Truncate(time.Second)
		p.ask(`{"type":"auth","token":"`+tokenFor(t, "ann", 2*time.Hour)+`"}`, `{"type":"auth_ok","user":"ann",…}`)
		p.ask(`{"type":"auth","token":"`+tokenFor(t, "bob", 2*time.Hour)+`"}`, typedError("null", "forbidden"))
		p.ask(`{"type":"auth","token":"bad"}`, typedError("null", "unauthorized"))
		p.idle(time.Until(until) - 65*time.Second)
		p.expect(`{"type":"notice","code":"token_expiring",…}`)
		p.idle(time.Until(until) - time.Second)
		time.Sleep(time.Until(until) - time.Millisecond)
		p.send(r.request("1", 7))
		synctest.Wait()
		time.AfterFunc(500*time.Millisecond, func() { close(hold) })
		time.Sleep(time.Millisecond)
		ended := time.Now()
		p.expect(r.prediction("1", 7))
		p.expectClose(1008, "token_expired")
		if took := time.Since(ended); took > time.Second {
			t.Errorf("closed %v after the end", took)
		}
		r.stop()
	})
}

// TestExpiryDoesNotWait: a model that hangs keeps no socket open.
func TestExpiryDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		s := guarded(t, nil)
		s.inMemory = true
		s.oracle = &modeltest.Oracle{Features: 3, Classes: 10, OnRow: func(uint32) modeltest.Fate { return modeltest.Fate{Wait: hold} }}
		r := start(t, s)
		p := r.connectWith("/ws/predict?token="+tokenFor(t, "ann", 4*time.Second), "", "")
		p.send(r.request("1", 7))
		p.expect(`{"type":"notice",…}`)
		time.Sleep(2 * time.Second)
		began := time.Now()
		p.expectClose(1008, "token_expired")
		if took := time.Since(began); took > time.Second {
			t.Errorf("closed %v after the end", took)
		}
		close(hold)
		r.stop()
	})
}

// TestRevokedOverTheWire: every socket and stream of a user is closed, and no other.
func TestRevokedOverTheWire(t *testing.T) {
	s := guarded(t, nil)
	var guard *access.Guard
	set := s.server
	s.server = func(o *server.Options) { set(o); guard = o.Access }
	r := start(t, s)
	token := tokenFor(t, "ann", time.Hour)
	ann, watching := r.connectWith("/ws/predict?token="+token, "", ""), r.connectWith("/ws/dashboard?token="+token, "", "")
	bob := r.connectWith("/ws/predict?token="+tokenFor(t, "bob", time.Hour), "", "")
	ann.ask("ping", "pong")
	watching.expect(`{"type":"history",…`)
	bob.ask("ping", "pong")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/events", http.NoBody)
	r.must(err)
	request.Header.Set("Authorization", "Bearer "+token)
	events, err := r.http.Do(request)
	r.must(err)
	defer func() { _ = events.Body.Close() }()
	ended, err := guard.Revoke(access.Revocation{User: "ann"})
	r.must(err)
	if ended != 3 {
		t.Errorf("%d connections ended; want 3", ended)
	}
	ann.expectClose(1008, "revoked")
	watching.expectClose(1008, "revoked")
	if _, err := io.Copy(io.Discard, events.Body); err != nil {
		t.Errorf("a stream of events ended with %v", err)
	}
	r.connectWith("/ws/predict?token="+token, "", "").expectClose(1008, "unauthorized")
	bob.ask(r.request("1", 7), r.prediction("1", 7))
	bob.leave()
}

// TestRatesOverTheWire: who sends more than it may in a second is told when to go on,
// and stays connected however often.
func TestRatesOverTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := guarded(t, func(o *access.Options) { o.Limits = access.Limits{RowsPerSecond: 10, Sockets: 2} })
		s.inMemory = true
		r := start(t, s)
		path := "/ws/predict?token=" + tokenFor(t, "ann", time.Hour)
		one, other := r.connectWith(path, "", ""), r.connectWith(path, "", "")
		for range 5 {
			one.ask(r.request("1", 7), r.prediction("1", 7))
			other.ask(r.request("1", 7), r.prediction("1", 7))
		}
		for range 400 {
			one.ask(r.request("2", 7), `{"type":"error","request_id":2,"code":"rate_limited",…"retryable":true,"retry_after_ms":100…}`)
		}
		r.post("/v1/predict?token="+tokenFor(t, "ann", time.Hour), r.request("2", 7), 429, typedError("2", "rate_limited"))
		time.Sleep(100 * time.Millisecond)
		other.ask(r.request("3", 7), r.prediction("3", 7))
		if status, body, header := r.getAs("/events", tokenFor(t, "ann", time.Hour)); status != 503 || header.Get("Retry-After") == "" {
			t.Errorf("a third socket: %d %s", status, body)
		}
		p := r.connect("/ws/predict")
		p.send(`{"type":"auth","token":"` + tokenFor(t, "ann", time.Hour) + `"}`)
		p.expectClose(1013, "this user has 2 connections open, and may have no more")
		one.leave()
		other.leave()
		r.stop()
	})
}
