//go:build linux

package chaos_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mustServe tries health, metrics and a new socket twelve times each, from an
// address of its own.
func (v *victim) mustServe() {
	v.t.Helper()
	const times = 12
	live, metrics, sockets := 0, 0, 0
	for range times {
		if _, err := httpGet(v.address, "/livez", time.Second); err == nil {
			live++
		}
		if _, err := httpGet(v.admin, "/metrics", time.Second); err == nil {
			metrics++
		}
		if v.oneSocket("127.0.0.200", time.Second) == nil {
			sockets++
		}
	}
	v.t.Logf("of %d: /livez %d, /metrics %d, new sockets %d", times, live, metrics, sockets)
	if live < times || metrics < times || sockets < times {
		v.t.Errorf("of %d tries, /livez was answered %d times, /metrics %d times, and %d sockets got in", times, live, metrics, sockets)
	}
}

// oneSocket opens a WebSocket, soon, and closes it.
func (v *victim) oneSocket(from string, soon time.Duration) error {
	r, err := v.open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := v.shakeHands(r, "/ws/predict", soon); err != nil {
		return err
	}
	if err := r.send(text("ping")); err != nil {
		return err
	}
	_, err = r.read(soon)
	return err
}

// TestSilentConnections opens twice as many TCP connections as the process may
// have descriptors, and sends nothing on them.
func TestSilentConnections(t *testing.T) {
	v := startVictim(t, limits{files: 200}, "--max-per-address=100")
	before := v.holdings()
	h := startHealthy(v, questions(t, ""), false)
	c := gather(t, 400, func() (*raw, error) { return v.open(attackerFrom) })
	pause(500 * time.Millisecond)
	t.Logf("%d descriptors of 200", v.files())
	v.mustServe()
	h.mustBeWell()
	c.leave()
	v.mustRest(before)
}

// TestIdleHTTPConnections keeps many plain HTTP connections where a hundred
// WebSockets may be.
func TestIdleHTTPConnections(t *testing.T) {
	v := startVictim(t, limits{}, "--max-connections=100", "--max-per-address=40")
	before := v.holdings()
	h := startHealthy(v, questions(t, ""), false)
	p, stop := v.watch()
	c := gather(t, 1500, func() (*raw, error) { return v.open(attackerFrom) })
	alive := len(c.all) - c.each(func(r *raw) error {
		if err := r.send([]byte("GET /livez HTTP/1.1\r\nHost: " + v.address + "\r\n\r\n")); err != nil {
			return err
		}
		_ = r.SetReadDeadline(time.Now().Add(2 * time.Second))
		return r.readHead(" 200 ")
	})
	t.Logf("%d of 1500 connections were let in and kept; at most %d descriptors", alive, p.files.Load())
	v.mustServe()
	if p.files.Load() > 400 {
		t.Errorf("%d descriptors were open with --max-connections=100", p.files.Load())
	}
	stop()
	h.mustBeWell()
	c.leave()
	v.mustRest(before)
}

// script finds the page's script.
func (v *victim) script() string {
	v.t.Helper()
	page, err := httpGet(v.address, "/", patience)
	if err != nil {
		v.t.Fatal(err)
	}
	found := regexp.MustCompile(`src="/?([^"]+\.js)"`).FindStringSubmatch(page)
	if found == nil {
		v.t.Fatalf("the page has no script: %.300s", page)
	}
	return "/" + found[1]
}

// besiege has connections that read nothing: some ask for the page's script again
// and again, the others for the event stream.
func (v *victim) besiege(each int) (pipelines, streams *crowd) {
	v.t.Helper()
	ask := func(path string, times int) []byte {
		return []byte(strings.Repeat("GET "+path+" HTTP/1.1\r\nHost: "+v.address+"\r\n\r\n", times))
	}
	pipelines = gather(v.t, each, func() (*raw, error) { return v.open(attackerFrom) })
	streams = gather(v.t, each, func() (*raw, error) { return v.openTight(attackerFrom) })
	scripts, events := ask(v.script(), 50), ask("/events", 1)
	pipelines.each(func(r *raw) error { return r.send(scripts) })
	streams.each(func(r *raw) error { return r.send(events) })
	return pipelines, streams
}

// TestHTTPWithoutReading leaves responses and event streams unread: who takes
// nothing is cut off.
func TestHTTPWithoutReading(t *testing.T) {
	v := startVictim(t, limits{})
	before := v.holdings()
	h := startHealthy(v, questions(t, ""), false)
	files := v.files()
	pipelines, streams := v.besiege(300)
	pause(time.Second)
	m := v.metrics()
	t.Logf("%d descriptors more, %v goroutines, %d MiB resident", v.files()-files, m["go_goroutines"], v.status("VmRSS")>>20)
	if took, err := v.headOfEvents(); err != nil {
		t.Errorf("HEAD /events: %v", err)
	} else {
		t.Logf("HEAD /events took %v", took)
	}
	began := time.Now()
	left := func() int { return max(0, v.files()-files) }
	within(45*time.Second, func() bool { return left() <= 8 })
	t.Logf("after %v, %d descriptors are left", time.Since(began).Round(time.Second), left())
	if left() > 8 {
		t.Errorf("%d connections that read nothing are still open", left())
	}
	h.mustBeWell()
	pipelines.leave()
	streams.leave()
	v.mustRest(before)
}

// headOfEvents asks HEAD and then something else on the same connection, as a
// proxy that keeps its connections does.
func (v *victim) headOfEvents() (time.Duration, error) {
	began := time.Now()
	r, err := v.open("127.0.0.201")
	if err != nil {
		return 0, err
	}
	defer r.Close()
	_, err = fmt.Fprintf(r, "HEAD /events HTTP/1.1\r\nHost: %[1]s\r\n\r\nGET /livez HTTP/1.1\r\nHost: %[1]s\r\n\r\n", v.address)
	if err != nil {
		return 0, err
	}
	_ = r.SetReadDeadline(time.Now().Add(3 * time.Second))
	for range 2 {
		request, _ := http.NewRequestWithContext(context.Background(), http.MethodHead, "/", http.NoBody)
		response, err := http.ReadResponse(r.in, request)
		if err != nil {
			return 0, err
		}
		_ = response.Body.Close()
		if response.StatusCode >= 400 && response.StatusCode != http.StatusMethodNotAllowed {
			return 0, fmt.Errorf("status %s", response.Status)
		}
	}
	return time.Since(began), nil
}

// TestSIGTERMUnderSiege ends the process while hundreds of HTTP connections read
// nothing: they are not waited for.
func TestSIGTERMUnderSiege(t *testing.T) {
	v := startVictim(t, limits{}, "--drain-timeout=20s")
	v.besiege(300)
	pause(time.Second)
	v.signal(syscall.SIGTERM)
	took := v.mustEnd(30 * time.Second)
	t.Logf("the end took %v, with %v", took.Round(time.Millisecond), v.err)
	if took > 12*time.Second {
		t.Errorf("the end took %v of the drain timeout of 20 s", took)
	}
}

// TestFailedHandshakesAreLoggedInBrief fails thousands of handshakes, with large
// and with small headers, and counts what the process logged.
func TestFailedHandshakesAreLoggedInBrief(t *testing.T) {
	const most = 256 << 10
	v := startVictim(t, limits{})
	before := v.holdings()
	h := startHealthy(v, questions(t, ""), false)
	for _, c := range []struct {
		name, headers string
		times         int
	}{
		{"large Origin", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://" + strings.Repeat("x", 15_000) + "\r\n", 2000},
		{"large version", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: " + strings.Repeat("9", 15_000) + "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 2000},
		{"large key", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + strings.Repeat("k", 15_000) + "\r\n", 2000},
		{"large upgrade", "Upgrade: " + strings.Repeat("w", 15_000) + "\r\nConnection: Upgrade\r\n", 2000},
		{"small", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 12\r\n", 10_000},
	} {
		logged := v.logged.Load()
		request := []byte("GET /ws/predict HTTP/1.1\r\nHost: " + v.address + "\r\n" + c.headers + "\r\n")
		answered := v.repeat(request, c.times)
		pause(200 * time.Millisecond)
		logged = v.logged.Load() - logged
		t.Logf("%s: %d of %d were answered, %d KiB logged, %d bytes each", c.name, answered, c.times, logged>>10, int(logged)/max(1, answered))
		if logged > most {
			t.Errorf("%s: %d KiB were logged for %d failed handshakes; want %d at most", c.name, logged>>10, answered, most>>10)
		}
	}
	h.mustBeWell()
	v.mustRest(before)
}

// repeat sends a request many times, over connections that are opened again when
// the victim closes them, and returns how often there was an answer.
func (v *victim) repeat(request []byte, times int) (answered int) {
	const lines = 4
	counts := make([]int, lines)
	parallel(lines, lines, func(i int) {
		var r *raw
		for range times / lines {
			if r == nil {
				var err error
				if r, err = v.open(attackerFrom); err != nil {
					return
				}
			}
			if r.once(request) {
				counts[i]++
				continue
			}
			_ = r.Close()
			r = nil
		}
		if r != nil {
			_ = r.Close()
		}
	})
	for _, n := range counts {
		answered += n
	}
	return answered
}

func (r *raw) once(request []byte) bool {
	if r.send(request) != nil {
		return false
	}
	_ = r.SetReadDeadline(time.Now().Add(patience))
	response, err := http.ReadResponse(bufio.NewReader(r.in), nil)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, err = response.Body.Read(make([]byte, 4096))
	return err == nil || response.ContentLength >= 0
}
