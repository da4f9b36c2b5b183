//go:build linux

package outside_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestProxiesPassTheGoodbye of a server that ends: the notice, every answer that is
// owed, and 1001. Afterwards the proxy says that there is nobody.
func TestProxiesPassTheGoodbye(t *testing.T) {
	ofEach(t, func(t *testing.T, k kind) {
		p, server := behind(t, k, "")
		c := p.client("")
		t.Cleanup(c.CloseIdleConnections)
		const sockets, requests = 8, 50
		ends := make(chan error, sockets)
		for i := range sockets {
			s := mustDial(t, c, predictURL, "Sec-WebSocket-Protocol", "penstock.v1")
			for r := range requests {
				s.send(question(fmt.Sprintf("%d-%d", i, r)))
			}
			go func() { ends <- s.outlive(requests) }()
		}
		// What is still in the proxy when the server closes was never accepted.
		eventually(t, "the server to have read every request", func() bool { return server.received(t) == sockets*requests })
		must(t, server.cmd.Process.Signal(syscall.SIGTERM))
		for range sockets {
			if err := within(t, ends, "a socket to end"); err != nil {
				t.Error(err)
			}
		}
		server.mustEnd(patience)
		if status, body := get(t, c, http.MethodGet, "/api/models", ""); status != http.StatusBadGateway && status != http.StatusServiceUnavailable {
			t.Errorf("with no server behind: %d %.100s; want 502 or 503", status, body)
		}
	})
}

// received is how many requests the program has read.
func (p *penstock) received(t *testing.T) (total int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.logged("admin").URL+"/metrics", http.NoBody)
	must(t, err)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "penstock_requests_received_total "); ok {
			total, err = strconv.Atoi(value)
			must(t, err)
		}
	}
	return total
}

// outlive reads until the socket is closed, and says what was wrong on the way.
func (s *socket) outlive(requests int) error {
	answers, notices := map[string]bool{}, 0
	for {
		a, err := s.read()
		switch {
		case err != nil:
			if code := closeCode(err); code != 1001 || notices != 1 || len(answers) != requests {
				return fmt.Errorf("a socket ended with %w after %d notices and %d of %d answers; want 1001", err, notices, len(answers), requests)
			}
			return nil
		case a.Type == "notice" && a.Code == "going_away":
			notices++
		case a.Type == "prediction" || a.Type == "error" && a.Code == "draining":
			answers[a.RequestID] = true
		case a.Type != "hello":
			return fmt.Errorf("a socket got %+v", a)
		}
	}
}
