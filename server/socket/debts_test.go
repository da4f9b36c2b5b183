package socket_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"penstock/server/socket"
)

// TestLateAnswers are whole, and in order among themselves.
func TestLateAnswers(t *testing.T) {
	r := start(t, setup{})
	w := r.upgraded("/worker")
	long := func(n int) string { return strings.Repeat(fmt.Sprint(n), socket.LongReply) }
	const answers = 30
	go func() {
		for n := range answers {
			if _, err := w.Write(append(masked(fin|text, long(n)), masked(fin|text, "short")...)); err != nil {
				return
			}
		}
	}()
	longs, shorts := 0, 0
	for longs < answers || shorts < answers {
		op, payload, err := w.next()
		switch {
		case err != nil || op != text:
			t.Fatalf("opcode %x, %v", op, err)
		case string(payload) == "short":
			shorts++
		case string(payload) == long(longs):
			longs++
		default:
			t.Fatalf("%.20q of %d bytes came; want the %dth", payload, len(payload), longs)
		}
	}
	w.mustWrite(masked(fin|closing, "\x03\xe8"))
	w.closed(1000, "")
}

// TestOwedIsBounded: a peer that does not read is not read either once it is owed
// so much, and gets all of it when it reads after all.
func TestOwedIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setup{inMemory: true}
		s.hub.MaxReplyBytes = 64 << 10
		r := start(t, s)
		w := r.upgraded("/worker")
		message := strings.Repeat("x", 1000)
		const all = 500
		written := 0
		go func() {
			for range all {
				if _, err := w.Write(masked(fin|text, message)); err != nil {
					return
				}
				written++
			}
		}()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if owed := r.budget.Used() - socket.Cost; written == all || owed > 100<<10 {
			t.Errorf("%d of %d messages were taken, and %d bytes are owed; want 64 KiB and what it takes to wait", written, all, owed)
		}
		for range all {
			w.expect(message)
		}
		w.mustWrite(masked(fin|closing, "\x03\xe8"))
		w.closed(1000, "")
	})
}

// TestPlaces: each limit has its error, and what is released can be had again.
func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setup{inMemory: true}
		s.hub.MaxConns, s.hub.MaxPerCaller = 3, 2
		r := start(t, s)
		var open []*wire
		for range 2 {
			open = append(open, r.upgraded("/echo?caller=a"))
		}
		refused := func(path string, want error) {
			t.Helper()
			w, response := r.knock(path)
			said, err := io.ReadAll(response.Body)
			if err != nil || response.StatusCode != http.StatusServiceUnavailable || strings.TrimSpace(string(said)) != want.Error() {
				t.Errorf("%s: %s, %q, %v; want 503, %v", path, response.Status, said, err, want)
			}
			_ = response.Body.Close()
			_ = w.Close()
		}
		refused("/echo?caller=a", socket.ErrManyOfCaller)
		open = append(open, r.upgraded("/echo?caller=b"))
		refused("/echo?caller=c", socket.ErrFull)
		synctest.Wait() // clients are told before the hub counts them
		if n := r.hub.Count(); n != 3 {
			t.Errorf("%d connections are open; want 3", n)
		}
		open[0].mustWrite(masked(fin|closing, "\x03\xe8"))
		open[0].closed(1000, "")
		_ = open[0].Close()
		synctest.Wait()
		open = append(open, r.upgraded("/echo?caller=a"))
		r.budget.Enter("hog").Force(64 << 20)
		for _, w := range open[1:] {
			w.mustWrite(masked(fin|closing, "\x03\xe8"))
			w.closed(1000, "")
			_ = w.Close()
		}
		synctest.Wait()
		refused("/echo?caller=a", socket.ErrNoMemory)
		r.budget.Enter("hog").Give(64 << 20)
	})
}
