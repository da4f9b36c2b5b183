package socket_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestHalfOpen: a peer that has vanished without a word is pinged after 25 s
// of silence and gone after 35.
func TestHalfOpen(t *testing.T) {
	for _, path := range []string{"/worker", "/echo"} {
		t.Run(path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, setup{inMemory: true})
				w := r.upgraded(path)
				began := time.Now()
				if op, _, err := w.next(); op != pinging || err != nil {
					t.Fatalf("opcode %x, %v; want a ping", op, err)
				}
				if silent := time.Since(began); silent < 25*time.Second || silent > 27*time.Second {
					t.Errorf("pinged after %v; want 25 to 27 s", silent)
				}
				if op, _, err := w.next(); err == nil {
					t.Fatalf("opcode %x; want the end", op)
				}
				if silent := time.Since(began); silent < 35*time.Second || silent > 38*time.Second {
					t.Errorf("gone after %v; want 35 to 38 s", silent)
				}
				synctest.Wait()
				if n := r.hub.Count(); n > 0 {
					t.Errorf("%d connections are left", n)
				}
			})
		})
	}
}

// TestPingFlood: pings are answered ten times a second; a flood of them is
// closed, and dropped even if the peer ignores that.
func TestPingFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		healthy, w := r.upgraded("/worker"), r.upgraded("/worker")
		began := time.Now()
		ended := make(chan struct{})
		pongs, code, reason := 0, 0, ""
		go func() {
			defer close(ended)
			for {
				op, payload, err := w.next()
				switch {
				case err != nil:
					return
				case op == answered:
					pongs++
				case op == closing:
					code, reason = int(payload[0])<<8|int(payload[1]), string(payload[2:])
				}
			}
		}()
		var err error
		for sent := 0; err == nil && sent < 100_000; sent++ {
			_, err = w.Write(frame(fin|pinging, "x"))
			time.Sleep(time.Millisecond)
		}
		<-ended
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("the flood lasted for %v", took)
		}
		if code != 1008 || reason != "ping flood" || pongs > 20 {
			t.Errorf("closed with %d %s after %d pongs; want 1008, and 10 a second", code, reason, pongs)
		}
		healthy.mustWrite(masked(fin|text, "still served"))
		healthy.expect("still served")
	})
}

// TestTheNewestPingIsAnswered: of pings that come too fast, as RFC 6455 allows
// in section 5.5.3.
func TestTheNewestPingIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		w := r.upgraded("/worker")
		var burst [][]byte
		for i := range 50 {
			burst = append(burst, masked(fin|pinging, fmt.Sprint(i)))
		}
		pongs := func(n int) string {
			var got []string
			for range n {
				op, payload, err := w.next()
				if err != nil || op != answered {
					t.Fatalf("opcode %x, %q, %v; want a pong", op, payload, err)
				}
				got = append(got, string(payload))
			}
			return strings.Join(got, " ")
		}
		began := time.Now()
		w.mustWrite(bytes.Join(burst, nil))
		if got := pongs(10); got != "0 1 2 3 4 5 6 7 8 49" || time.Since(began) > 0 {
			t.Errorf("a burst was answered with %s after %v; want the first nine and the newest, at once", got, time.Since(began))
		}
		w.mustWrite(masked(fin|pinging, "too"), masked(fin|pinging, "soon"))
		if got := pongs(1); got != "soon" {
			t.Errorf("answered %q; want the newest, when the second is over", got)
		}
		w.mustWrite(masked(fin|closing, "\x03\xe8"))
		w.closed(1000, "")
	})
}

// TestTheNewestPingIsAnsweredBeforeTheClose: also where that comes right behind
// it.
func TestTheNewestPingIsAnsweredBeforeTheClose(t *testing.T) {
	for name, end := range map[string][]byte{"a close": masked(fin|closing, "\x03\xe8"), "a fault": {fin | text, 1, 'x'}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, setup{inMemory: true})
				w := r.upgraded("/worker")
				var burst []byte
				for i := range 50 {
					burst = append(burst, masked(fin|pinging, fmt.Sprint(i))...)
				}
				w.mustWrite(append(burst, end...))
				last := ""
				for {
					op, payload, err := w.next()
					if err != nil {
						t.Fatal(err)
					}
					if op == closing {
						break
					}
					last = string(payload)
				}
				if last != "49" {
					t.Errorf("the last pong was %q; want that of the newest ping", last)
				}
			})
		})
	}
}
