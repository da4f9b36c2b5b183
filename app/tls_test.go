package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"penstock/client"
	"penstock/server/certs/certstest"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// secured is a program that speaks TLS.
type secured struct {
	*App
	t                *testing.T
	servers, clients *certstest.Authority
	folder           string
	first            certstest.Pair
	log              lines
}

// lines are what is logged, each sent on as it comes.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	wake chan struct{}
}

// Write takes a line.
func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return l.text.Write(line)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

// await waits for so many lines with a text.
func (l *lines) await(t *testing.T, n int, text string) {
	t.Helper()
	late := time.After(patience)
	for l.count(text) < n {
		select {
		case <-l.wake:
		case <-late:
			t.Fatalf("%q was logged %d times; want %d", text, l.count(text), n)
		}
	}
}

func startSecured(t *testing.T, change func(*Options)) *secured {
	t.Helper()
	s := &secured{
		t: t, folder: t.TempDir(), log: lines{wake: make(chan struct{}, 1)},
		servers: certstest.NewAuthority(t, "servers"), clients: certstest.NewAuthority(t, "clients"),
	}
	s.first = s.servers.Server("first")
	cert, key := s.first.Write(s.folder)
	s.App = start(t, func(o *Options) {
		o.TLSCert, o.TLSKey, o.TLSClientCA = cert, key, s.clients.Write(s.folder)
		o.Logger = slog.New(slog.NewTextHandler(&s.log, nil))
		if change != nil {
			change(o)
		}
	})
	return s
}

// config trusts the authority of the server.
func (s *secured) config() *tls.Config {
	return &tls.Config{RootCAs: s.servers.Pool(), MinVersion: tls.VersionTLS12}
}

// shake does a handshake, and reads nothing of what may follow it.
func (s *secured) shake(config *tls.Config) (tls.ConnectionState, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", s.Addr().String())
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	// With TLS 1.3 a client learns with the first answer that it is not let in.
	if _, err := io.WriteString(conn, "GET /livez HTTP/1.0\r\n\r\n"); err != nil {
		return tls.ConnectionState{}, err
	}
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	_, err = io.ReadAll(conn)
	return conn.(*tls.Conn).ConnectionState(), err
}

func (s *secured) dial(ctx context.Context) (*client.Client, error) {
	return client.Dial(ctx, "wss://"+s.Addr().String(), client.Options{TLS: s.config(), NoReconnect: true})
}

var blank = make([]float32, 784)

// TestPredictOverTLS, by socket and by HTTP.
func TestPredictOverTLS(t *testing.T) {
	s := startSecured(t, nil)
	s.log.await(t, 1, `msg=ready url=https://127.0.0.1:`)
	s.log.await(t, 1, `msg=admin url=http://127.0.0.1:`)
	c, err := s.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Predict(t.Context(), blank); err != nil {
		t.Error(err)
	}
	asker := &http.Client{Transport: &http.Transport{TLSClientConfig: s.config(), DisableKeepAlives: true}}
	row, err := json.Marshal(map[string]any{"features": blank})
	if err != nil {
		t.Fatal(err)
	}
	response, err := asker.Post("https://"+s.Addr().String()+"/v1/predict", "application/json", bytes.NewReader(row))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || response.ProtoMajor != 1 {
		t.Errorf("%s %s", response.Proto, response.Status)
	}
}

// TestWhoIsLetIn: no TLS before 1.2, and no certificate of another authority.
func TestWhoIsLetIn(t *testing.T) {
	s := startSecured(t, nil)
	with := func(change func(*tls.Config)) *tls.Config {
		config := s.config()
		change(config)
		return config
	}
	show := func(p certstest.Pair) *tls.Config {
		return with(func(c *tls.Config) {
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &p.TLS, nil }
		})
	}
	for _, c := range []struct {
		name   string
		config *tls.Config
		ok     bool
	}{
		{"without a certificate", s.config(), true},
		{"with TLS 1.2", with(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }), true},
		{"with a certificate", show(s.clients.Client("ann")), true},
		{"with TLS 1.1", with(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }), false},
		{"with another authority's certificate", show(s.servers.Client("ann")), false},
		{"with HTTP/2 alone", with(func(c *tls.Config) { c.NextProtos = []string{"h2"} }), false},
	} {
		if _, err := s.shake(c.config); (err == nil) != c.ok {
			t.Errorf("a client %s: %v", c.name, err)
		}
	}
	if n := s.log.count("level=WARN") + s.log.count("level=ERROR"); n != 0 {
		t.Errorf("%d lines of what clients did", n)
	}
}

// TestReplacedUnderLoad: sockets that are open stay and are answered, and new
// handshakes get the new certificate.
func TestReplacedUnderLoad(t *testing.T) {
	const sockets = 16
	s := startSecured(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var load sync.WaitGroup
	var clients [sockets]*client.Client
	for i := range sockets {
		c, err := s.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		clients[i] = c
		load.Go(func() {
			for ctx.Err() == nil {
				if _, err := c.Predict(ctx, blank); err != nil && ctx.Err() == nil {
					t.Errorf("socket %d: %v", i, err)
					return
				}
			}
		})
	}
	for n, name := range []string{"second", "third"} {
		next := s.servers.Server(name)
		next.Write(s.folder)
		s.log.await(t, n+1, "files changed and were read again")
		if state, err := s.shake(s.config()); err != nil || !next.Is(state) {
			t.Errorf("%v; want a handshake with the %s certificate", err, name)
		}
	}
	stop()
	load.Wait()
	for i, c := range clients { // none of them connects again
		if _, err := c.Predict(t.Context(), blank); err != nil {
			t.Errorf("socket %d: %v", i, err)
		}
	}
	if open := s.Traffic().Connections; open != sockets {
		t.Errorf("%d sockets are open; want %d", open, sockets)
	}
}

// TestAdminToken: without it nothing is answered, and it can be replaced.
func TestAdminToken(t *testing.T) {
	folder := t.TempDir()
	const first, second = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
	path := writeToken(t, folder, first+"\n")
	log := &lines{wake: make(chan struct{}, 1)}
	a := start(t, func(o *Options) { o.AdminTokenFile, o.Logger = path, slog.New(slog.NewTextHandler(log, nil)) })
	asker := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ask := func(path string, shown ...string) *http.Response {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+a.AdminAddr().String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range shown {
			request.Header.Add("Authorization", value)
		}
		response, err := asker.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Fatal(err)
		}
		return response
	}
	for _, shown := range [][]string{
		nil, {""}, {first}, {"Bearer"}, {"Bearer "}, {"Bearer " + second}, {"Bearer " + first + "0"}, {"Bearer " + first[1:]},
		{"Basic " + first}, {"Bearer " + first, "Bearer " + first}, {"Bearer " + strings.Repeat("x", 8000)},
	} {
		for _, path := range []string{"/metrics", "/debug/pprof/", "/livez", "/nothing"} {
			r := ask(path, shown...)
			if r.StatusCode != http.StatusUnauthorized || r.Header.Get("WWW-Authenticate") != "Bearer" ||
				r.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s with %.40q: %s %v", path, shown, r.Status, r.Header)
			}
		}
	}
	for _, shown := range []string{"Bearer " + first, "bearer " + first, "Bearer  " + first + " "} {
		if r := ask("/metrics", shown); r.StatusCode != http.StatusOK {
			t.Errorf("with %q: %s", shown, r.Status)
		}
	}
	writeToken(t, folder, second)
	log.await(t, 1, "files changed and were read again")
	if was, is := ask("/metrics", "Bearer "+first), ask("/metrics", "Bearer "+second); was.StatusCode != 401 || is.StatusCode != 200 {
		t.Errorf("the old token: %s, the new one: %s", was.Status, is.Status)
	}
	if log.count(first) != 0 || log.count(second) != 0 {
		t.Error("a token was logged")
	}
}

// TestAdminBeyondLoopback speaks TLS where the public address does, since a token
// is shown there.
func TestAdminBeyondLoopback(t *testing.T) {
	s := startSecured(t, func(o *Options) {
		o.AdminListen, o.AdminTokenFile = "0.0.0.0:0", writeToken(t, t.TempDir(), strings.Repeat("t", 32))
	})
	_, port, err := net.SplitHostPort(s.AdminAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	asker := &http.Client{Transport: &http.Transport{TLSClientConfig: s.config(), DisableKeepAlives: true}}
	response, err := asker.Get("https://127.0.0.1:" + port + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %s", response.Status)
	}
	s.log.await(t, 1, "msg=admin url=https://")
	plain := start(t, func(o *Options) {
		o.AdminListen, o.AdminTokenFile = "0.0.0.0:0", writeToken(t, t.TempDir(), strings.Repeat("t", 32))
		o.Logger = slog.New(slog.NewTextHandler(&s.log, nil))
	})
	s.log.await(t, 1, "the token of --admin-token-file goes over the network for everybody to read")
	if plain.AdminAddr() == nil {
		t.Error("nobody listens")
	}
}

func writeToken(t *testing.T, folder, token string) (path string) {
	t.Helper()
	return certstest.Replace(t, folder, "token", []byte(token))
}

// TestDoorsAreRefusedByTheFlag before anything is listened on.
func TestDoorsAreRefusedByTheFlag(t *testing.T) {
	authority := certstest.NewAuthority(t, "authority")
	cert, key := authority.Server("server").Write(t.TempDir())
	token := func(text string) string { return writeToken(t, t.TempDir(), text) }
	for want, change := range map[string]func(*Options){
		"--tls-cert c: expected --tls-key beside it":                     func(o *Options) { o.TLSCert = "c" },
		"--tls-key k: expected --tls-cert beside it":                     func(o *Options) { o.TLSKey = "k" },
		"--tls-client-ca a: clients show certificates within TLS alone":  func(o *Options) { o.TLSClientCA = "a" },
		"--admin-token-file t: --admin-listen is empty":                  func(o *Options) { o.AdminTokenFile, o.AdminListen = "t", "" },
		"--tls-cert none.pem: there is no such file":                     func(o *Options) { o.TLSCert, o.TLSKey = "none.pem", key },
		"--tls-key none.pem: there is no such file":                      func(o *Options) { o.TLSCert, o.TLSKey = cert, "none.pem" },
		"--tls-client-ca none.pem: there is no such file":                func(o *Options) { o.TLSCert, o.TLSKey, o.TLSClientCA = cert, key, "none.pem" },
		"--admin-token-file none: there is no such file":                 func(o *Options) { o.AdminTokenFile = "none" },
		"the token has 31 characters; expected 32 to 4096":               func(o *Options) { o.AdminTokenFile = token(strings.Repeat("x", 31)) },
		"the token has 4097 characters; expected":                        func(o *Options) { o.AdminTokenFile = token(strings.Repeat("x", 4097)) },
		"expected one token of visible ASCII characters, without spaces": func(o *Options) { o.AdminTokenFile = token(strings.Repeat("x", 31) + "\n" + strings.Repeat("y", 32)) },
		"ask for a token with --admin-token-file, or add --allow-open":   func(o *Options) { o.AdminListen = "0.0.0.0:0" },
	} {
		o := Defaults()
		o.Listen = "127.0.0.1:0"
		change(&o)
		a, err := Prepare(o)
		if err == nil {
			a.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}
