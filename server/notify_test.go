package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"penstock/access"
	"penstock/monitor"
	"penstock/server"
)

// memberToken is tokenFor somebody who may join groups.
func memberToken(t testing.TB, user string, lives time.Duration, groups ...string) string {
	t.Helper()
	token, err := access.Mint([]byte(tokenSecret), access.Token{
		User: user, Scopes: []string{"predict", "feedback", "dashboard", "notes", "admin"}, Groups: groups,
		Issued: time.Now(), Expires: time.Now().Add(lives),
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// startGuarded is a rig on pipes that asks for tokens.
func startGuarded(t testing.TB) *rig {
	t.Helper()
	s := guarded(t, nil)
	s.inMemory = true
	return start(t, s)
}

// as connects with a token.
func (r *rig) as(token, path string) *peer {
	r.t.Helper()
	p := r.connectWith(path, "Authorization", "Bearer "+token)
	if path == "/ws/dashboard" {
		p.expect(`{"type":"history",…`)
	} else {
		p.ask("ping", "pong") // from here on it is known
	}
	return p
}

// notify posts a notification, of an operator.
func (r *rig) notify(body, want string) {
	r.t.Helper()
	synctest.Wait() // a handshake is over before its connection is among those that are notified
	r.post("/v1/notify", body, 200, want, "Authorization", "Bearer "+tokenFor(r.t, "olga", time.Hour, "admin"))
}

func notice(text, more string) string {
	return `{"type":"notice","code":"notification","message":"` + text + `",` + more + `}`
}

// TestNotifyAUser reaches every socket, dashboard and stream of the user, and nobody
// else's.
func TestNotifyAUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startGuarded(t)
		ann, bob := memberToken(t, "ann", time.Hour), memberToken(t, "bob", time.Hour)
		one, other := r.as(ann, "/ws/predict"), r.as(ann, "/ws/predict")
		watching, not := r.as(ann, "/ws/dashboard"), r.as(bob, "/ws/dashboard")
		e := r.events("Authorization", "Bearer "+ann)
		e.expect("retry: #\n")
		e.expect("data: {\"type\":\"history\",…")
		synctest.Wait()
		r.notify(`{ "user": "ann", "text": "line one\nline <two>", "data": {"n": [1.50, null, "é"] } }`, `{"delivered":4,"waiting":false}`)
		want := notice(`line one\nline \u003ctwo\u003e`, `"data":{"n":[1.50,null,"é"]},"time":"…Z","from":"olga"`)
		one.expect(want)
		other.expect(want)
		watching.skipTo(want)
		for text := ""; !matches(text, "data: "+want+"\n"); {
			if text = e.next(); matches(text, "data: {\"type\":\"notice\"…") && !matches(text, "data: "+want+"\n") {
				t.Fatalf("a stream has %s; want %s", text, want)
			}
		}
		not.send("ping")
		for text := ""; text != "pong"; {
			if text = not.receive(); strings.Contains(text, "notification") {
				t.Errorf("another user was told: %s", text)
			}
		}
		e.close()
		for _, p := range []*peer{one, other, watching, not} {
			p.leave()
		}
		r.stop()
	})
}

// TestNotifyWhoIsAway: the last fifty wait for a day, for whatever comes first.
func TestNotifyWhoIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := guarded(t, nil)
		s.inMemory = true
		s.monitor = func(o *monitor.Options) { o.Interval = time.Minute } // a day has few of them
		r := start(t, s)
		for n := range 52 {
			r.notify(fmt.Sprintf(`{"user":"ann","text":"%d"}`, n), `{"delivered":0,"waiting":true}`)
			time.Sleep(time.Second)
		}
		r.notify(`{"user":"bob","text":"too old"}`, `{"delivered":0,"waiting":true}`)
		time.Sleep(23 * time.Hour)
		p := r.connectWith("/ws/predict", "Authorization", "Bearer "+memberToken(t, "ann", time.Hour), "penstock.v1")
		p.expect(`{"type":"hello",…`)
		for n := 2; n < 52; n++ {
			p.expect(notice(fmt.Sprint(n), `"time":"…Z","from":"olga"`))
		}
		later := r.as(memberToken(t, "ann", time.Hour), "/ws/predict")
		later.ask("ping", "pong")
		p.leave()
		later.leave()
		time.Sleep(time.Hour)
		bob := r.events("Authorization", "Bearer "+memberToken(t, "bob", time.Hour))
		r.notify(`{"user":"cat","text":"now"}`, `{"delivered":0,"waiting":true}`)
		cat := r.events("Authorization", "Bearer "+memberToken(t, "cat", time.Hour))
		for _, e := range []*events{bob, cat} {
			e.expect("retry: #\n")
			e.expect("data: {\"type\":\"history\",…")
		}
		if text := bob.next(); strings.Contains(text, "notification") {
			t.Errorf("after a day and more: %s", text)
		}
		cat.expect("data: " + notice("now", `"time":"…Z","from":"olga"`) + "\n")
		bob.close()
		cat.close()
		r.stop()
	})
}

// TestNotifyIsForAdmins alone, on the public address, and for whoever reaches the other.
func TestNotifyIsForAdmins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startGuarded(t)
		body := `{"user":"ann","text":"x"}`
		r.post("/v1/notify", body, 401, problemOf("unauthorized"))
		r.post("/v1/notify", body, 403, problemOf("forbidden"), "Authorization", "Bearer "+tokenFor(t, "ann", time.Hour))
		if response, text := r.get("/v1/notify"); response.StatusCode != 405 || response.Header.Get("Allow") != "POST" {
			t.Errorf("GET: %s %s", response.Status, text)
		}
		ann := r.as(memberToken(t, "ann", time.Hour), "/ws/predict")
		r.operatorNotifies(body, `{"delivered":1,"waiting":false}`)
		ann.expect(notice("x", `"time":"…Z","from":"operator"`))
		ann.leave()
		r.stop()
	})
}

// TestNotifyEverybody: where nobody needs a token, all are anonymous, and none may
// notify; operators may.
func TestNotifyEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		p, d := r.connect("/ws/predict"), r.connect("/ws/dashboard")
		d.expect(`{"type":"history",…`)
		r.post("/v1/notify", `{"user":"anonymous","text":"x"}`, 403, problemOf("forbidden"))
		r.operatorNotifies(`{"user":"anonymous","text":"x"}`, `{"delivered":2,"waiting":false}`)
		p.expect(notice("x", `…`))
		d.skipTo(notice("x", `…`))
		p.ask(`{"type":"join","group":"any"}`, `{"type":"joined","group":"any"}`)
		r.operatorNotifies(`{"group":"any","text":"y"}`, `{"delivered":1,"waiting":false}`)
		p.expect(notice("y", `…,"group":"any"`))
		p.leave()
		d.leave()
		r.stop()
	})
}

func problemOf(code string) string { return `{"type":"about:blank",…,"code":"` + code + `",…}` }

// operatorNotifies calls the handler that stands at the admin address.
func (r *rig) operatorNotifies(body, want string) {
	r.t.Helper()
	synctest.Wait() // as in notify
	w := httptest.NewRecorder()
	r.Notify(w, httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/v1/notify", strings.NewReader(body)))
	if w.Code != 200 || !matches(w.Body.String(), want) {
		r.t.Errorf("%s: %d %s; want %s", body, w.Code, w.Body, want)
	}
}

// TestBadNotifications are refused as problems that say what was expected.
func TestBadNotifications(t *testing.T) {
	r := start(t, guarded(t, nil))
	admin := tokenFor(t, "olga", time.Hour, "admin")
	for body, code := range map[string]string{
		``:               "bad_message",
		`{`:              "bad_json",
		`[]`:             "bad_message",
		`{"user":"ann"}`: "bad_message",
		`{"text":"x"}`:   "bad_message",
		`{"user":"ann","group":"ops","text":"x"}`:                              "bad_message",
		`{"user":"ann","text":"x","to":"bob"}`:                                 "bad_message",
		`{"user":"ann","text":"x","text":"y"}`:                                 "bad_json",
		`{"user":"a\u0007nn","text":"x"}`:                                      "bad_message",
		`{"group":"o p s","text":"x"}`:                                         "bad_message",
		"{\"user\":\"ann\",\"text\":\"\xff\"}":                                 "bad_message",
		`{"user":"ann","text":"` + strings.Repeat("x", 40_000) + `"}`:          "bad_message",
		`{"user":"ann","text":"x","data":"` + strings.Repeat("x", 4095) + `"}`: "bad_message",
	} {
		response := r.post("/v1/notify", body, 400, problemOf(code), "Authorization", "Bearer "+admin)
		if kind := response.Header.Get("Content-Type"); kind != "application/problem+json" {
			t.Errorf("%s: Content-Type %s", body, kind)
		}
	}
	longest := `{"user":"ann","text":"x","data":"` + strings.Repeat("x", 4094) + `"}`
	r.post("/v1/notify", longest, 200, `{"delivered":0,"waiting":true}`, "Authorization", "Bearer "+admin)
}

// TestNotificationsAreRateLimited: a hundred at once, and a hundred a second.
func TestNotificationsAreRateLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startGuarded(t)
		for range 100 {
			r.notify(`{"group":"ops","text":"x"}`, `{"delivered":0,"waiting":false}`)
		}
		response := r.post("/v1/notify", `{"group":"ops","text":"x"}`, 429, problemOf("rate_limited"),
			"Authorization", "Bearer "+tokenFor(t, "olga", time.Hour, "admin"))
		if after := response.Header.Get("Retry-After"); after != "1" {
			t.Errorf("Retry-After %q", after)
		}
		time.Sleep(10 * time.Millisecond)
		r.notify(`{"group":"ops","text":"x"}`, `{"delivered":0,"waiting":false}`)
		r.stop()
	})
}

// TestNotifyWhoDoesNotRead: a socket whose peer takes nothing does not hold the operator
// up, and is not counted once too much waits for it; its user's other sockets get all.
func TestNotifyWhoDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := guarded(t, nil)
		s.inMemory, s.rigid = true, true
		r := start(t, s)
		token := memberToken(t, "ann", time.Hour)
		stalled, well := r.upgraded("/ws/predict?token="+token), r.as(token, "/ws/predict")
		well.ask("ping", "pong")
		data := strings.Repeat("x", 4000)
		began := time.Now()
		for n := range 60 {
			r.notify(fmt.Sprintf(`{"user":"ann","text":"%d","data":"%s"}`, n, data),
				fmt.Sprintf(`{"delivered":%d,"waiting":false}`, map[bool]int{true: 2, false: 1}[n < 32])) // one is being written, and 128 KiB wait
			well.expect(notice(fmt.Sprint(n), "…"))
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %v", took)
		}
		time.Sleep(5300 * time.Millisecond)
		if code, reason, _ := stalled.end(); code != 1008 || reason != "slow_consumer" {
			t.Errorf("closed with %d %s; want 1008 slow_consumer", code, reason)
		}
		well.leave()
		r.stop()
	})
}

// TestNoticesOfTheRevoked: between the end of a right and the end of the socket nothing
// is delivered.
func TestNoticesOfTheRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := guarded(t, nil)
		s.inMemory = true
		var guard *access.Guard
		set := s.server
		s.server = func(o *server.Options) { set(o); guard = o.Access }
		r := start(t, s)
		ann := r.as(memberToken(t, "ann", time.Hour), "/ws/predict")
		ann.ask("ping", "pong")
		if _, err := guard.Revoke(access.Revocation{User: "ann"}); err != nil {
			t.Fatal(err)
		}
		r.notify(`{"user":"ann","text":"not for you"}`, `{"delivered":0,"waiting":true}`)
		ann.expectClose(1008, "revoked")
		r.stop()
	})
}
