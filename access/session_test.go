package access_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"pgregory.net/rapid"

	"penstock/access"
)

func rewrite(t testing.TB, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o600))
}

// watcher keeps what it is told.
type watcher chan string

func (w watcher) Expiring(time.Time)    { w <- "expiring" }
func (w watcher) End(why access.Reason) { w <- string(why) }

// TestExpiry: a minute before the end a session's holder is told, and at the end it
// ends, unless it is renewed with a token of the same user.
func TestExpiry(t *testing.T) {
	for name, c := range map[string]struct{ lives, told time.Duration }{
		"an hour": {time.Hour, 59 * time.Minute}, "ten seconds": {10 * time.Second, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGuard(t, nil)
				began := time.Now()
				s := enter(t, g, good(t, jwt.MapClaims{"exp": began.Add(c.lives).Unix()}), true)
				defer s.Leave()
				w := make(watcher, 4)
				s.Watch(w)
				if got := <-w; got != "expiring" || time.Since(began) != c.told {
					t.Errorf("%s after %v; want expiring after %v", got, time.Since(began), c.told)
				}
				if err := s.May(access.Predict, "digits", time.Time{}); err != nil {
					t.Error(err)
				}
				if got := <-w; got != "expired" || time.Since(began) != c.lives {
					t.Errorf("%s after %v", got, time.Since(began))
				}
				if err := s.May(access.Predict, "digits", began); !errors.Is(err, access.ErrExpired) {
					t.Errorf("after the end: %v", err)
				}
				if err := s.Renew(t.Context(), good(t, nil)); !errors.Is(err, access.ErrRevoked) {
					t.Errorf("renewed after the end: %v", err)
				}
			})
		})
	}
}

func TestRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, nil)
		began := time.Now()
		s := enter(t, g, good(t, nil), true)
		defer s.Leave()
		w := make(watcher, 4)
		s.Watch(w)
		<-w
		if err := s.Renew(t.Context(), good(t, jwt.MapClaims{"sub": "bob"})); !errors.Is(err, access.ErrOther) {
			t.Errorf("with another's token: %v", err)
		}
		var refused *access.RefusedError
		if err := s.Renew(t.Context(), "rubbish"); !errors.As(err, &refused) {
			t.Errorf("with rubbish: %v", err)
		}
		must(t, s.Renew(t.Context(), good(t, jwt.MapClaims{"scope": "dashboard"})))
		if err := s.May(access.Predict, "digits", time.Time{}); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("what the new token does not grant: %v", err)
		}
		if got := <-w; got != "expiring" || time.Since(began) != 59*time.Minute+59*time.Minute {
			t.Errorf("%s after %v", got, time.Since(began))
		}
		<-w
	})
}

// TestNothingAfterExpiry: whatever comes in whatever order, of tokens that end at
// whatever time, nothing is allowed at or after the end of the last that was accepted.
func TestNothingAfterExpiry(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		lives := rapid.SliceOfN(rapid.IntRange(1, 200), 1, 6).Draw(r, "lives")
		waits := rapid.SliceOfN(rapid.IntRange(0, 150_000), 1, 20).Draw(r, "waits")
		synctest.Test(t, func(t *testing.T) {
			g := newGuard(t, nil)
			end := time.Now().Add(time.Duration(lives[0]) * time.Second).Truncate(time.Second)
			s := enter(t, g, good(t, jwt.MapClaims{"exp": end.Unix()}), true)
			defer s.Leave()
			s.Watch(make(watcher, 100))
			for i, wait := range waits {
				time.Sleep(time.Duration(wait) * time.Millisecond)
				over := !time.Now().Before(end)
				if err := s.May(access.Predict, "digits", time.Time{}); (err != nil) != over {
					r.Fatalf("%v before the end: %v", time.Until(end), err)
				}
				if next := i + 1; next < len(lives) {
					until := time.Now().Add(time.Duration(lives[next]) * time.Second).Truncate(time.Second)
					if !until.After(time.Now()) {
						continue
					}
					err := s.Renew(t.Context(), good(t, jwt.MapClaims{"exp": until.Unix()}))
					if synctest.Wait(); over != (err != nil) {
						r.Fatalf("renewed %v before the end: %v", time.Until(end), err)
					}
					if err == nil {
						end = until
					}
				}
			}
		})
	})
}

// TestRevocation: of a user's tokens those issued before are refused, those issued later
// are not; a revocation by id is of one token; both outlive the process.
func TestRevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		path := file(t, "secret", string(secret))
		change := func(o *access.Options) { o.SecretFiles, o.DataDir = []string{path}, folder }
		g := newGuard(t, change)
		issued := func(change jwt.MapClaims) string {
			change["iat"] = time.Now().Unix()
			return good(t, change)
		}
		one, other, bob := issued(jwt.MapClaims{"jti": "1"}), issued(jwt.MapClaims{"jti": "2"}), issued(jwt.MapClaims{"sub": "bob"})
		w, v := make(watcher, 4), make(watcher, 4)
		s, s2 := enter(t, g, one, true), enter(t, g, other, true)
		defer s.Leave()
		defer s2.Leave()
		s.Watch(w)
		s2.Watch(v)
		ended, err := g.Revoke(access.Revocation{Token: "1"})
		must(t, err)
		if got := <-w; ended != 1 || got != "revoked" || !errors.Is(s.May(access.Predict, "", time.Time{}), access.ErrRevoked) {
			t.Errorf("%d ended, %s, %v", ended, got, s.May(access.Predict, "", time.Time{}))
		}
		mustRefuse(t, g, one, access.Revoked)
		time.Sleep(time.Second)
		ended, err = g.Revoke(access.Revocation{User: "ann"})
		must(t, err)
		if got := <-v; ended != 1 || got != "revoked" {
			t.Errorf("%d ended, %s", ended, got)
		}
		time.Sleep(2 * time.Second)
		later := issued(jwt.MapClaims{"jti": "3"})
		for range 2 {
			mustRefuse(t, g, one, access.Revoked)
			mustRefuse(t, g, other, access.Revoked)
			mustRefuse(t, g, good(t, nil), access.Revoked) // which does not say when it was issued
			for _, token := range []string{later, bob} {
				if _, err := g.Token(t.Context(), token); err != nil {
					t.Error(err)
				}
			}
			g = newGuard(t, change) // the next process
		}
		was, err := g.Restore("ann")
		must(t, err)
		if _, err := g.Token(t.Context(), other); err != nil || !was {
			t.Errorf("restored: %v, %v", was, err)
		}
		mustRefuse(t, g, one, access.Revoked)
		time.Sleep(access.LongestLife)
		_, err = g.Revoke(access.Revocation{User: "nobody"})
		must(t, err)
		text, err := os.ReadFile(filepath.Join(folder, "revocations.json"))
		must(t, err)
		if strings.Contains(string(text), `"token"`) {
			t.Errorf("a revocation of no use is kept: %s", text)
		}
	})
}

// TestRevocationIsNotKept: where the folder cannot be written to, that is told at once,
// and later the revocation holds all the same.
func TestRevocationIsNotKept(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	if _, err := access.New(access.Options{Tokens: true, DataDir: folder, SecretFiles: []string{file(t, "secret", string(secret))}}); err == nil || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("a folder that is not there: %v", err)
	}
	must(t, os.Mkdir(folder, 0o700))
	g := newGuard(t, func(o *access.Options) { o.DataDir = folder })
	must(t, os.RemoveAll(folder))
	if _, err := g.Revoke(access.Revocation{User: "ann"}); err == nil || !strings.Contains(err.Error(), "end with this process") {
		t.Errorf("not written down: %v", err)
	}
	mustRefuse(t, g, good(t, nil), access.Revoked)
}

func TestRoles(t *testing.T) {
	path := file(t, "roles", `
roles:
  analyst: [dashboard, notes]
  sensor: ["predict:digits"]
default: [dashboard]
users:
  ann: {weight: 4, sockets: 2, rows-per-second: 10, roles: [sensor], groups: [ops]}
`)
	g := newGuard(t, func(o *access.Options) { o.PolicyFile, o.Limits.Sockets = path, 1 })
	can := func(s *access.Session) string { return strings.Join(s.Grants().Scopes(), " ") }
	ann := enter(t, g, good(t, jwt.MapClaims{"scope": nil}), true)
	defer ann.Leave()
	if can(ann) != "predict:digits" || ann.Weight() != 4 || !ann.MayJoin("ops") {
		t.Errorf("ann: %s, weight %d, groups %v", can(ann), ann.Weight(), ann.Groups())
	}
	bob := enter(t, g, good(t, jwt.MapClaims{"sub": "bob", "scope": nil}), true)
	defer bob.Leave()
	eve := enter(t, g, good(t, jwt.MapClaims{"sub": "eve", "scope": "openid feedback", "roles": []string{"analyst", "unknown"}}), false)
	defer eve.Leave()
	if can(bob) != "dashboard" || can(eve) != "feedback dashboard notes" || bob.Weight() != 1 {
		t.Errorf("bob: %s, eve: %s", can(bob), can(eve))
	}
	second := enter(t, g, good(t, nil), true)
	for user, most := range map[string]int{"ann": 2, "bob": 1} {
		id, err := g.Token(t.Context(), good(t, jwt.MapClaims{"sub": user}))
		must(t, err)
		var many *access.ManyError
		if _, err := g.Enter(id, access.Entry{Socket: true}); !errors.As(err, &many) || many.Limit != most {
			t.Errorf("a socket more of %s: %v", user, err)
		}
	}
	second.Leave()
	enter(t, g, good(t, nil), true).Leave()

	rewrite(t, path, "default: [notes]\nusers: {bob: {weight: 7}}")
	must(t, g.Reload())
	if can(bob) != "notes" || bob.Weight() != 7 || can(ann) != "notes" || ann.Weight() != 1 || ann.MayJoin("ops") {
		t.Errorf("after the file changed: bob %s, ann %s", can(bob), can(ann))
	}
	for text, want := range map[string]string{
		"roles: {a: [fly]}":          `role "a": scope "fly"`,
		"users: {a: {roles: [b]}}":   `user "a": role "b" is not among roles`,
		"users: {a: {weight: 5000}}": `user "a": weight 5000: expected at least 1 and at most 1000`,
		"users: {a: {sockets: -1}}":  `user "a": sockets`,
		"rules: {}":                  "field rules not found",
		"default: [predict:]":        `default: scope "predict:"`,
	} {
		rewrite(t, path, text)
		if err := g.Reload(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--roles") {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
	if can(bob) != "notes" {
		t.Error("a file that cannot be used changed rights")
	}
}

// TestRates: a user may send so much in a second over all sessions, and is told when
// more may come; who has gone is forgotten, but not before that would lift a limit.
func TestRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, func(o *access.Options) { o.Limits = access.Limits{RowsPerSecond: 100, BytesPerSecond: 1000} })
		s := enter(t, g, good(t, nil), true)
		must(t, s.Spend(60, 10, time.Time{}))
		s.Leave()
		s = enter(t, g, good(t, nil), true)
		defer s.Leave()
		var rate *access.RateError
		if err := s.Spend(60, 10, time.Time{}); !errors.As(err, &rate) || rate.What != "rows" || rate.RetryAfter != 200*time.Millisecond {
			t.Errorf("more rows than may come: %#v", err)
		}
		if err := s.Spend(30, 1000, time.Time{}); !errors.As(err, &rate) || rate.What != "bytes" || rate.RetryAfter != 10*time.Millisecond {
			t.Errorf("more bytes than may come: %#v", err)
		}
		must(t, s.Spend(40, 980, time.Time{})) // what was refused did not count
		time.Sleep(time.Second)
		must(t, s.Spend(5000, 1, time.Time{})) // more than a second has: a whole one
		if err := s.Spend(1, 1, time.Time{}); !errors.As(err, &rate) || rate.RetryAfter != 10*time.Millisecond {
			t.Errorf("after a large request: %#v", err)
		}
		bob := enter(t, g, good(t, jwt.MapClaims{"sub": "bob"}), true)
		must(t, bob.Spend(100, 1, time.Time{}))
		bob.Leave()
		var running sync.WaitGroup
		ctx, cancel := contextOf(t)
		running.Go(func() { g.Run(ctx) })
		time.Sleep(time.Minute)
		if g.Users() != 1 {
			t.Errorf("%d users are remembered; want the one that is here", g.Users())
		}
		cancel()
		running.Wait()
	})
}

// TestAnonymous: without tokens everybody may do all that callers do, shares with whoever
// has the address, and has nothing that ends.
func TestAnonymous(t *testing.T) {
	g, err := access.New(access.Options{Limits: access.Limits{RowsPerSecond: 1, Sockets: 1}})
	must(t, err)
	var open []*access.Session
	for _, share := range []string{"192.0.2.1", "192.0.2.1", "192.0.2.2"} {
		s, err := g.Enter(g.Anonymous(), access.Entry{Share: share, Socket: true})
		must(t, err)
		defer s.Leave()
		open = append(open, s)
		if s.User() != access.Anonymous || s.Share() != share || s.May(access.Predict, "x", time.Time{}) != nil || !s.MayJoin("any") {
			t.Errorf("%s at %s", s.User(), s.Share())
		}
		if s.May(access.Admin, "", time.Time{}) == nil {
			t.Error("anybody may do what operators may")
		}
	}
	must(t, open[0].Spend(1, 1, time.Time{}))
	if open[1].Spend(1, 1, time.Time{}) == nil || open[2].Spend(1, 1, time.Time{}) != nil {
		t.Error("who shares an address does not share its limit, or who does not does")
	}
}

func TestNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rates := access.NewRates(10, 20)
		for range 20 {
			if wait := rates.Take("a"); wait != 0 {
				t.Fatal(wait)
			}
		}
		if wait := rates.Take("a"); wait != 100*time.Millisecond {
			t.Errorf("wait %v", wait)
		}
		if wait := rates.Take("b"); wait != 0 {
			t.Errorf("another waits %v", wait)
		}
		time.Sleep(100 * time.Millisecond)
		if wait := rates.Take("a"); wait != 0 {
			t.Errorf("later %v", wait)
		}
	})
	if access.NewRates(0, 0).Take("a") != 0 {
		t.Error("no bound is one")
	}
}
