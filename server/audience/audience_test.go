package audience_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"penstock/server/audience"
)

// connection is a guest and a peer: what it is told, and what it may.
type connection struct {
	user   string
	may    map[string]bool
	ended  bool
	behind bool // takes nothing

	member *audience.Member
	in     map[string]bool // as Joined and Left have it
	told   []string
}

func (c *connection) User() string              { return c.user }
func (c *connection) MayJoin(group string) bool { return c.may[group] && !c.ended }
func (c *connection) Ended() bool               { return c.ended }
func (c *connection) Joined(group string)       { c.in[group] = true }
func (c *connection) Left(group string)         { delete(c.in, group) }
func (c *connection) Tell(message []byte) bool {
	if !c.behind {
		c.told = append(c.told, string(message))
	}
	return !c.behind
}

func connect(a *audience.Audience, user string, groups ...string) *connection {
	c := &connection{user: user, may: make(map[string]bool), in: make(map[string]bool)}
	for _, group := range groups {
		c.may[group] = true
	}
	c.member = a.Enter(c, c)
	return c
}

func (c *connection) mustHave(t testing.TB, want ...string) {
	t.Helper()
	if !slices.Equal(c.told, want) {
		t.Errorf("a connection of %s was told %q; want %q", c.user, c.told, want)
	}
}

// TestWhatWaits comes to the first connection, in order, the newest fifty of it, once.
func TestWhatWaits(t *testing.T) {
	a := audience.New(audience.Options{})
	var want []string
	for n := range 60 {
		if out := a.TellUser("ann", fmt.Append(nil, n)); out != (audience.Outcome{Waits: true}) {
			t.Fatalf("message %d: %+v", n, out)
		}
		if n >= 10 {
			want = append(want, fmt.Sprint(n))
		}
	}
	connect(a, "bob").mustHave(t)
	first := connect(a, "ann")
	first.mustHave(t, want...)
	connect(a, "ann").mustHave(t)
	if out := a.TellUser("ann", []byte("now")); out.Delivered != 2 || out.Waits {
		t.Errorf("%+v; want both connections to be told", out)
	}
	if c := a.Counts(); c.Delivered != 52 || c.Forgotten != 10 || c.Waiting != 0 {
		t.Errorf("%+v", c)
	}
}

// TestWhatWaitsPasses after a day, message by message.
func TestWhatWaitsPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := audience.New(audience.Options{})
		a.TellUser("ann", []byte("old"))
		a.TellUser("bob", []byte("alone"))
		time.Sleep(12 * time.Hour)
		a.TellUser("ann", []byte("newer"))
		time.Sleep(12*time.Hour - time.Nanosecond)
		if c := a.Counts(); c.Waiting != 3 {
			t.Errorf("%+v before a day is over", c)
		}
		time.Sleep(time.Nanosecond)
		if c := a.Counts(); c.Waiting != 2 || c.Forgotten != 1 {
			t.Errorf("%+v; want bob's to be gone", c)
		}
		connect(a, "ann").mustHave(t, "newer")
		connect(a, "bob").mustHave(t)
	})
}

// TestWaitingIsBounded in users and in bytes: those written to longest ago lose first.
func TestWaitingIsBounded(t *testing.T) {
	a := audience.New(audience.Options{MaxAbsent: 3})
	for _, user := range []string{"ann", "bob", "cat", "ann", "dan"} {
		a.TellUser(user, []byte("for "+user))
	}
	connect(a, "bob").mustHave(t)
	connect(a, "ann").mustHave(t, "for ann", "for ann")

	a = audience.New(audience.Options{MaxBytes: 10_000})
	large := strings.Repeat("x", 3000)
	for n := range 4 {
		a.TellUser("ann", fmt.Append(nil, n, large))
	}
	a.TellUser("bob", []byte("1"+large))
	if c := a.Counts(); c.Waiting != 1 {
		t.Errorf("%+v; want bob's alone", c)
	}
	if out := a.TellUser("ann", []byte(strings.Repeat(large, 4))); out.Waits {
		t.Error("what is larger than all that may wait waits")
	}
	connect(a, "bob").mustHave(t, "1"+large)
}

// TestWhoIsBehind is not counted, and is not waited for.
func TestWhoIsBehind(t *testing.T) {
	a := audience.New(audience.Options{})
	slow := connect(a, "ann", "ops")
	slow.behind = true
	if err := slow.member.Join("ops"); err != nil {
		t.Fatal(err)
	}
	if out := a.TellGroup("ops", []byte("x")); out != (audience.Outcome{}) {
		t.Errorf("%+v", out)
	}
	if out := a.TellUser("ann", []byte("1")); !out.Waits {
		t.Errorf("%+v; want the message to wait for another connection", out)
	}
	connect(a, "ann").mustHave(t, "1")
	if c := a.Counts(); c.Missed != 2 || c.Delivered != 1 {
		t.Errorf("%+v", c)
	}
}

// TestGroupsAreBounded: sixteen for a connection; those that it may not be in any more
// do not count.
func TestGroupsAreBounded(t *testing.T) {
	a := audience.New(audience.Options{})
	c := connect(a, "ann")
	for n := range 17 {
		name := fmt.Sprint("g", n)
		c.may[name] = true
		if err := c.member.Join(name); (n < 16) != (err == nil) || n == 16 && !errors.Is(err, audience.ErrManyGroups) {
			t.Errorf("group %d: %v", n, err)
		}
	}
	if err := c.member.Join("other"); !errors.Is(err, audience.ErrForbidden) {
		t.Errorf("a group that the token does not allow: %v", err)
	}
	c.may["g3"] = false
	if err := c.member.Join("g16"); err != nil || c.in["g3"] {
		t.Errorf("%v, in %v", err, c.in)
	}
	c.member.Leave()
	c.member.Leave()
	if c := a.Counts(); c.Groups != 0 {
		t.Errorf("%+v; want no group to be left", c)
	}
	if err := c.member.Join("g1"); err == nil {
		t.Error("who has left has joined a group")
	}
}

// TestAudience: whatever comes, goes, joins, parts and loses rights, a message reaches
// exactly those that it is for.
func TestAudience(t *testing.T) {
	users, groups := []string{"ann", "bob", "cat"}, []string{"ops", "dev"}
	rapid.Check(t, func(t *rapid.T) {
		a := audience.New(audience.Options{MaxGroups: 1, MaxWaiting: 3, MaxAbsent: 2})
		var all []*connection // in the order in which they came
		waits, order := map[string][]string{}, []string(nil)
		pick := func() *connection {
			if len(all) == 0 {
				t.Skip("nobody is there")
			}
			return all[rapid.IntRange(0, len(all)-1).Draw(t, "who")]
		}
		forget := func(user string) {
			delete(waits, user)
			order = slices.DeleteFunc(order, func(one string) bool { return one == user })
		}
		told, n := map[*connection][]string{}, 0
		tell := func(of func(*connection) bool) (message string, delivered int) {
			n++
			message = fmt.Sprint(n)
			for _, c := range all {
				if of(c) && !c.ended && !c.behind {
					told[c] = append(told[c], message)
					delivered++
				}
			}
			return message, delivered
		}
		t.Repeat(map[string]func(*rapid.T){
			"enter": func(t *rapid.T) {
				c := connect(a, rapid.SampledFrom(users).Draw(t, "user"), groups...)
				all = append(all, c)
				told[c] = waits[c.user]
				forget(c.user)
			},
			"leave": func(*rapid.T) {
				c := pick()
				c.member.Leave()
				all = slices.DeleteFunc(all, func(one *connection) bool { return one == c })
			},
			"join": func(t *rapid.T) {
				c, group := pick(), rapid.SampledFrom(groups).Draw(t, "group")
				before := maps.Clone(c.in)
				err := c.member.Join(group)
				switch {
				case !c.MayJoin(group):
					if !errors.Is(err, audience.ErrForbidden) || c.in[group] {
						t.Fatalf("joined without the right: %v", err)
					}
				case err != nil:
					if len(c.in) != 1 || before[group] {
						t.Fatalf("in %v, which was %v: %v", c.in, before, err)
					}
				case !c.in[group] || len(c.in) > 1:
					t.Fatalf("joined, and is in %v", c.in)
				}
			},
			"part": func(t *rapid.T) {
				c, group := pick(), rapid.SampledFrom(groups).Draw(t, "group")
				if c.member.Part(group); c.in[group] {
					t.Fatal("still in a group after leaving it")
				}
			},
			"rights": func(t *rapid.T) {
				c, group := pick(), rapid.SampledFrom(groups).Draw(t, "group")
				c.may[group] = !c.may[group]
				if rapid.Bool().Draw(t, "at once") {
					if c.member.Reconsider(); c.in[group] && !c.may[group] {
						t.Fatal("still in a group without the right")
					}
				}
			},
			"state": func(t *rapid.T) {
				c := pick()
				if c.behind = rapid.Bool().Draw(t, "behind"); rapid.IntRange(0, 9).Draw(t, "ends") == 0 {
					c.ended = true
				}
			},
			"tell user": func(t *rapid.T) {
				user := rapid.SampledFrom(users).Draw(t, "user")
				message, delivered := tell(func(c *connection) bool { return c.user == user })
				if out := a.TellUser(user, []byte(message)); out.Delivered != delivered || out.Waits != (delivered == 0) {
					t.Fatalf("%+v; want %d", out, delivered)
				}
				if delivered > 0 {
					return
				}
				list := slices.Concat(waits[user], []string{message})
				forget(user)
				waits[user], order = list[max(0, len(list)-3):], append(order, user)
				if len(order) > 2 {
					forget(order[0])
				}
			},
			"tell group": func(t *rapid.T) {
				group := rapid.SampledFrom(groups).Draw(t, "group")
				message, delivered := tell(func(c *connection) bool { return c.in[group] && c.MayJoin(group) })
				if out := a.TellGroup(group, []byte(message)); out.Delivered != delivered || out.Waits {
					t.Fatalf("%+v; want %d", out, delivered)
				}
			},
			"": func(t *rapid.T) {
				kept := 0
				for _, list := range waits {
					kept += len(list)
				}
				if c := a.Counts(); c.Waiting != kept {
					t.Fatalf("%+v; want %d to wait", c, kept)
				}
				for c, want := range told {
					if !slices.Equal(c.told, want) {
						t.Fatalf("%s was told %q; want %q", c.user, c.told, want)
					}
				}
			},
		})
	})
}

// counter is a peer for several goroutines.
type counter struct {
	user string
	n    int // guarded by the audience, which calls one peer at a time
}

func (c *counter) User() string        { return c.user }
func (c *counter) MayJoin(string) bool { return true }
func (c *counter) Ended() bool         { return false }
func (c *counter) Joined(string)       {}
func (c *counter) Left(string)         {}
func (c *counter) Tell([]byte) bool    { c.n++; return true }

// TestManyAtOnce: what is counted as delivered, or waits still, is what was sent.
func TestManyAtOnce(t *testing.T) {
	a := audience.New(audience.Options{MaxWaiting: 10_000})
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for range 200 {
				c := &counter{user: "ann"}
				m := a.Enter(c, c)
				_ = m.Join("ops")
				a.TellGroup("ops", []byte("x"))
				m.Leave()
			}
		})
		running.Go(func() {
			for range 200 {
				a.TellUser("ann", []byte("x"))
			}
		})
	}
	running.Wait()
	last := &counter{user: "ann"}
	a.Enter(last, last).Leave()
	if c := a.Counts(); c.Delivered < 1600 || c.Waiting != 0 || c.Groups != 0 || c.Missed != 0 || c.Forgotten != 0 {
		t.Errorf("%+v", c)
	}
}
