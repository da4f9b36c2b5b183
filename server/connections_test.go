package server_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/server"
)

// TestTooManyConnections: beyond the bound a handshake is told when to come
// back, health still answers, and a place that is left can be taken.
func TestTooManyConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true, server: func(o *server.Options) { o.MaxConnections = 3 }})
		healthy, events := r.connect("/ws/predict"), r.events()
		leaving := r.connect("/ws/dashboard")
		waits := make(map[int]bool)
		for range 50 {
			for _, path := range []string{"/ws/predict", "/ws/dashboard", "/ws/echo"} {
				response, body := r.open().handshake(fmt.Sprintf(upgrade, path))
				mustProblem(t, response, body, 503, "try_again_later")
				wait, err := strconv.Atoi(response.Header.Get("Retry-After"))
				if err != nil || wait < 1 || wait > 5 {
					t.Errorf("Retry-After is %q; want 1 to 5", response.Header.Get("Retry-After"))
				}
				waits[wait] = true
			}
			response, body := r.get("/events")
			mustProblem(t, response, body, 503, "try_again_later")
		}
		if len(waits) < 2 {
			t.Error("all were told to come back at the same time")
		}
		for _, path := range []string{"/livez", "/readyz"} {
			if response, body := r.get(path); response.StatusCode != http.StatusOK {
				t.Errorf("%s: %s, %s", path, response.Status, body)
			}
		}
		healthy.ask(r.request("1", 7), r.prediction("1", 7))
		leaving.expect(`{"type":"history",…`)
		leaving.leave()
		synctest.Wait()
		r.connect("/ws/echo").leave()
		events.close()
		synctest.Wait()
		r.connect("/ws/echo").leave()
		healthy.leave()
	})
}

// TestRefusedHandshakesLeaveTheirPlace: a handshake that fails after a place
// was reserved gives it back.
func TestRefusedHandshakesLeaveTheirPlace(t *testing.T) {
	r := start(t, setup{server: func(o *server.Options) { o.MaxConnections = 1 }})
	for range 20 {
		response, body := r.open().handshake("GET /ws/predict HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n")
		mustProblem(t, response, body, 400, "bad_handshake")
	}
	r.connect("/ws/predict").ask("ping", "pong")
}

// TestReconnectStorm: peers that come, send and vanish leave nothing behind.
func TestReconnectStorm(t *testing.T) {
	r := start(t, setup{})
	healthy := r.connect("/ws/predict")
	healthy.ask(r.request("1", 7), r.prediction("1", 7))
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for n := range 300 {
		w := r.upgraded("/ws/predict")
		w.mustWrite(frame(fin|text, r.request("1", 7)))
		switch n % 3 {
		case 0:
			w.expect(r.prediction("1", 7))
			w.mustWrite(frame(fin|closing, "\x03\xe8"))
			w.end()
		case 1:
			w.reset()
		}
		_ = w.Close()
		if n%10 == 0 {
			healthy.ask(r.request("1", 7), r.prediction("1", 7))
		}
	}
	eventually(t, "one connection, user, and the goroutines and files of before", func() bool {
		l := r.Traffic()
		return l.Connections == 1 && l.Users == 1 && runtime.NumGoroutine() <= goroutines && openFiles(t) <= files
	})
	healthy.ask(r.request("1", 7), r.prediction("1", 7))
	eventually(t, "every request in the ledger", func() bool {
		l := r.Traffic()
		return l.Received == 332 && l.Received == l.Predicted+l.Undeliverable
	})
}

// eventually waits until something comes true for which there is no event to
// wait for: the kernel tells of a vanished peer when it likes.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("there never was: %s", what)
		}
	}
}

// openFiles counts the process's descriptors, where the system shows them.
func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Logf("descriptors are not counted: %v", err)
	}
	return len(entries)
}

// TestMetricSeriesDoNotGrow whatever clients call themselves, their requests
// and their labels.
func TestMetricSeriesDoNotGrow(t *testing.T) {
	registry := prometheus.NewRegistry()
	r := start(t, setup{server: func(o *server.Options) { o.Registerer = registry }})
	series := func() (n int) {
		families, err := registry.Gather()
		r.must(err)
		for _, f := range families {
			n += len(f.GetMetric())
		}
		return n
	}
	visit := func(n int) {
		p := r.connect(fmt.Sprintf("/ws/predict?session=a-session_%010d", n))
		p.ask(r.request(fmt.Sprintf(`"id %d"`, n), 7), r.prediction(fmt.Sprintf(`"id %d"`, n), 7))
		p.ask(fmt.Sprintf(`{"features":%s,"model":"model %d"}`, r.row(7), n), typedError("null", "unknown_model"))
		p.ask(fmt.Sprintf(`{"type":"feedback","request_id":"id %d","label":"label %d"}`, n, n), `{…"code":"bad_label",…}`)
		r.get(fmt.Sprintf("/path-%d", n))
		p.leave()
	}
	visit(0)
	before := series()
	for n := range 50 {
		visit(n + 1)
	}
	if after := series(); after != before || before < 20 {
		t.Errorf("%d series became %d", before, after)
	}
	families, err := registry.Gather()
	r.must(err)
	for _, f := range families {
		if strings.Contains(f.String(), "session") {
			t.Errorf("a session's name is in %s", f.GetName())
		}
	}
}

// TestUsersAreCountedOnce however many sockets a session has; who only looks on is
// none.
func TestUsersAreCountedOnce(t *testing.T) {
	r := start(t, setup{})
	a, again := r.connect("/ws/predict"+session), r.connect("/ws/predict"+session)
	b, c := r.connect("/ws/dashboard"+session), r.connect("/ws/predict")
	a.ask("ping", "pong")
	again.ask("ping", "pong")
	b.expect(`{"type":"history",…`)
	c.ask("ping", "pong")
	if l := r.Traffic(); l.Connections != 4 || l.Users != 2 {
		t.Errorf("%d connections of %d users; want 4 of 2", l.Connections, l.Users)
	}
	a.leave()
	again.leave()
	eventually(t, "2 connections of 1 user", func() bool {
		l := r.Traffic()
		return l.Connections == 2 && l.Users == 1
	})
}

// TestBodiesAreNotWaitedFor: a request that promises a body and does not send
// it is answered and let go.
func TestBodiesAreNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		for _, request := range []string{
			"POST /ws/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n",
			"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n",
			"GET /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
			"GET /ws/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n",
		} {
			w := r.open()
			began := time.Now()
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_, _ = io.Copy(io.Discard, w.in)
			}()
			w.mustWrite([]byte(request))
			select {
			case <-ended:
			case <-time.After(time.Minute):
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("%.30q was let go after %v; want 10 s at most", request, took)
			}
			_ = w.Close()
		}
	})
}
