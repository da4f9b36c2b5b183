package server_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"penstock/access"
	"penstock/protocol"
	"penstock/server"
)

// TestGroups: who has joined is told what goes to the group, until it leaves; who has
// not, or may not, is not.
func TestGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startGuarded(t)
		ann, bob, cat := r.as(memberToken(t, "ann", time.Hour, "ops"), "/ws/predict"),
			r.as(memberToken(t, "bob", time.Hour, "*"), "/ws/dashboard"), r.as(memberToken(t, "cat", time.Hour, "dev"), "/ws/predict")
		join := `{"type":"join","group":"ops"}`
		for range 2 { // once or twice is the same
			ann.ask(join, `{"type":"joined","group":"ops"}`)
			bob.send(join)
			bob.skipTo(`{"type":"joined","group":"ops"}`)
		}
		cat.ask(join, typedError("null", "forbidden"))
		r.notify(`{"group":"ops","text":"page"}`, `{"delivered":2,"waiting":false}`)
		ann.expect(notice("page", `"time":"…Z","from":"olga","group":"ops"`))
		bob.skipTo(notice("page", `"time":"…Z","from":"olga","group":"ops"`))
		for range 2 {
			ann.ask(`{"type":"leave","group":"ops"}`, `{"type":"left","group":"ops"}`)
		}
		r.notify(`{"group":"ops","text":"again"}`, `{"delivered":1,"waiting":false}`)
		bob.skipTo(notice("again", "…"))
		for _, p := range []*peer{ann, cat} {
			p.ask("ping", "pong")
			p.leave()
		}
		bob.leave()
		r.notify(`{"group":"ops","text":"nobody"}`, `{"delivered":0,"waiting":false}`)
		r.stop()
	})
}

// TestGroupsHaveNames, and a connection no more than sixteen of them.
func TestGroupsHaveNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		p, d := r.connect("/ws/predict"), r.connect("/ws/dashboard")
		d.expect(`{"type":"history",…`)
		for _, message := range []string{
			`{"type":"join"}`, `{"type":"join","group":""}`, `{"type":"leave","group":null}`, `{"type":"join","group":["ops"]}`, `{"type":"join","group":"*"}`,
			`{"type":"join","group":"o ps"}`, `{"type":"join","group":"é"}`, `{"type":"leave","group":"` + strings.Repeat("x", 65) + `"}`,
		} {
			p.ask(message, typedError("null", "bad_message"))
			d.send(message)
			d.skipTo(typedError("null", "bad_message"))
		}
		for n := range 16 {
			message := fmt.Sprintf(`{"type":"join","group":"A.z_0:-%d"}`, n)
			p.ask(message, `{"type":"joined",…}`)
			d.send(message)
			d.skipTo(`{"type":"joined",…}`)
		}
		p.ask(`{"type":"join","group":"more"}`, typedError("null", "bad_message"))
		p.ask(`{"features":`+r.row(7)+`,"group":17,"request_id":1}`, `{"type":"prediction",…}`) // a field that predictions do not have
		for range 4 {
			d.send(`{"type":"join","group":"more"}`)
			d.skipTo(typedError("null", "bad_message"))
		}
		d.send(`{"type":"join","group":"more"}`)
		d.skipTo(`{"type":"error","request_id":null,"code":"rate_limited",…}`)
		p.leave()
		d.leave()
		r.stop()
	})
}

// TestNotesInAGroup go to its dashboards alone, and the last fifty to those who join.
func TestNotesInAGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startGuarded(t)
		token := memberToken(t, "ann", 10*time.Hour, "ops")
		author, reader := r.as(token, "/ws/dashboard"), r.as(token, "/ws/dashboard")
		author.send(`{"type":"note","text":"x","group":"ops"}`)
		author.skipTo(typedError("null", "forbidden"))
		for _, p := range []*peer{author, reader} {
			p.send(`{"type":"join","group":"ops"}`)
			p.skipTo(`{"type":"joined","group":"ops"}`)
		}
		for n := range 60 {
			author.send(fmt.Sprintf(`{"type":"note","text":"note %d","group":"ops"}`, n))
			want := fmt.Sprintf(`{"type":"note","text":"note %d","author":"ann","time":"…Z","group":"ops"}`, n)
			author.skipTo(want)
			reader.skipTo(want)
			time.Sleep(time.Second)
		}
		other := r.as(token, "/ws/dashboard")
		author.send(`{"type":"note","text":"for others","group":"ops"}`)
		author.send(`{"type":"note","text":"for all"}`)
		for text := ""; !matches(text, `{"type":"note","text":"for all",…`); {
			if text = other.receive(); strings.Contains(text, `"group"`) {
				t.Fatalf("who has not joined is told: %s", text)
			}
		}
		later := r.as(token, "/ws/dashboard")
		later.skipTo(`{"type":"note","text":"for all","author":"ann","time":"…Z"}`)
		later.send(`{"type":"join","group":"ops"}`)
		later.skipTo(`{"type":"joined","group":"ops"}`)
		for n := 11; n <= 60; n++ {
			note := decode[protocol.Note](t, later.skipTo(`{"type":"note",…`))
			if want := fmt.Sprintf("note %d", n); note.Group != "ops" || note.Text != want && (n < 60 || note.Text != "for others") {
				t.Fatalf("who joins gets %+v; want note %d", note, n)
			}
		}
		for _, p := range []*peer{author, reader, other, later} {
			p.leave()
		}
		r.stop()
	})
}

// TestPresenceInAGroup tells its dashboards who of them is there, when that changes.
func TestPresenceInAGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startGuarded(t)
		ann, bob := r.as(memberToken(t, "ann", time.Hour, "ops"), "/ws/dashboard"), r.as(memberToken(t, "bob", time.Hour, "ops"), "/ws/dashboard")
		outside := r.as(memberToken(t, "cat", time.Hour, "ops"), "/ws/dashboard")
		ann.send(`{"type":"join","group":"ops"}`)
		ann.skipTo(`{"type":"presence","group":"ops","watching":1,"users":[{"user":"ann","sockets":1}]}`)
		bob.send(`{"type":"join","group":"ops"}`)
		both := `{"type":"presence","group":"ops","watching":2,"users":[{"user":"ann","sockets":1},{"user":"bob","sockets":1}]}`
		ann.skipTo(both)
		bob.skipTo(both)
		bob.send(`{"type":"leave","group":"ops"}`)
		ann.skipTo(`{"type":"presence","group":"ops","watching":1,…}`)
		for range 3 {
			bob.skipTo(`{"type":"metrics",…`)
		}
		bob.send(`{"type":"join","group":"ops"}`)
		ann.skipTo(both)
		bob.leave()
		ann.skipTo(`{"type":"presence","group":"ops","watching":1,…}`)
		outside.send("ping")
		for text := ""; text != "pong"; {
			if text = outside.receive(); strings.Contains(text, `"group"`) {
				t.Errorf("who has not joined is told: %s", text)
			}
		}
		ann.leave()
		outside.leave()
		r.stop()
	})
}

// TestACrowdInAGroup: however many join at once, each is told who is there once a second.
func TestACrowdInAGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const crowd, rounds = 60, 5
		r := start(t, setup{inMemory: true})
		all := make([]*peer, crowd)
		for i := range all {
			all[i] = r.connect("/ws/dashboard")
			all[i].expect(`{"type":"history",…`)
		}
		for _, p := range all {
			p.send(`{"type":"join","group":"ops"}`)
		}
		for i, p := range all {
			told, last := 0, ""
			for metrics := 0; metrics < rounds; {
				switch text := p.receive(); {
				case matches(text, `{"type":"metrics",…`):
					metrics++
				case matches(text, `{"type":"presence","group":"ops",…`):
					told, last = told+1, text
				}
			}
			if !matches(last, fmt.Sprintf(`{"type":"presence","group":"ops","watching":%d,…`, crowd)) || told > rounds {
				t.Errorf("dashboard %d was told %d times, at last %s", i, told, last)
			}
		}
		for _, p := range all {
			p.leave()
		}
		r.stop()
	})
}

// TestGroupsEndWithTheRight: a new token that does not allow a group ends the membership,
// also for notes and presence.
func TestGroupsEndWithTheRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startGuarded(t)
		token, less := memberToken(t, "ann", time.Hour, "ops", "dev"), memberToken(t, "ann", time.Hour, "dev")
		p, d, other := r.as(token, "/ws/predict"), r.as(token, "/ws/dashboard"), r.as(token, "/ws/dashboard")
		for _, group := range []string{"ops", "dev"} {
			for _, one := range []*peer{p, d, other} {
				one.send(`{"type":"join","group":"` + group + `"}`)
				one.skipTo(`{"type":"joined","group":"` + group + `"}`)
			}
		}
		for _, one := range []*peer{p, d} {
			one.send(`{"type":"auth","token":"` + less + `"}`)
			one.skipTo(`{"type":"auth_ok","user":"ann",…"groups":["dev"],…}`)
			one.skipTo(`{"type":"left","group":"ops"}`)
		}
		d.send(`{"type":"note","text":"x","group":"ops"}`)
		d.skipTo(typedError("null", "forbidden"))
		r.notify(`{"group":"ops","text":"x"}`, `{"delivered":1,"waiting":false}`)
		r.notify(`{"group":"dev","text":"y"}`, `{"delivered":3,"waiting":false}`)
		p.expect(notice("y", "…"))
		d.skipTo(notice("y", "…"))
		other.send(`{"type":"note","text":"ours","group":"ops"}`)
		other.skipTo(`{"type":"note","text":"ours",…`)
		for metrics := 0; metrics < 3; {
			switch text := d.receive(); {
			case matches(text, `{"type":"metrics",…`):
				metrics++
			case strings.Contains(text, `"ours"`):
				t.Errorf("who is not in the group any more is told: %s", text)
			}
		}
		for _, one := range []*peer{p, d, other} {
			one.leave()
		}
		r.stop()
	})
}

// TestGroupsEndWithTheRoles: groups that the roles file gave, and gives no more, are left
// when something comes for them.
func TestGroupsEndWithTheRoles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		roles := t.TempDir() + "/roles"
		write(t, roles, "users: {ann: {groups: [ops]}}\n")
		s := guarded(t, func(o *access.Options) { o.PolicyFile = roles })
		s.inMemory = true
		var guard *access.Guard
		set := s.server
		s.server = func(o *server.Options) { set(o); guard = o.Access }
		r := start(t, s)
		token := tokenFor(t, "ann", time.Hour)
		p, d := r.as(token, "/ws/predict"), r.as(token, "/ws/dashboard")
		for _, one := range []*peer{p, d} {
			one.send(`{"type":"join","group":"ops"}`)
			one.skipTo(`{"type":"joined","group":"ops"}`)
		}
		write(t, roles, "users: {ann: {groups: [dev]}}\n")
		r.must(guard.Reload())
		r.notify(`{"group":"ops","text":"x"}`, `{"delivered":0,"waiting":false}`)
		p.expect(`{"type":"left","group":"ops"}`)
		d.skipTo(`{"type":"left","group":"ops"}`)
		p.leave()
		d.leave()
		r.stop()
	})
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
