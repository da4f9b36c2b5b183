package accept_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"errors"

	"penstock/server/accept"
)

// pipes is a listener of one pipe.
type pipes struct {
	script
	once sync.Once
	end  net.Conn
}

func (p *pipes) Accept() (c net.Conn, err error) {
	err = net.ErrClosed
	p.once.Do(func() { c, err = p.end, nil })
	return c, err
}

// TestProgress: a peer that takes nothing for 5 s loses its connection; one
// that is slow, but gets on, gets all.
func TestProgress(t *testing.T) {
	response := bytes.Repeat([]byte("x"), 1<<20)
	for name, c := range map[string]struct {
		every time.Duration // the peer reads 16 KiB; 0 is never
		whole bool
	}{"never": {0, false}, "steadily": {4 * time.Second, true}, "too slowly": {6 * time.Second, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				conn, err := limited(t, &pipes{end: far}, 1, 1).Accept()
				if err != nil {
					t.Fatal(err)
				}
				got := make(chan int)
				go func() {
					n := 0
					defer func() { got <- n }()
					if c.every == 0 {
						return
					}
					piece := make([]byte, 16<<10)
					for {
						time.Sleep(c.every)
						m, err := io.ReadFull(near, piece)
						if n += m; err != nil {
							return
						}
					}
				}()
				began := time.Now()
				n, err := conn.Write(response)
				if c.whole != (err == nil && n == len(response)) || !c.whole && !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("wrote %d bytes with %v", n, err)
				}
				if took := time.Since(began); !c.whole && took != 5*time.Second {
					t.Errorf("it took %v; want 5 s", took)
				}
				_ = conn.Close()
				if n := <-got; c.whole && n != len(response) {
					t.Errorf("%d bytes came", n)
				}
			})
		})
	}
}

// TestNetHTTPIsTyped: what net/http refuses by itself is a problem like all
// else.
func TestNetHTTPIsTyped(t *testing.T) {
	raw, err := accept.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := limited(t, raw, 9, 9)
	server := &http.Server{ConnState: l.Track, MaxHeaderBytes: 4 << 10, ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\nno error")
	})}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(l) }()
	defer func() { _ = server.Shutdown(context.Background()); <-served }() // waits for each connection
	const host = "Host: x\r\n"
	for _, c := range []struct {
		name, request string
		status        int
		code          string
	}{
		{"nonsense", "nonsense\r\n\r\n", 400, "bad_request"},
		{"TLS", "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\r\n\r\n", 400, "bad_request"},
		{"no host", "GET / HTTP/1.1\r\n\r\n", 400, "bad_request"},
		{"two hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", 400, "bad_request"},
		{"bad header", "GET / HTTP/1.1\r\n" + host + "a b: c\r\n\r\n", 400, "bad_request"},
		{"bad path", "GET /%zz HTTP/1.1\r\n" + host + "\r\n", 400, "bad_request"},
		{"bad length", "GET / HTTP/1.1\r\n" + host + "Content-Length: x\r\n\r\n", 400, "bad_request"},
		{"huge header", "GET / HTTP/1.1\r\n" + host + "X: " + strings.Repeat("x", 9<<10) + "\r\n\r\n", 431, "header_too_large"},
		{"many headers", "GET / HTTP/1.1\r\n" + host + strings.Repeat("X: y\r\n", 3000) + "\r\n", 431, "header_too_large"},
		{"encoding", "GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 501, "not_implemented"},
		{"HTTP/3", "GET / HTTP/3.0\r\n" + host + "\r\n", 505, "http_version_not_supported"},
		{"expectation", "GET / HTTP/1.1\r\n" + host + "Expect: cake\r\n\r\n", 417, "expectation_failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			response, body := ask(t, raw.Addr().String(), c.request)
			var problem struct {
				Status       int
				Code, Detail string
			}
			if err := json.Unmarshal(body, &problem); err != nil {
				t.Fatalf("%s: %q: %v", response.Status, body, err)
			}
			if response.StatusCode != c.status || problem.Status != c.status || problem.Code != c.code || problem.Detail == "" ||
				response.Header.Get("Content-Type") != "application/problem+json" || !response.Close {
				t.Errorf("%s %v: %s", response.Status, response.Header, body)
			}
		})
	}
	t.Run("a response that looks like one", func(t *testing.T) {
		if response, body := ask(t, raw.Addr().String(), "GET / HTTP/1.0\r\n"+host+"\r\n"); response.StatusCode != 200 || !strings.HasSuffix(string(body), "no error") {
			t.Errorf("%s: %q", response.Status, body)
		}
	})
}

// ask sends bytes and reads a response.
func ask(t *testing.T, address, request string) (*http.Response, []byte) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, body
}
