package accept_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"penstock/server/accept"
)

// world is what a Listener should have let in: a plain list.
type world struct {
	places, perAddress int
	open               []*visitor // those that wait in the order since when
}

type visitor struct {
	*fake
	conn    net.Conn // as accepted
	waits   bool
	limited bool // is of an address with a limit
}

func (w *world) of(address string) (all []*visitor) {
	for _, v := range w.open {
		if v.from == address {
			all = append(all, v)
		}
	}
	return all
}

func longest(visitors []*visitor) *visitor {
	if i := slices.IndexFunc(visitors, func(v *visitor) bool { return v.waits }); i >= 0 {
		return visitors[i]
	}
	return nil
}

func (w *world) leave(v *visitor) {
	w.open = slices.DeleteFunc(w.open, func(other *visitor) bool { return other == v })
}

// TestPlaces compares with a list, whatever comes in whichever order: never
// more than the limits, who has waited longest gives way, and a place comes
// back once.
func TestPlaces(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{places: rapid.IntRange(1, 8).Draw(rt, "places"), perAddress: rapid.IntRange(1, 4).Draw(rt, "per address")}
		in := make(script, 2)
		l := limited(t, in, w.places, w.perAddress)
		pick := func() *visitor {
			if len(w.open) == 0 {
				rt.Skip("nobody is there")
			}
			return w.open[rapid.IntRange(0, len(w.open)-1).Draw(rt, "who")]
		}
		rt.Repeat(map[string]func(*rapid.T){
			"come": func(rt *rapid.T) {
				from := rapid.SampledFrom([]string{"192.0.2.1", "192.0.2.2", "127.0.0.1"}).Draw(rt, "from")
				v := &visitor{fake: &fake{from: from}, waits: true, limited: from != "127.0.0.1"}
				var victim *visitor
				full := true
				switch own := w.of(from); {
				case v.limited && len(own) >= w.perAddress:
					victim = longest(own)
				case len(w.open) >= w.places:
					victim = longest(w.open)
				default:
					full = false
				}
				in <- v.fake
				in <- nil // ends Accept if the visitor is refused
				conn, err := l.Accept()
				if err == nil {
					<-in
				}
				if refused := full && victim == nil; (err != nil) != refused {
					rt.Fatalf("accepting: %v; want refused to be %v", err, refused)
				} else if refused {
					if !v.closed.Load() && !eventuallyClosed(l, v.fake) {
						rt.Fatal("who was refused was not closed")
					}
					return
				}
				if victim != nil {
					if !victim.closed.Load() {
						rt.Fatal("the wrong one gave way")
					}
					w.leave(victim)
				}
				v.conn = conn
				w.open = append(w.open, v)
			},
			"ask": func(*rapid.T) { v := pick(); v.waits = false; l.Track(v.conn, http.StateActive) },
			"rest": func(*rapid.T) {
				v := pick()
				if !v.waits {
					v.waits = true
					w.leave(v)
					w.open = append(w.open, v)
				}
				l.Track(v.conn, http.StateIdle)
			},
			"hijack": func(*rapid.T) { v := pick(); v.waits = false; l.Track(v.conn, http.StateHijacked) },
			"leave": func(*rapid.T) {
				v := pick()
				w.leave(v)
				_ = v.conn.Close()
				_ = v.conn.Close() // net/http's habit
			},
			"": func(rt *rapid.T) {
				for _, v := range w.open {
					if v.closed.Load() {
						rt.Fatal("one with a place was closed")
					}
				}
			},
		})
		_ = l.Close()
	})
}

// eventuallyClosed waits for those who are being sent away.
func eventuallyClosed(l *accept.Listener, f *fake) bool {
	_ = l.Close()
	return f.closed.Load()
}

// TestWhoGivesWay is told so only if it has had no answer yet.
func TestWhoGivesWay(t *testing.T) {
	in := make(script, 9)
	l := limited(t, in, 2, 2)
	silent, kept := &fake{from: "127.0.0.1"}, &fake{from: "127.0.0.1"}
	in <- silent
	in <- kept
	_, _ = l.Accept()
	conn, _ := l.Accept()
	l.Track(conn, http.StateActive)
	l.Track(conn, http.StateIdle)
	for range 2 {
		in <- &fake{from: "127.0.0.1"}
		if conn, err := l.Accept(); err != nil {
			t.Fatal(err)
		} else {
			l.Track(conn, http.StateActive)
		}
	}
	if !strings.HasPrefix(string(silent.said), "HTTP/1.1 503 ") || !strings.Contains(string(silent.said), "\r\nRetry-After: ") {
		t.Errorf("who had said nothing was told %q", silent.said)
	}
	if !kept.closed.Load() || len(kept.said) != 0 {
		t.Errorf("a kept connection was told %q; want it closed without a word", kept.said)
	}
	late := &fake{from: "127.0.0.1"}
	in <- late
	in <- nil
	if _, err := l.Accept(); err == nil {
		t.Error("a connection was accepted although nobody waits")
	}
	_ = l.Close()
	if !late.closed.Load() || !strings.HasPrefix(string(late.said), "HTTP/1.1 503 ") {
		t.Errorf("who came late was told %q", late.said)
	}
}

// TestOutOfFiles: when the process may open no more, those who wait are closed,
// one for each try.
func TestOutOfFiles(t *testing.T) {
	in := make(script, 9)
	l := limited(t, in, 9, 9)
	idle := &fake{from: "192.0.2.1"}
	in <- idle
	_, _ = l.Accept()
	in <- fmt.Errorf("accept: %w", syscall.EMFILE)
	in <- &fake{from: "192.0.2.1"}
	conn, err := l.Accept()
	if err != nil || !idle.closed.Load() {
		t.Fatalf("accepted with %v; the idle one was closed: %v", err, idle.closed.Load())
	}
	l.Track(conn, http.StateActive)
	for _, errno := range []syscall.Errno{syscall.ENFILE, syscall.ENOBUFS, syscall.EINVAL} {
		in <- fmt.Errorf("accept: %w", errno)
		_, err := l.Accept()
		if again, ok := err.(interface{ Temporary() bool }); !ok || !again.Temporary() || !errors.Is(err, errno) {
			t.Errorf("%v: got %v; want one after which net/http tries again", errno, err)
		}
	}
	in <- nil
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v from a closed listener", err)
	}
}

func TestOptions(t *testing.T) {
	for want, o := range map[string]accept.Options{
		"Name": {}, "Places": {Name: "x"}, "PerAddress": {Name: "x", Places: 1}, "Log": {Name: "x", Places: 1, PerAddress: 1},
	} {
		if _, err := accept.New(script(nil), o); err == nil || !strings.HasPrefix(err.Error(), "accept: "+want+" is ") {
			t.Errorf("%+v: %v; want an error about %s", o, err, want)
		}
	}
}
