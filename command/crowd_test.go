//go:build unix

package command

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// These tests crowd the whole program with connections that say nothing, read
// nothing or never end, and look whether others still get in.

// silentCrowd opens so many connections that say nothing.
func silentCrowd(t *testing.T, address string, n int) []net.Conn {
	t.Helper()
	crowd := make([]net.Conn, n)
	for i := range crowd {
		crowd[i] = mustConnect(t, address)
	}
	return crowd
}

func mustConnect(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// fetch asks over a connection of its own.
func fetch(t *testing.T, method, address, path string, header ...string) (*http.Response, string, error) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := (&http.Client{Transport: transport, Timeout: patience}).Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, string(body), err
}

// mustServe checks that health, metrics and a new WebSocket work.
func mustServe(t *testing.T, p *program) {
	t.Helper()
	for _, path := range []string{p.address + "/readyz", p.admin + "/metrics"} {
		address, path, _ := strings.Cut(path, "/")
		if response, body, err := fetch(t, http.MethodGet, address, "/"+path); err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("/%s: %v, %.100s", path, err, body)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := dialSocket(ctx, p.address, "/ws/predict")
	if err != nil {
		t.Errorf("a WebSocket: %v", err)
		return
	}
	defer s.cut()
	if err := s.Write(ctx, websocket.MessageText, []byte("ping")); err != nil {
		t.Error(err)
	}
	if _, answer, err := s.Read(ctx); err != nil || string(answer) != "pong" {
		t.Errorf("a WebSocket answered %q, %v", answer, err)
	}
}

// TestFewOpenFiles: with 200 descriptors and 400 silent connections to either
// address, all are served.
func TestFewOpenFiles(t *testing.T) {
	path, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	p := runCommand(t, "sh", "-c", `ulimit -n 200; exec "$0" serve "$@"`, path)
	if !slices.ContainsFunc(p.said, func(line string) bool { return strings.Contains(line, "open files is too low") }) {
		t.Errorf("it said %q; want a word about open files", p.said)
	}
	for range 4 {
		silentCrowd(t, p.address, 400)
		silentCrowd(t, p.admin, 100)
		began := time.Now()
		mustServe(t, p)
		t.Logf("all three served in %v", time.Since(began).Round(time.Millisecond))
	}
	if n := p.openFiles(); n > 200 {
		t.Errorf("%d descriptors are open", n)
	}
	_, metrics, err := fetch(t, http.MethodGet, p.admin, "/metrics")
	if err != nil || !strings.Contains(metrics, `penstock_tcp_evicted_total{listener="public"}`) {
		t.Errorf("no connections are counted as evicted, %v", err)
	}
}

// openFiles counts the process's descriptors; 0 where the system does not tell.
func (p *program) openFiles() int {
	entries, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "fd"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		p.t.Fatal(err)
	}
	return len(entries)
}

// metric reads a number from /metrics.
func (p *program) metric(name string) float64 {
	p.t.Helper()
	_, metrics, err := fetch(p.t, http.MethodGet, p.admin, "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(metrics)
	if m == nil {
		p.t.Fatalf("there is no %s", name)
	}
	value, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return value
}

// TestIdleConnectionsAreCounted: plain HTTP connections that are kept open do
// not pass the limit.
func TestIdleConnectionsAreCounted(t *testing.T) {
	p := runBinary(t, "--max-connections=100")
	const get = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for range 500 {
		conn := mustConnect(t, p.address)
		if _, err := io.WriteString(conn, get); err != nil {
			t.Fatal(err)
		}
		if response, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("health: %v", err)
		}
	}
	if n := p.metric(`penstock_tcp_connections{listener="public"}`); n > 164 {
		t.Errorf("%v connections are open; want 164 at most", n)
	}
	mustServe(t, p)
}

// TestClientsThatDoNotRead and ask for more and more, or for events, lose their
// connections, and do not hold up the end.
func TestClientsThatDoNotRead(t *testing.T) {
	p := runBinary(t)
	files, goroutines := p.openFiles(), p.metric("go_goroutines")
	crowd := func(request string) {
		for _, conn := range silentCrowd(t, p.address, 300) {
			_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
			if _, err := io.WriteString(conn, request); err != nil {
				t.Fatal(err)
			}
		}
	}
	script := strings.Repeat("GET /main.js HTTP/1.1\r\nHost: localhost\r\n\r\n", 50)
	crowd(script)
	began := time.Now()
	eventually(t, "many descriptors", func() bool { return p.openFiles() >= files+290 })
	eventually(t, "the descriptors and goroutines of before", func() bool {
		return p.openFiles() <= files+5 && p.metric("go_goroutines") <= goroutines+10
	})
	t.Logf("300 clients were let go after %v", time.Since(began).Round(time.Millisecond))
	crowd(script)
	crowd("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	p.signal(syscall.SIGTERM)
	took, err := p.wait()
	if err != nil || took > drainTimeout/2 {
		t.Errorf("the end took %v, %v", took, err)
	}
	t.Logf("the end took %v", took.Round(time.Millisecond))
}

// TestRequestsThatDoNotEnd, whichever part of them does not, lose their
// connection after some seconds.
func TestRequestsThatDoNotEnd(t *testing.T) {
	p := runBinary(t)
	const get, post = "GET /livez HTTP/1.1\r\nHost: localhost\r\n", "POST /debug/pprof/symbol HTTP/1.1\r\nHost: localhost\r\n"
	var clients sync.WaitGroup
	for _, address := range []string{p.address, p.admin} {
		for name, c := range map[string]struct{ request, trickle string }{
			"silence":              {"", ""},
			"half a line":          {"GET /li", ""},
			"half a header":        {get + "X: y", "z"},
			"more and more fields": {get, "X: y\r\n"},
			"no body":              {post + "Content-Length: 1000\r\n\r\n", ""},
			"half a body":          {post + "Content-Length: 1000\r\n\r\n", "0x1+"},
			"chunks without end":   {post + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n+\r\n"},
			"an expected word":     {post + "Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n", ""},
			"a body with a GET":    {get + "Content-Length: 1000\r\n\r\n", "x"},
			"old and kept":         {"GET /livez HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\nGET /li", ""},
		} {
			conn := mustConnect(t, address)
			ended := make(chan struct{})
			clients.Go(func() {
				defer close(ended)
				_, _ = io.WriteString(conn, c.request)
				_ = conn.SetReadDeadline(time.Now().Add(12 * time.Second))
				if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%s: still there after 12 s", name)
				}
			})
			clients.Go(func() {
				tick := time.NewTicker(300 * time.Millisecond)
				defer tick.Stop()
				for {
					select {
					case <-tick.C:
						_, _ = io.WriteString(conn, c.trickle)
					case <-ended:
						return
					}
				}
			})
		}
	}
	clients.Wait()
}
